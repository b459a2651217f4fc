"""What a document is about: the codec, the sound file and the codes that came of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from workbench import commands
from workbench.context import Context
from workbench.documents.values import text

Array = NDArray[Any]


def save_codec(ctx: Context) -> dict[str, Any] | None:
    """Where it is loaded from, and what it is."""
    info = ctx.codec.info
    source = ctx.codec.wanted or (info.source if info is not None else "")
    if not source:
        return None
    known = info is not None and not ctx.codec.loading
    return {"source": source, **_place(ctx, source), "info": info.to_dict() if known and info is not None else None}


def load_codec(ctx: Context, data: Any) -> None:
    """Load it, unless it is there already. What cannot be loaded is told by whoever opens the document."""
    source = text(data, "source")
    if not source:
        return
    found = find(ctx, data, "source")
    info, wanted = ctx.codec.info, str(found or source)
    if info is None or ctx.codec.loading or wanted not in (ctx.codec.wanted, info.source):
        commands.load_codec(ctx, wanted, ctx.settings.compute_device)


def save_audio(ctx: Context) -> dict[str, Any] | None:
    """Where the sound file lies, and what tells that it is still the same."""
    data = ctx.clip.data
    if not data.path:
        return None
    try:
        size = os.stat(data.path).st_size
    except OSError:
        size = 0
    return {
        "path": data.path,
        **_place(ctx, data.path),
        "name": ctx.document.audio_name or Path(data.path).name,
        "bytes": size,
        "rate_hz": data.file_rate_hz,
        "channels": data.file_channels,
        "length_s": data.length_s,
    }


def load_audio(ctx: Context, data: Any) -> None:
    """Open it; a file that is not what it was is told. Raises `SpeefeareError` where it is gone."""
    if not text(data, "path"):
        return
    path = find(ctx, data, "path")
    if path is None:
        raise SpeefeareError(f"The sound file {data['path']} is not there.")
    size = data.get("bytes")
    commands.open_clip(ctx, path)
    if isinstance(size, int) and size and path.stat().st_size != size:
        raise SpeefeareError(f"{path} has changed since the document was saved, so its codes may differ.")


def find(ctx: Context, data: Any, key: str) -> Path | None:
    """The file that is meant: where it was, or, moved together with the document, where it is from there."""
    place, relative = text(data, key), text(data, "relative")
    if place and Path(place).is_absolute() and Path(place).exists():
        return Path(place)
    if relative and ctx.document.opening:
        beside = Path(ctx.document.opening).parent / relative
        if beside.exists():
            return beside.resolve()
    return None


def _place(ctx: Context, path: str) -> dict[str, str]:
    """The way from the document to the file, where there are both and the way is not through all of the disk."""
    if not ctx.document.path or not os.path.isabs(path):
        return {}
    try:
        relative = os.path.relpath(path, Path(ctx.document.path).parent)
    except ValueError:  # another drive
        return {}
    return {} if relative.count("..") > 3 else {"relative": Path(relative).as_posix()}


def save_codes(ctx: Context) -> dict[str, Any] | None:
    """Their shapes and frame rates; the codes themselves lie beside."""
    data = ctx.clip.data
    if not data.codes:
        return None
    return {"shapes": [list(group.shape) for group in data.codes], "frame_rates_hz": list(data.code_rates_hz)}


def load_codes(ctx: Context, data: Any) -> None:
    """Codes follow from the sound and the codec: they are computed, and then compared by `compare_codes`."""


def code_arrays(ctx: Context) -> dict[str, Array]:
    """`codes_0` … `[K_g, F_g]` in the smallest whole numbers that hold them."""
    found = {}
    for index, group in enumerate(ctx.clip.data.codes):
        most = int(group.max()) if group.size else 0
        kind = np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.int32
        found[f"codes_{index}"] = group.astype(kind)
    return found


def compare_codes(ctx: Context, saved: dict[str, Array]) -> None:
    """Raise `SpeefeareError` with how many codes differ from those that were computed now."""
    now = ctx.clip.data.codes
    before = [saved.get(f"codes_{index}") for index in range(len(now))]
    total = sum(group.size for group in now)
    differing = sum(
        group.size if other is None or other.shape != group.shape else int((group != other).sum())
        for group, other in zip(now, before, strict=True)
    )
    if differing:
        raise SpeefeareError(
            f"{differing:,} of {total:,} codes differ from those in the document: the sound, the codec or the computing"
            " device is another one. What you see is computed now."
        )
