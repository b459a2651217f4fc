"""Comparisons that anyone can run: one thing changed, the same data and budget, and what should come of it.

Each claim is a sentence that a run can prove wrong; a study says hit or missed, and never leaves a miss out. Small
networks, one seed and minutes of training: they show directions, not values. Without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Of one variant, on speech that it was not trained on."""

    usage: float | None  # 0..1, mean over the books: share of their entries that a fixed number of frames chose
    usage_by_book: tuple[float, ...]
    frames: int  # that were looked at
    mel_distance: dict[int, float]  # dB by depth; 0: of a codec without books
    steps: int


Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True)
class Variant:
    """One way to train: a recipe, and what is changed in it, by dotted entry."""

    label: str
    recipe: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """What should come out."""

    words: str
    holds: Callable[[Outcomes], bool]


@dataclass(frozen=True)
class Study:
    """One comparison. `minutes` is what each variant trains unless another budget is given."""

    key: str
    title: str
    variants: tuple[Variant, ...]
    claims: tuple[Claim, ...]
    minutes: float = 5.0


def _usage(outcomes: Outcomes, label: str) -> float:
    return outcomes[label].usage or 0.0


def _falls(outcomes: Outcomes) -> bool:
    found = [outcome.usage or 0.0 for outcome in outcomes.values()]
    return all(after < before for before, after in pairwise(found))


def _deeper_is_nearer(outcomes: Outcomes) -> bool:
    return all(
        after < before
        for outcome in outcomes.values()
        for before, after in pairwise([outcome.mel_distance[depth] for depth in sorted(outcome.mel_distance)])
    )


_ROWS = (
    Study(
        "depths",
        "Is every further book worth its bits?",
        (
            Variant("SoundStream", "soundstream-16k-small"),
            Variant("EnCodec", "encodec-16k-small"),
            Variant("DAC", "dac-16k-small"),
        ),
        (Claim("The mel distance falls with every depth that is measured, in all three.", _deeper_is_nearer),),
    ),
    Study(
        "dead-entries",
        "What keeps the entries of a codebook in use?",
        (
            Variant("replaced", "soundstream-16k-small"),
            Variant("never replaced", "soundstream-16k-small", {"books.replace_dead": False}),
            Variant("by gradient", "dac-16k-small"),
        ),
        (
            Claim(
                "Moving averages, k-means and replacement use at least 80 % of the entries.",
                lambda found: _usage(found, "replaced") >= 0.8,
            ),
            Claim(
                "Without replacement it is at most 60 %.",
                lambda found: _usage(found, "never replaced") <= 0.6,
            ),
            Claim(
                "Factorised books that learn by gradient use at least 80 % without any replacement.",
                lambda found: _usage(found, "by gradient") >= 0.8,
            ),
        ),
    ),
    Study(
        "book-size",
        "How large may one book be, for an hour of speech or two?",
        tuple(
            Variant(f"{size} entries", "wavtokenizer-16k-small", {"network.book_size": size})
            for size in (512, 1024, 2048, 4096)
        ),
        (Claim("The larger the book, the smaller the share of it that is used.", _falls),),
    ),
    Study(
        "long-window",
        "What are three seconds and attention for?",
        (
            Variant("3 s, attention", "wavtokenizer-16k-small"),
            Variant("1 s, attention", "wavtokenizer-16k-small", {"data.segment_frames": 50, "data.batch": 12}),
            Variant("3 s, no attention", "wavtokenizer-16k-small", {"network.attention": False}),
        ),
        (
            Claim(
                "Windows of 3 s with attention come nearest to the original.",
                lambda found: min(found, key=lambda label: min(found[label].mel_distance.values())) == "3 s, attention",
            ),
        ),
    ),
    Study(
        "latent-noise",
        "A learnt width of the latents, or a given one?",
        (
            Variant("KL", "audiovae-16k-small"),
            Variant("sigma 0.5", "audiovae-16k-small", {"latent.kind": "sigma", "own_weights.kl": 0.01}),
            Variant("no noise", "audiovae-16k-small", {"latent.kind": "none", "own_weights.kl": 0.0}),
        ),
        (
            Claim(
                "What noise a codec learns with costs it some mel distance.",
                lambda found: (
                    min(found["sigma 0.5"].mel_distance.values()) > min(found["no noise"].mel_distance.values())
                ),
            ),
        ),
    ),
)
STUDIES: dict[str, Study] = {study.key: study for study in _ROWS}
