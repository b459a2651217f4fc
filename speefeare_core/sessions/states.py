"""A stream's state as a file that holds tensors, numbers, tuples and dicts, and nothing that could run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.stream import CodecStream, StreamState


def save(path: Path, state: StreamState) -> None:
    """OSError or RuntimeError: the disk is full."""
    import torch

    torch.save(_plain(state), path)


def load(path: Path, stream: CodecStream, silence: Tensor) -> StreamState:
    """The state in a file, on the device of `stream` and with its named tuples. The stream takes one step of `silence`
    `[1, C, n]` for that, as some have no state before, and is reset.

    Raises `SpeefeareError` for a file that is missing or damaged.
    """
    import torch

    stream.reset()
    stream.step(silence)
    pattern = stream.get_state()
    stream.reset()
    try:
        plain = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the zip and its contents make it raise
        raise SpeefeareError(f"{path} is missing or damaged, so the session cannot be replayed.") from error
    state: StreamState = _like(pattern, plain)
    return state


def _plain(value: Any) -> Any:
    """Named tuples as tuples: their classes would be code in the file."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _like(pattern: Any, value: Any) -> Any:
    """`value` with the named tuples and devices of `pattern`, where that has something in the same place."""
    import torch

    if isinstance(value, dict):
        parts = pattern if isinstance(pattern, dict) else {}
        return {key: _like(parts.get(key), part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        same = isinstance(pattern, tuple | list) and len(pattern) == len(value)
        made = [_like(pattern[index] if same else None, part) for index, part in enumerate(value)]
        if same and hasattr(pattern, "_fields"):
            return type(pattern)(*made)
        return tuple(made) if isinstance(value, tuple) else made
    if isinstance(value, torch.Tensor) and isinstance(pattern, torch.Tensor):
        return value.to(pattern.device)
    return value
