"""Training steps: ours against the official trainers', interleaved step by step on one thread.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.training                       # every row, some minutes
    OMP_NUM_THREADS=1 python -m tests.benchmarks.training --only encodec_small --steps 12
    … --write                                   # keep the figures in resources/benchmarks/training.json and .md

Both sides train the same network from the same weights on the same batches, with the same losses, discriminators and
optimisers in the same order: the discriminators learn, then the codec. Ours is the step of `speefeare train`
(speefeare_core/training/train_step.py), theirs what the official trainer calls in a step (training_peers.py). Who
begins changes from step to step. `ratio` is their time over ours (more than 1: ours is faster), the median over the
steps, by the clock and in processor time; `audio s/s` is how much audio is trained on in a second. `values` is the
largest relative difference of any loss in the first step; in later steps rounding leads both apart. Data loading is in
neither, nor weight averages.
Nothing here is part of the test suite but a smoke test.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core import audio, load_codec
from speefeare_core.benchmark.machine import machine
from speefeare_core.resources import resource
from speefeare_core.training.parallel import Parallel
from speefeare_core.training.recipe import Recipe, read_recipe
from speefeare_core.training.train_step import Heard, Learner
from speefeare_core.training.trainable import trainable_for
from tests.benchmarks.figures import chosen, parser_of, write_figures
from tests.benchmarks.training_peers import AudiocraftStep, DacStep, Sizes
from tests.parity.training_peers import copy_weights

STEPS, WARM_UP = 12, 2
SMALL = Sizes(
    filters=8, dimension=32, books=6, entries=256, windows=(1024, 512), channels=8, bands=(1024, 512), periods=(2, 3),
    kmeans_rounds=10,
)  # fmt: skip
FULL = Sizes()
SMALL_44, FULL_44 = replace(SMALL, rate_hz=44_100), replace(FULL, rate_hz=44_100, books=9)


@dataclass(frozen=True)
class Match:
    """A family in one size, and the batches of its steps."""

    key: str
    title: str
    recipe: str
    peer: type[AudiocraftStep] | type[DacStep]
    sizes: Sizes
    batch: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """How long the steps of both sides took, in seconds."""

    match: str
    title: str
    peer: str
    audio_s: float  # of a step
    parameters: int
    discriminator_parameters: int
    ours_wall: list[float] = field(default_factory=list)
    theirs_wall: list[float] = field(default_factory=list)
    ours_cpu: list[float] = field(default_factory=list)
    theirs_cpu: list[float] = field(default_factory=list)
    values: float = 0.0

    @property
    def ratios(self) -> tuple[float, float]:
        """By the clock and in processor time."""
        wall = [theirs / ours for ours, theirs in zip(self.ours_wall, self.theirs_wall, strict=True)]
        cpu = [theirs / ours for ours, theirs in zip(self.ours_cpu, self.theirs_cpu, strict=True)]
        return statistics.median(wall), statistics.median(cpu)


MATCHES = (
    Match("encodec_small", "EnCodec 24 kHz, 8 filters", "encodec-24k-official", AudiocraftStep, SMALL, 8, 0.5),
    Match("encodec", "EnCodec 24 kHz, official sizes", "encodec-24k-official", AudiocraftStep, FULL, 2, 1.0),
    Match("dac_small", "DAC 44.1 kHz, 16 channels", "dac-44k-official", DacStep, SMALL_44, 1, 0.38),
    Match("dac", "DAC 44.1 kHz, official sizes", "dac-44k-official", DacStep, FULL_44, 1, 0.38),
)


def recipe_of(match: Match) -> Recipe:
    """The official recipe in the match's size, without what lies around a step."""
    sizes = match.sizes
    changes: dict[str, Any] = {"ema": 0.0, "network.rate_hz": sizes.rate_hz, "network.books": sizes.books,
                               "network.book_size": sizes.entries}  # fmt: skip
    if match.peer is AudiocraftStep:
        changes |= {
            "network.n_filters": sizes.filters, "network.dimension": sizes.dimension,
            "books.kmeans_rounds": sizes.kmeans_rounds,
            "adversarial.discriminators.ms_stft.options.windows": list(sizes.windows),
            "adversarial.discriminators.ms_stft.options.channels": sizes.channels,
        }  # fmt: skip
    else:
        changes |= {
            "network.channels": 2 * sizes.filters, "network.decoder_channels": 48 * sizes.filters,
            "network.latent_dim": 8 * sizes.dimension, "depths.kind": "all", "init": "default",
            "adversarial.discriminators.multi_period.options.periods": list(sizes.periods),
            "adversarial.discriminators.multi_band_stft.options.windows": list(sizes.bands),
        }  # fmt: skip
    return read_recipe(match.recipe).changed(changes)


