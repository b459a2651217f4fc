"""Live steps: our plans against other people's streams, interleaved step by step on one thread.

    OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python -m tests.benchmarks.stream                # every row, about 15 min
    OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python -m tests.benchmarks.stream --only mimi --seconds 8
    … --write                                         # keep the figures in resources/benchmarks/stream.json and .md

Official full sizes with random weights in the official file, which all sides read, and random books whose codes depend
on the input. Each other stream (the peers', our plain one, the plans of the faster modes) runs beside the exact plan
alone, so that no third one's weights push theirs out of the caches: both encode a block, then both decode the plan's
codes; who begins changes from step to step. The first `--warm-up` seconds of audio do not count: they fill the longest
context (Mimi's 250 steps, 10 s). `ratio` is a stream's time over that of the plan beside it (more than 1: the plan is
faster), the median over the steps; `same codes` are those of the plan. Nothing here is part of the test suite but a
smoke test.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from speefeare_core import load_codec
from speefeare_core.benchmark.machine import machine
from speefeare_core.benchmark.seconds import SECONDS
from speefeare_core.benchmark.stream import stream_runner
from speefeare_core.benchmark.turns import Figures, Runner, cut, figures, ratios, steps_for, take_turns
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import make_plan
from speefeare_core.plans.modes import EXACT, MODES, PlanReport
from tests.benchmarks.figures import chosen, parser_of, write_figures
from tests.benchmarks.stream_peers import MATCHES, Match
from tests.parity.peer import speech_like

PLAIN, PLAN = "ours, plain", "ours, plan"


@dataclass(frozen=True)
class Row:
    """One stream of a match, and the exact plan that ran beside it."""

    match: str
    title: str
    frames: int
    step_ms: float
    figures: Figures
    plan: Figures
    ratio: float  # of its time over the plan's
    cpu_ratio: float
    report: PlanReport  # of the faster mode's plan, or else of the exact one


def measure(
    match: Match,
    folder: Path,
    seconds: float = SECONDS,
    warm_up: float = SECONDS,
    progress: Callable[[float], None] = lambda fraction: None,
) -> list[Row]:
    """Our plain stream, the peers and the plans of the faster modes that the codec has, each beside the exact plan."""
    path, peers = match.build(folder)
    codec = load_codec(path, "cpu")
    info = codec.info
    exact = make_plan(codec, match.frames)
    hop = match.frames * info.hop_samples
    step_s = hop / info.rate_hz
    before, timed = steps_for((warm_up, seconds), step_s)
    blocks = cut(speech_like(1, info.channels, hop * (before + timed), info.rate_hz), hop, before + timed)
    rows = []

    def beside(other: Runner, report: PlanReport) -> None:
        exact.stream.reset()
        plan, taken = take_turns([stream_runner(f"{PLAN} {EXACT}", exact.stream), other], blocks, before, progress)
        ours, theirs = figures(plan, step_s), figures(taken, step_s)
        rows.append(
            Row(match.key, match.title, match.frames, 1000 * step_s, theirs, ours, *ratios(plan, taken), report)
        )

    for peer in peers:
        beside(peer, exact.report)
    beside(stream_runner(PLAIN, codec.stream(start="silence")), exact.report)
    for mode in (row.key for row in MODES if not row.exact):
        try:
            plan = make_plan(codec, match.frames, mode=mode)
        except SpeefeareError:  # it has no such mode
            continue
        beside(stream_runner(f"{PLAN} {mode}", plan.stream), plan.report)
    return rows


def table(rows: Sequence[Row]) -> str:
    """Markdown, one table for each match."""
    lines: list[str] = []
    for key in dict.fromkeys(row.match for row in rows):
        here = [row for row in rows if row.match == key]
        first = here[0].plan
        compiled = "" if here[0].report.compiled else " (the plain stream, as its plan is not used)"
        lines += [
            f"**{here[0].title}**: {first.steps} steps, {first.first_book_codes} different codes in the first book;"
            f" exact plan{compiled} built in {here[0].report.build_s:.2f} s",
            "",
            "| stream | median | p99 | worst | real-time factor (cpu) | exact plan beside it: median | p99 | worst"
            " | real-time factor (cpu) | ratio | cpu ratio | same codes | audio error |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [_line(row) for row in here] + [""]
    return "\n".join(lines)


def _line(row: Row) -> str:
    of = row.figures
    same = "–" if of.same_codes is None else f"{of.same_codes:.2%}"
    return (
        f"| {of.name} | {_times(of)} | {_times(row.plan)} | {row.ratio:.2f} | {row.cpu_ratio:.2f} | {same} |"
        f" {of.audio_error:.1e} |"
    )


def _times(of: Figures) -> str:
    return (
        f"{of.median_ms:.2f} ms | {of.p99_ms:.2f} | {of.worst_ms:.2f} | {of.real_time_factor:.3f}"
        f" ({of.cpu_real_time_factor:.3f})"
    )


def write(rows: Sequence[Row], place: dict[str, Any], options: dict[str, float], folder: Path) -> None:
    """`stream.json` and `stream.md`."""
    data = {"machine": place, **options, "rows": [asdict(row) for row in rows]}
    write_figures(folder, "stream", "Live steps, ours and others'", data, table(rows))


def main(argv: list[str] | None = None, matches: Sequence[Match] = MATCHES) -> int:
    """The command line."""
    known = {row.key: row for row in matches}
    parser = parser_of(__doc__, list(known))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of audio to time")
    parser.add_argument("--warm-up", type=float, default=SECONDS, help="of audio before it")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    keys = chosen(parser, args.only, list(known))
    rows: list[Row] = []
    place = machine()  # with the load before it begins
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        for key in keys:
            within = Path(folder) / key
            within.mkdir()
            rows += measure(known[key], within, args.seconds, args.warm_up)
            print(f"{key} is done", file=sys.stderr, flush=True)
            if args.write:  # each time: the whole takes long
                write(rows, place, {"seconds": args.seconds, "warm_up": args.warm_up}, args.write)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
