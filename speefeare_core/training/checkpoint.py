"""Checkpoints of a run: everything that a resumed run needs to go on as if it had not stopped."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from speefeare_core.errors import SpeefeareError
from speefeare_core.quantizers.vector import vector_quantizers
from speefeare_core.training.run_log import RunFolder, write_whole


def save_checkpoint(run: RunFolder, step: int, state: dict[str, Any], keep: int) -> Path:
    """Write `checkpoints/step-*.pt` whole (write, fsync, rename), then remove all but the newest `keep`."""
    buffer = io.BytesIO()
    torch.save({"step": step, **state}, buffer)
    path = run.checkpoints / f"step-{step:08d}.pt"
    write_whole(path, buffer.getvalue())
    for old in sorted(run.checkpoints.glob("step-*.pt"))[:-keep]:
        old.unlink()
    return path


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint with the restricted reader. Raises `SpeefeareError` where it is damaged."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise SpeefeareError(f"The checkpoint {path} is damaged; remove it to go on from the one before it.") from error
    if not isinstance(state, dict) or "step" not in state:
        raise SpeefeareError(f"{path} is no checkpoint of a training run.")
    return state


def books_state(module: nn.Module) -> dict[str, Any]:
    """The learning state of every codebook inside, by name."""
    return {name: book.learning_state() for name, book in vector_quantizers(module)}


def load_books_state(module: nn.Module, state: dict[str, Any]) -> None:
    """Take back what `books_state` gave."""
    for name, book in vector_quantizers(module):
        book.load_learning_state(state[name])
