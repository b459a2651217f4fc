"""The parts of a recipe, as plain data with their explanations and bounds. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speefeare_core.training.recipe_entry import entry, required


@dataclass(frozen=True)
class Term:
    """One loss, discriminator or other row of a table: its key, its weight, and options of its class."""

    key: str = required("Name of a row in the table of losses or discriminators.")
    weight: float = entry(1.0, "Factor of its value, or its share where the balancer is on.", low=0)
    options: dict[str, Any] = entry(dict, "Options of its class, by name.")


@dataclass(frozen=True)
class SpeechSource:
    """Speech to draw from: a packed set below the data folder, or any form of data by its path."""

    name: str = entry("", "Name of a packed set below the data folder; empty where `path` says where it is.")
    weight: float = entry(1.0, "Multiplies its share of the total length.", low=0)
    path: str = entry("", "Folder, manifest (.csv, .jsonl), corpus (LibriSpeech, LibriTTS, VCTK) or shards (.tar).")
    layout: str = entry(
        "auto", "How it is laid out.",
        choices=("auto", "packed", "folder", "manifest", "librispeech", "libritts", "vctk", "webdataset"),
    )  # fmt: skip
    match: str = entry("*", "Only files whose names match this pattern.")
    exclude: str = entry("", "No files whose names match this pattern.")
    skip_last: int = entry(0, "Leave out the last files in the alphabet of their names.", low=0)


@dataclass(frozen=True)
class DataRecipe:
    """What the batches hold. Without sources everything is drawn that is given when the run begins."""

    sources: tuple[SpeechSource, ...] = entry((), "Where the speech comes from.")
    segment_frames: int = entry(75, "Length of a training example.", low=1, high=100_000, unit="frames")
    batch: int = entry(16, "Examples of one step (of one process, before accumulation).", low=1, high=4096)
    gain_low_db: float = entry(-10.0, "Each example is scaled by a gain from here …", low=-60, high=40, unit="dB")
    gain_high_db: float = entry(6.0, "… to here, short of clipping.", low=-60, high=40, unit="dB")
    loudness_db: float | None = entry(
        None, "Scale each example to this loudness instead (BS.1770).", low=-60, high=0, unit="LUFS"
    )
    quietest_db: float | None = entry(
        None, "Draw another part where one is quieter than this (RMS), so that pauses fill no batches.",
        low=-120, high=0, unit="dBFS",
    )  # fmt: skip
    flip: bool = entry(True, "Turn the sign of half of the examples.")
    phase_share: float = entry(0.0, "Share of examples whose phases are all turned by one random angle.", low=0, high=1)
    noise_share: float = entry(0.0, "Share of examples that get noise, in input and target alike.", low=0, high=1)
    noise_db: tuple[float, float] = entry((-65.0, -35.0), "Level of that noise.", low=-120, high=0, unit="dBFS")
    speed_share: float = entry(0.0, "Share of examples that are played faster or slower.", low=0, high=1)
    speed: tuple[float, float] = entry((0.85, 1.2), "How much slower and faster.", low=0.5, high=2)
    tilt_share: float = entry(0.0, "Share of examples that go through another microphone's tilt.", low=0, high=1)
    balanced_sources: bool = entry(False, "Draw every source equally often, whatever its length.")
    workers: int = entry(1, "Threads that read and prepare batches ahead; 0: in the loop itself.", low=0, high=64)


@dataclass(frozen=True)
class OptimiserRecipe:
    """Adam or AdamW with a linear warm-up and a schedule."""

    kind: str = entry("adamw", "Which optimiser.", choices=("adamw", "adam"))
    rate: float = entry(1e-3, "Learning rate after the warm-up.", low=0, high=1)
    betas: tuple[float, float] = entry((0.8, 0.99), "Decay of the moving averages.", low=0, high=0.99999)
    weight_decay: float = entry(1e-3, "Weight decay.", low=0, high=10)
    decay_only: tuple[str, ...] = entry((), "Weight decay only where names of parameters begin so; empty: everywhere.")
    schedule: str = entry("cosine", "How the rate falls.", choices=("cosine", "exponential", "constant"))
    gamma: float = entry(1.0, "Factor of the rate per step, for the exponential schedule.", low=0, high=1)
    warmup_steps: int = entry(100, "Steps until the rate is reached.", low=0, unit="steps")
    final_share: float = entry(0.05, "Share of the rate at the end of the cosine.", low=0, high=1)
    clip_norm: float = entry(1.0, "Longest gradient; a longer one is shortened to it. 0: never.", low=0)
    even_lengths: bool = entry(False, "Lengths under weight norm at √n times the rate, n: weights that share one.")


@dataclass(frozen=True)
class DiscriminatorGroup:
    """Discriminators with an adversarial loss of their own."""

    discriminators: tuple[Term, ...] = required("Which discriminators listen.")
    generator: Term = entry(lambda: Term("hinge"), "Their adversarial loss.")
    feature: Term | None = entry(None, "Their feature matching.")


@dataclass(frozen=True)
class AdversarialRecipe:
    """Discriminators, from `start_step` and `start_share` on; without discriminators nothing adversarial is trained."""

    discriminators: tuple[Term, ...] = entry((), "Which discriminators listen.")
    generator: Term = entry(lambda: Term("hinge"), "The adversarial loss.")
    feature: Term | None = entry(None, "Feature matching.")
    groups: tuple[DiscriminatorGroup, ...] = entry((), "Further discriminators, with adversarial losses of their own.")
    start_step: int = entry(0, "First step of the adversarial part.", low=0, unit="steps")
    start_share: float = entry(
        0.0,
        "Share of the budget before which nothing adversarial is trained; the later of the two counts.",
        low=0,
        high=1,
    )
    update_share: float = entry(1.0, "Chance that the discriminators learn in a step.", low=0, high=1)
    generator_first: bool = entry(
        True, "The codec learns before the discriminators do in each step (always so where batches are accumulated)."
    )
    optimiser: OptimiserRecipe = entry(OptimiserRecipe, "Of the discriminators.")


@dataclass(frozen=True)
class BalancerRecipe:
    """Gradients of all losses at the decoded audio brought to shares (EnCodec, arXiv 2210.13438, section 3.4)."""

    on: bool = entry(False, "Weights are shares of the gradient instead of factors of values.")
    decay: float = entry(0.99, "Decay of the running mean of each gradient's length.", low=0, high=0.99999)
    per_example: bool = entry(True, "Lengths are taken example by example.")
    longest: float = entry(
        3.0, "Gradients of single examples are shortened to this multiple of the mean; 0: never.", low=0
    )


@dataclass(frozen=True)
class DepthsRecipe:
    """Quantiser dropout: how many books each example uses."""

    kind: str = entry(
        "uniform", "Drawn evenly from all depths, one for each step from `books`, or always all.",
        choices=("uniform", "per_step", "all"),
    )  # fmt: skip
    full_share: float = entry(0.25, "Share of examples that use every book all the same.", low=0, high=1)
    skew: float = entry(1.0, "More than 1 draws shallow depths more often.", low=0.1, high=10)
    books: tuple[int, ...] = entry((), "Depths that `per_step` draws from; empty: all.", low=1)
    unquantised_share: float = entry(0.0, "Share of examples that pass the latents on as they are.", low=0, high=1)


@dataclass(frozen=True)
class BooksRecipe:
    """How codebooks learn that follow their vectors by moving averages."""

    learn: bool = entry(True, "False keeps the books as they are.")
    decay: float = entry(0.99, "Decay of the moving averages.", low=0, high=0.99999)
    kmeans: bool = entry(True, "Start at the k-means centres of the first batch instead of at random.")
    kmeans_rounds: int = entry(10, "Rounds of that k-means.", low=1, high=1000)
    replace_dead: bool = entry(True, "Entries that hardly anything chooses are put onto vectors of the batch.")
    dead_code_usage: float = entry(2.0, "Mean number of choices in a batch below which an entry is dead.", low=0)
    fair_share: float = entry(
        0.1, "An entry is never dead above this share of an equal part of the batch.", low=0, high=1
    )
    check_every: int = entry(1, "Steps from one look for dead entries to the next.", low=1)
    straight_through: str = entry(
        "fixed", "legacy: books after the first pull nothing towards them, as in the published code of EnCodec.",
        choices=("fixed", "legacy"),
    )  # fmt: skip


@dataclass(frozen=True)
class LatentRecipe:
    """How a continuous autoencoder draws the latents that it learns from."""

    kind: str = entry(
        "kl", "kl: from a distribution of learnt width; sigma: the mean and noise of a given width; none: the mean.",
        choices=("kl", "sigma", "none"),
    )  # fmt: skip
    sigma: float = entry(0.5, "Width of the noise of `sigma`.", low=0, high=10)
    spread: str = entry(
        "fixed", "The width of each example: as it is, or drawn from a normal distribution of width sigma / 0.8.",
        choices=("fixed", "gaussian"),
    )  # fmt: skip


@dataclass(frozen=True)
class TeacherRecipe:
    """A frozen model of speech that the codec listens to, or learns from."""

    key: str = entry("", "Which teacher; empty: none.", choices=("", "hubert", "wavlm", "wakeword", "phones"))
    source: str = entry("", "Folder with its weights, or hf:owner/name; empty for those that come with the product.")
    cache: bool = entry(True, "Keep its features on disk, so that each clip is heard once.")


@dataclass(frozen=True)
class ValidationRecipe:
    """What is listened to and measured at every checkpoint: clips that training leaves out."""

    share: float = entry(0.02, "Share of the clips that is held out for it.", low=0, high=0.5)
    clips: int = entry(4, "How many of them are decoded to be heard.", low=0, high=64)
    seconds: float = entry(4.0, "How much of each.", low=0.1, high=60, unit="s")


@dataclass(frozen=True)
class BudgetRecipe:
    """When a run ends; the first limit that is reached counts."""

    steps: int = entry(10_000, "Steps of the codec.", low=1, high=100_000_000, unit="steps")
    minutes: float = entry(0.0, "Minutes of training, all sittings together; 0: no limit.", low=0, unit="min")
    epochs: float = entry(0.0, "How often all speech is heard; 0: no limit.", low=0)
