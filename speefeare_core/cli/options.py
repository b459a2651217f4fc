"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from speefeare_core.errors import SpeefeareError

MOST_BOOKS = 10_000  # more than any codec has
SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".mp3")


def add_codec(parser: argparse.ArgumentParser, default: str | None = "default") -> None:
    """`--codec` and `--device`."""
    words = f" ({default})" if default else ""
    parser.add_argument(
        "--codec",
        metavar="SOURCE",
        default=default,
        help=f"a shipped name, one of the catalog, hf:OWNER/NAME, a codec file or folder, or opus:KBPS{words}",
    )
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")


def add_depth(parser: argparse.ArgumentParser) -> None:
    """`--depth`."""
    parser.add_argument("--depth", metavar="K", type=_whole, help="use the first K codebooks (all)")


def depth_list(text: str) -> list[int]:
    """`1,2,4-8` → [1, 2, 4, 5, 6, 7, 8]."""
    depths: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        low, high = _whole(first), _whole(last or first)
        if not low <= high <= MOST_BOOKS:
            raise argparse.ArgumentTypeError(f"{part!r} is no range of depths such as 1-8")
        depths.extend(range(low, high + 1))
    return depths


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def check_not_same(source: Path, target: Path) -> None:
    """Refuse to write over what is being read."""
    if target.exists() and source.exists() and source.samefile(target):
        raise SpeefeareError(f"{target} is the file to be read; give the output another name.")


def check_target(path: Path, endings: tuple[str, ...]) -> None:
    """Raise `SpeefeareError` before any work is done where the output cannot be written."""
    if path.suffix.lower() not in endings:
        raise SpeefeareError(f"{path} should end in {' or '.join(endings)}.")
    if path.is_dir():
        raise SpeefeareError(f"{path} is a folder; give the output file's name.")
    if not path.parent.is_dir():
        raise SpeefeareError(f"The folder {path.parent} does not exist; make it first or choose another output.")
    if not os.access(path.parent, os.W_OK):
        raise SpeefeareError(f"{path} cannot be written: you may not write in {path.parent}.")
