"""Whole files: our encode and decode against other people's, interleaved in one run on one thread.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.files                          # every row, 10 s and 60 s
    OMP_NUM_THREADS=1 python -m tests.benchmarks.files --only snac,encodec_24k --seconds 10 --rounds 7
    OMP_NUM_THREADS=1 python -m tests.benchmarks.files --long encodec_24k,snac_24k --seconds 10,600,3600

Official full sizes with random weights in the official file, which both sides read. `ratio` is their time over ours
(more than 1: ours is faster), the median over the rounds, in which ours and theirs take turns. `--json FILE` keeps all
figures. `--long` times one codec of ours in a fresh process for each length: seconds a second, and the memory above the
loaded model. Nothing here is part of the test suite but a smoke test.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch

from speefeare_core import load_codec
from tests.benchmarks.contestants import CONTESTANTS, Contestant
from tests.benchmarks.long_files import LongRun, measure_long
from tests.parity.peer import speech_like

Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """One operation at one length: seconds of compute for a second of audio (medians), and the ratios."""

    key: str
    title: str
    peer: str
    operation: str
    length_s: float
    rounds: int
    ours_cpu: float
    theirs_cpu: float
    ours_wall: float
    theirs_wall: float
    ratio_cpu: float
    ratio_wall: float
    same_codes: float  # share of equal codes, so that both did the same work


def timed(call: Callable[..., Result], *given: object) -> tuple[Result, float, float]:
    """The result, CPU seconds, wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = call(*given)
    return result, time.process_time() - cpu, time.perf_counter() - wall


def measure(contestant: Contestant, folder: Path, lengths_s: Iterable[float], rounds: int) -> list[Row]:
    """Both operations at each length, after one round that does not count."""
    peer = contestant.build(folder)
    codec = load_codec(peer.path, "cpu")
    depth, rows = codec.info.depth, []
    for length_s in lengths_s:
        audio = speech_like(1, contestant.channels, round(length_s * contestant.rate_hz), contestant.rate_hz)
        times: dict[str, list[tuple[float, float, float, float]]] = {"encode": [], "decode": []}
        with torch.inference_mode():
            for index in range(rounds + 1):
                encoded, *ours = timed(codec.encode, audio)
                theirs, *other = timed(peer.encode, audio)
                again, *ours_back = timed(codec.decode, encoded)
                _, *other_back = timed(peer.decode, theirs, depth)
                assert bool(torch.isfinite(again).all())
                if index:
                    times["encode"].append((*ours, *other))
                    times["decode"].append((*ours_back, *other_back))
        equal = [
            float((mine[..., : their.shape[-1]] == their[..., : mine.shape[-1]]).float().mean())
            for mine, their in zip(encoded.code_groups, theirs.groups, strict=True)
        ]
        for operation, taken in times.items():
            ours_cpu, ours_wall, theirs_cpu, theirs_wall = (
                statistics.median(column) / length_s for column in zip(*taken, strict=True)
            )
            rows.append(
                Row(
                    contestant.key,
                    contestant.title,
                    peer.name,
                    operation,
                    length_s,
                    rounds,
                    ours_cpu,
                    theirs_cpu,
                    ours_wall,
                    theirs_wall,
                    statistics.median(theirs / ours for ours, _, theirs, _ in taken),
                    statistics.median(theirs / ours for _, ours, _, theirs in taken),
                    min(equal, default=1.0),
                )
            )
    return rows


def table(rows: list[Row]) -> str:
    """Markdown: compute seconds for a second of audio."""
    lines = [
        "| codec | against | | length | ours cpu | theirs cpu | ratio cpu | ratio wall | same codes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.title} | {row.peer} | {row.operation} | {row.length_s:g} s | {row.ours_cpu:.3f} | {row.theirs_cpu:.3f}"
        f" | {row.ratio_cpu:.2f} | {row.ratio_wall:.2f} | {row.same_codes:.1%} |"
        for row in rows
    ]
    return "\n".join(lines)


def long_table(runs: list[LongRun]) -> str:
    """Markdown."""
    lines = [
        "| codec | way | | length | cpu s a second | wall s a second | MB above the model |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {run.title} | {run.way} | {run.operation} | {run.length_s:g} s | {run.cpu:.3f} | {run.wall:.3f}"
        f" | {run.megabytes:.0f} |"
        for run in runs
    ]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    import os

    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
    }


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="keys, separated by commas: " + ", ".join(row.key for row in CONTESTANTS))
    parser.add_argument("--long", help="keys; time these in a fresh process for each length instead")
    parser.add_argument("--seconds", default="10,60")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    known = {row.key: row for row in CONTESTANTS}
    keys = (args.long or args.only or ",".join(known)).split(",")
    unknown = [key for key in keys if key not in known]
    if unknown:
        parser.error(f"there is no {unknown[0]}; choose from {', '.join(known)}")
    lengths = [float(length) for length in args.seconds.split(",")]
    rows: list[Row] = []
    runs: list[LongRun] = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        for key in keys:
            place = Path(folder) / key
            place.mkdir()
            if args.long:
                runs += measure_long(known[key], place, lengths)
            else:
                rows += measure(known[key], place, lengths, args.rounds)
            print(f"{key} is done", file=sys.stderr, flush=True)
            if args.json:  # each time: the whole may take hours
                found = {"rows": [asdict(row) for row in rows], "long": [asdict(run) for run in runs]}
                args.json.write_text(json.dumps({"machine": machine(), **found}, indent=1))
    print(long_table(runs) if args.long else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
