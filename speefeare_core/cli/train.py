"""`speefeare train`: begin or resume a training run in its folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from speefeare_core.cli.console import Console, Result

STOPPED = 3  # the run was asked to stop and can go on later


def add(parser: argparse.ArgumentParser) -> None:
    """`RUN`, and what a new run needs."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="the run folder; one that was begun goes on")
    parser.add_argument("--recipe", metavar="NAME", help="a shipped recipe or a .yaml file, for a new run")
    parser.add_argument("--data", metavar="FOLDER", type=Path, help="folder of packed speech, for a new run")
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Train until the recipe's end or until stopped; the run folder is where to watch it."""
    from speefeare_core.training.__main__ import train

    console.note(f"Training in {args.run_folder}; Ctrl-C stops after this step, and the same command goes on.")
    done = train(args.run_folder, args.recipe, args.data, args.device)
    data = {"step": done.step, "finished": done.finished, "model": str(done.model or "")}
    words = f"finished at step {done.step}: {done.model}" if done.finished else f"stopped at step {done.step}"
    return Result(data, f"{args.run_folder}: {words}", 0 if done.finished else STOPPED)
