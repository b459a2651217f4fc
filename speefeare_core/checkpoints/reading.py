"""read_official: one checkpoint as its authors publish it, read without executing anything."""

from __future__ import annotations

from pathlib import Path

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.sniff import Sniffed, examine
from speefeare_core.checkpoints.stored import Damaged
from speefeare_core.checkpoints.torch_file import damaged
from speefeare_core.errors import SpeefeareError


def read_official(path: str | Path) -> Official:
    """The tensors of a file or folder (mapped from it, not copied) and what lies beside them.

    Raises `SpeefeareError`: what the file seems to be, what is lacking, what would work.
    """
    return load_sniffed(examine(path))


def load_sniffed(sniffed: Sniffed) -> Official:
    """`read_official` of what has been looked at."""
    found = sniffed.found
    if found.layout in ("native", "lyra", "exported"):
        raise SpeefeareError(f"{found.path} is no official checkpoint but {found.title}; load it by load_codec.")
    try:
        tensors = {name: stored.load() for name, stored in sniffed.tensors.items()}
    except Damaged as error:
        raise damaged(found.file, str(error)) from error
    return Official(found.path, found.family, found.layout, tensors, sniffed.config, sniffed.extra)
