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
    pnmi: float | None = None  # 0..1, what the first book knows of phones, above its floor; where the study asks


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
    phones: bool = False  # whether the first book's knowledge of phones is measured, on the shipped synthetic speech


def _usage(outcomes: Outcomes, label: str) -> float:
    return outcomes[label].usage or 0.0


def _pnmi(outcomes: Outcomes, label: str) -> float:
    return outcomes[label].pnmi or 0.0


def _nearest(outcomes: Outcomes, label: str) -> float:
    return min(outcomes[label].mel_distance.values())


def _knows_more(label: str, other: str) -> Claim:
    words = f"The first book of {label} knows 0.05 more of phones (PNMI above its floor) than that of {other}."
    return Claim(words, lambda found: _pnmi(found, label) - _pnmi(found, other) >= 0.05)


def _falls(outcomes: Outcomes) -> bool:
    found = [outcome.usage or 0.0 for outcome in outcomes.values()]
    return all(after < before for before, after in pairwise(found))


def _deeper_is_nearer(outcomes: Outcomes) -> bool:
    return all(
        after < before
        for outcome in outcomes.values()
        for before, after in pairwise([outcome.mel_distance[depth] for depth in sorted(outcome.mel_distance)])
    )


_ROWS: tuple[Study, ...] = (
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
            Variant("1 s, attention", "wavtokenizer-16k-small", {"data.segment_frames": 50, "data.batch": 6}),
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
_ROWS += (
    Study(
        "taught",
        "Does a teacher make the first book speak of phones?",
        (
            Variant("EnCodec", "encodec-16k-small"),
            Variant("SpeechTokenizer", "speechtokenizer-16k-small"),
            Variant("SpeechTokenizer untaught", "speechtokenizer-16k-small", {"semantic": None, "teacher.key": ""}),
            Variant("Mimi", "mimi-16k-small"),
            Variant("X-Codec", "xcodec-16k-small"),
        ),
        (
            *(_knows_more(label, "EnCodec") for label in ("SpeechTokenizer", "Mimi", "X-Codec")),
            _knows_more("SpeechTokenizer", "SpeechTokenizer untaught"),
        ),
        phones=True,
    ),
    Study(
        "split",
        "A semantic book beside the acoustic ones, or at the head of one chain?",
        (
            Variant("split", "mimi-16k-small"),
            Variant("single", "mimi-16k-small", {"network.semantic_books": 8}),
        ),
        (
            Claim(
                "Equally taught, both first books know as much of phones: within 0.02 of PNMI above its floor.",
                lambda found: abs(_pnmi(found, "split") - _pnmi(found, "single")) <= 0.02,
            ),
            Claim(
                "The split one comes nearer to the original.",
                lambda found: _nearest(found, "split") < _nearest(found, "single"),
            ),
        ),
        phones=True,
    ),
)
STUDIES: dict[str, Study] = {study.key: study for study in _ROWS}
