"""`speefeare bench stream`: how long a live step takes, plain and compiled. `bench training`: a step of training."""

from __future__ import annotations

import argparse
import math
from typing import Any

from speefeare_core.cli.console import Console, Result
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.modes import EXACT, MODES

ALL = "all"
MOST_FRAMES, MOST_THREADS = 10_000, 1024


def add(parser: argparse.ArgumentParser) -> None:
    """`stream [CODEC…] --frames --mode --seconds --warm-up`, `training [RECIPE…] --steps --set`, `--threads`."""
    from speefeare_core.benchmark.seconds import SECONDS

    parser.add_argument("what", choices=["stream", "training"], help="steps of a live stream, or of training")
    parser.add_argument(
        "codecs", metavar="NAME", nargs="*", help="codecs (default), or recipes: shipped ones or .yaml files"
    )
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")
    parser.add_argument("--frames", metavar="N,…", type=_counts, default=[1, 4], help="frames of a step (1,4)")
    modes = ", ".join(row.key for row in MODES)
    parser.add_argument(
        "--mode", choices=[*(row.key for row in MODES), ALL], default=EXACT, metavar="MODE", help=f"{modes}, or {ALL}"
    )
    parser.add_argument(
        "--seconds", metavar="S", type=_seconds, default=SECONDS, help=f"of audio to time ({SECONDS:g})"
    )
    parser.add_argument(
        "--warm-up",
        metavar="S",
        type=_seconds,
        default=SECONDS,
        help=f"of audio before it, past the codec's context ({SECONDS:g})",
    )
    parser.add_argument("--threads", metavar="N", type=_count, default=1, help="of torch (1, as live)")
    parser.add_argument("--steps", metavar="N", type=_count, default=5, help="of training to time (5)")
    parser.add_argument(
        "--set", dest="changes", metavar="ENTRY=VALUE", action="append", default=[],
        help="another value of the recipes, as data.batch=4; may be given several times",
    )  # fmt: skip


def run(args: argparse.Namespace, console: Console) -> Result:
    """What was asked for."""
    return _training(args, console) if args.what == "training" else _stream(args, console)


def _training(args: argparse.Namespace, console: Console) -> Result:
    """Each recipe's step, and its parts."""
    import torch

    from speefeare_core.benchmark.machine import machine
    from speefeare_core.benchmark.training import TrainingBench, bench_training, table
    from speefeare_core.training.jobs.spec import read_change
    from speefeare_core.training.recipe import read_recipe

    if not args.codecs:
        raise SpeefeareError(
            "Name a recipe: speefeare bench training encodec-24k-official. speefeare recipes lists them."
        )
    torch.set_num_threads(min(args.threads, MOST_THREADS))
    changes = dict(read_change(text) for text in args.changes)
    rows: list[TrainingBench] = []
    for name in args.codecs:
        recipe = read_recipe(name)
        recipe = recipe.changed(changes) if changes else recipe

        def progress(fraction: float, name: str = recipe.name) -> None:
            console.progress(fraction, name)

        rows.append(bench_training(recipe, args.device, args.steps, progress))
    place = machine()
    data = {"kind": "bench training", "machine": place, "rows": [row.to_dict() for row in rows]}
    return Result(data, "\n".join([table(rows), _where(place)]))


def _stream(args: argparse.Namespace, console: Console) -> Result:
    """Each codec at each step size in each mode, plain and plan taking turns."""
    import torch

    from speefeare_core.benchmark.machine import machine
    from speefeare_core.benchmark.stream import StreamBench, bench_stream, table
    from speefeare_core.checkpoints.load import load_codec

    torch.set_num_threads(min(args.threads, MOST_THREADS))
    rows: list[StreamBench] = []
    missing: list[str] = []
    for source in args.codecs or ["default"]:
        codec = load_codec(source, args.device)
        for frames in dict.fromkeys(max(count, codec.info.live_frames) for count in args.frames):
            for mode in [row.key for row in MODES] if args.mode == ALL else [args.mode]:
                words = f"{codec.info.name}, {frames} frame(s), {mode}"

                def progress(fraction: float, words: str = words) -> None:
                    console.progress(fraction, words)

                try:
                    rows.append(bench_stream(codec, frames, mode, args.seconds, args.warm_up, progress))
                except SpeefeareError as error:
                    if args.mode != ALL or mode == EXACT:
                        raise
                    missing.append(str(error))
    place = machine()
    data = {"kind": "bench stream", "machine": place, "rows": [row.to_dict() for row in rows], "missing": missing}
    return Result(data, "\n".join([table(rows), *dict.fromkeys(missing), _where(place)]))


def _where(place: dict[str, Any]) -> str:
    return f"{place['processor']}, torch {place['torch']}, {place['threads']} thread(s), load {place['load_average']}"


def _counts(text: str) -> list[int]:
    return [_count(part) for part in text.split(",")]


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_FRAMES:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {MOST_FRAMES}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 36_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value
