"""The words of a training job on a command line, and back. Inverse of `JobSpec.words`."""

from __future__ import annotations

import argparse
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.spec import JobSpec, read_change

SHORT = {  # option → entry of the recipe
    "start_from": "start_from",
    "minutes": "budget.minutes",
    "steps": "budget.steps",
    "epochs": "budget.epochs",
}


def add_words(parser: argparse.ArgumentParser) -> None:
    """What to train: `RUN --recipe --data --set --start-from --minutes --steps --epochs --device`."""
    parser.add_argument("run_folder", metavar="RUN", help="the run folder; one that was begun goes on")
    parser.add_argument("--recipe", metavar="NAME", default="", help="a shipped recipe or a .yaml file, for a new run")
    parser.add_argument(
        "--data", metavar="PATH", action="append", default=[],
        help="speech for a new run: a folder, packed sets, a manifest, a corpus, shards; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--set", dest="changes", metavar="ENTRY=VALUE", action="append", default=[],
        help="another value of the recipe, as data.batch=4; may be given several times",
    )  # fmt: skip
    parser.add_argument("--start-from", metavar="CODEC", help="a codec whose weights are the start (fine-tuning)")
    parser.add_argument("--minutes", metavar="M", type=float, help="end after so many minutes of training")
    parser.add_argument("--steps", metavar="N", type=int, help="end after so many steps")
    parser.add_argument("--epochs", metavar="E", type=float, help="end when all speech was heard so often")
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")


def add_launch_words(parser: argparse.ArgumentParser) -> None:
    """Where to train: `--launcher --processes --option`."""
    parser.add_argument("--launcher", metavar="NAME", default="local", help="local, torchrun, slurm or ray (local)")
    parser.add_argument("--processes", metavar="N", type=int, default=1, help="processes, one for each GPU (1)")
    parser.add_argument(
        "--option", dest="options", metavar="KEY=VALUE", action="append", default=[],
        help="an option of the launcher, as partition=gpu; may be given several times",
    )  # fmt: skip


def spec_from(args: argparse.Namespace) -> JobSpec:
    """The job that was written. Raises `SpeefeareError`."""
    return JobSpec(
        run=args.run_folder, recipe=args.recipe, data=tuple(args.data), device=args.device,
        launcher=getattr(args, "launcher", "local"), processes=getattr(args, "processes", 1),
        changes=changes_from(args), options=_options(getattr(args, "options", [])),
    )  # fmt: skip


def changes_from(args: argparse.Namespace) -> dict[str, Any]:
    """Entries of the recipe that were written, by `--set` or by an option of their own."""
    changes = dict(read_change(text) for text in args.changes)
    for option, name in SHORT.items():
        value = getattr(args, option, None)
        if value is not None:
            changes[name] = value
    return changes


def _options(texts: list[str]) -> dict[str, str]:
    options = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign:
            raise SpeefeareError(f"--option {text}: write it as KEY=VALUE, as in --option partition=gpu.")
        options[key.strip()] = value
    return options
