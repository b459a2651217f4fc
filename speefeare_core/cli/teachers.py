"""`speefeare teachers`: which there are and which work here, what they hear, their cache, and training the tiny one."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
from pathlib import Path
from typing import Any

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import check_target
from speefeare_core.errors import SpeefeareError


def add(parser: argparse.ArgumentParser) -> None:
    """`list`, `hear`, `train`, `clear`."""
    kinds = parser.add_subparsers(dest="what", metavar="WHAT")
    kinds.add_parser("list", help="all teachers, what each needs, and how much of their features is on disk")
    hear = kinds.add_parser("hear", help="the features of a sound file")
    hear.add_argument("file", metavar="SOUND", type=Path)
    hear.add_argument("--teacher", metavar="KEY", default="phones", help="a teacher of the list (phones)")
    hear.add_argument("--source", metavar="FOLDER", default="", help="folder or hf:owner/name with its weights")
    hear.add_argument("--output", metavar="FILE.npy", type=Path, help="write them, [F, S]")
    train = kinds.add_parser("train", help="train the phone classifier on synthetic speech")
    train.add_argument("output", metavar="FILE.safetensors", type=Path)
    train.add_argument("--hours", type=float, default=1.5, help="of synthetic speech (1.5)")
    train.add_argument("--minutes", type=float, default=15.0, help="of training (15)")
    train.add_argument("--batch", type=int, default=12, help="examples of three seconds in a step (12)")
    train.add_argument("--seed", type=int, default=0)
    kinds.add_parser("clear", help="remove the features on disk")
    for row in kinds.choices.values():
        row.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")


def run(args: argparse.Namespace, console: Console) -> Result:
    """What was asked for; the list without anything."""
    return {"hear": _hear, "train": _train, "clear": _clear}.get(args.what, _list)(args, console)


def _list(args: argparse.Namespace, console: Console) -> Result:
    from speefeare_core.teachers import TEACHERS

    rows: list[dict[str, Any]] = []
    for row in TEACHERS.values():
        missing = [name for name in row.needs if importlib.util.find_spec(name) is None]
        rows.append({"key": row.key, "title": row.title, "help": row.help, "source": row.source,
                     "needs_source": row.needs_source, "missing": missing, "extra": row.extra})  # fmt: skip
    files, size = _cached()
    words = [f"{row['key']:10} {row['help']} {_state(row)}" for row in rows]
    words.append(f"Features on disk: {files} files, {size / 1e6:.1f} MB in {_folder()}.")
    return Result(
        {"teachers": rows, "cache": {"folder": str(_folder()), "files": files, "bytes": size}}, "\n".join(words)
    )


def _state(row: dict[str, Any]) -> str:
    if row["missing"]:
        return f'Not here: pip install "speefeare-workbench[{row["extra"]}]".'
    return "Name its weights by teacher.source." if row["needs_source"] else "Ready."


def _hear(args: argparse.Namespace, console: Console) -> Result:
    import numpy as np
    import torch

    from speefeare_core.audio import read
    from speefeare_core.teachers import open_teacher
    from speefeare_core.teachers.teacher import RATE_HZ

    if args.output is not None:
        check_target(args.output, (".npy",))
    teacher = open_teacher(args.teacher, args.source)
    sound = read(args.file, RATE_HZ, channels=1)
    features = teacher.hear(torch.from_numpy(sound.samples)[None])[0].t().numpy()
    if args.output is not None:
        with args.output.open("wb") as file:
            np.save(file, features)
    data = {
        "teacher": teacher.key, "frames": len(features), "width": teacher.width, "frame_rate_hz": teacher.frame_rate_hz,
        "mean": round(float(features.mean()), 4), "spread": round(float(features.std()), 4),
        "fingerprint": teacher.fingerprint, "output": str(args.output or ""),
    }  # fmt: skip
    text = (
        f"{args.file}: {len(features)} frames of {teacher.width} values, {teacher.frame_rate_hz:g} a second, from"
        f" {teacher.key}; mean {data['mean']}, spread {data['spread']}."
    )
    return Result(data, text)


def _train(args: argparse.Namespace, console: Console) -> Result:
    from speefeare_core.synthetic_speech.corpus import synthetic_corpus
    from speefeare_core.teachers.phone_training import score, train_phones
    from speefeare_core.teachers.phones import write_phones

    check_target(args.output, (".safetensors",))
    if min(args.hours, args.minutes, args.batch) <= 0:
        raise SpeefeareError("--hours, --minutes and --batch should be above 0.")
    console.note(f"Speaking {args.hours:g} h …")
    speech = synthetic_corpus(args.hours * 3600, args.seed + 1)
    teacher = train_phones(speech, minutes=args.minutes, batch=args.batch, seed=args.seed, progress=console.progress)
    heard = score(teacher, synthetic_corpus(300, args.seed + 1001))
    unheard = score(teacher, synthetic_corpus(300, args.seed + 1002, unheard=True))
    about = {"hours": args.hours, "minutes": args.minutes, "seed": args.seed, "heard_voices": heard.to_dict(),
             "unheard_voices": unheard.to_dict()}  # fmt: skip
    write_phones(teacher, args.output, about)
    text = (
        f"{args.output}: of the frames, {100 * heard.accuracy:.1f} % right in voices that it was taught with,"
        f" {100 * unheard.accuracy:.1f} % in others."
    )
    return Result({"output": str(args.output), **about}, text)


def _clear(args: argparse.Namespace, console: Console) -> Result:
    files, size = _cached()
    shutil.rmtree(_folder(), ignore_errors=True)
    return Result({"files": files, "bytes": size}, f"Removed {files} files, {size / 1e6:.1f} MB.")


def _folder() -> Path:
    from speefeare_core.teachers.places import features_dir

    return features_dir()


def _cached() -> tuple[int, int]:
    sizes = [path.stat().st_size for path in _folder().rglob("*.safetensors")]
    return len(sizes), sum(sizes)