def ours_like(match: Match, theirs: AudiocraftStep | DacStep) -> Learner:
    """Our side with the weights of the other one."""
    recipe = recipe_of(match)
    model = trainable_for(recipe)
    with tempfile.TemporaryDirectory() as folder:
        model.take_over(load_codec(theirs.save(Path(folder)), "cpu"))
    model.module.train()
    learner = Learner(recipe, model, Parallel("cpu"))
    assert learner.adversary is not None
    copy_weights(learner.adversary.parts, theirs.adversary)
    return learner


def batches(match: Match, count: int) -> list[Tensor]:
    """Different stretches of the shipped recording, `[B, 1, T]` each."""
    rate_hz = match.sizes.rate_hz
    speech = torch.from_numpy(audio.read(resource("samples", "sense_and_sensibility.flac"), rate_hz, 1).samples)[0]
    length = int(match.seconds * rate_hz) // match.peer.hop * match.peer.hop
    generator = torch.Generator().manual_seed(0)
    starts = torch.randint(speech.shape[0] - length, (count, match.batch), generator=generator).tolist()
    return [torch.stack([speech[None, at : at + length] for at in row]) for row in starts]


def measure(
    match: Match, steps: int = STEPS, warm_up: int = WARM_UP, progress: Callable[[float], None] = lambda part: None
) -> Row:
    """Both sides step by step on the same batches."""
    torch.manual_seed(0)
    given = batches(match, steps + warm_up)
    theirs = match.peer(match.sizes)
    theirs.start_books(given[0])
    ours = ours_like(match, theirs)
    row = Row(
        match.key, match.title, theirs.name, given[0].shape[0] * given[0].shape[-1] / match.sizes.rate_hz,
        _count(ours.model.module), _count(theirs.adversary),
    )  # fmt: skip
    sides: list[Callable[[Tensor, int], dict[str, Tensor]]] = [
        lambda batch, step: ours.step([Heard(batch)], step, step / 1000, False).values,
        lambda batch, step: theirs.step(batch),
    ]
    times = ((row.ours_wall, row.ours_cpu), (row.theirs_wall, row.theirs_cpu))
    difference = 0.0
    for step, batch in enumerate(given):
        found: dict[int, dict[str, Tensor]] = {}
        for side in (step % 2, 1 - step % 2):
            wall, cpu = time.perf_counter(), time.process_time()
            found[side] = sides[side](batch, step)
            taken = time.perf_counter() - wall, time.process_time() - cpu
            if step >= warm_up:
                for kept, value in zip(times[side], taken, strict=True):
                    kept.append(value)
        if step == 0:
            difference = max(
                abs(float(found[0][name]) - float(value)) / max(abs(float(value)), 1e-6)
                for name, value in found[1].items()
            )
        progress((step + 1) / len(given))
    return replace(row, values=difference)


def _count(part: nn.Module) -> int:
    return sum(weight.numel() for weight in part.parameters())


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [
        "| training step | against | audio of a step | weights (discriminators) | ours | audio s/s | theirs | audio s/s"
        " | ratio | cpu ratio | values |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours, theirs = statistics.median(row.ours_wall), statistics.median(row.theirs_wall)
        wall, cpu = row.ratios
        lines.append(
            f"| {row.title} | {row.peer} | {row.audio_s:.2f} s | {row.parameters / 1e6:.2f} M"
            f" ({row.discriminator_parameters / 1e6:.2f} M) | {ours:.3f} s | {row.audio_s / ours:.2f} |"
            f" {theirs:.3f} s | {row.audio_s / theirs:.2f} | {wall:.2f} | {cpu:.2f} | {row.values:.0e} |"
        )
    return "\n".join(lines)


def write(rows: Sequence[Row], place: dict[str, Any], folder: Path) -> None:
    """`training.json` and `training.md`."""
    data = {"machine": place, "rows": [asdict(row) for row in rows]}
    write_figures(folder, "training", "Training steps, ours and the official trainers'", data, table(rows))


def main(argv: list[str] | None = None, matches: Sequence[Match] = MATCHES) -> int:
    """The command line."""
    known = {row.key: row for row in matches}
    parser = parser_of(__doc__, list(known))
    parser.add_argument("--steps", type=int, default=STEPS, help="to time")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="steps before them")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    keys = chosen(parser, args.only, list(known))
    place = machine()  # with the load before it begins
    rows = []
    for key in keys:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peers' own
            rows.append(measure(known[key], args.steps, args.warm_up))
        print(f"{key} is done", file=sys.stderr, flush=True)
        if args.write:  # each time: the whole takes long
            write(rows, place, args.write)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
