"""One recording as a path through a space, before and after quantisation."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import Encoded
from speefeare_core.errors import SpeefeareError
from speefeare_core.projection.latents import encoding, quantised
from speefeare_core.projection.space import Space

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

Floats = NDArray[np.float32]
MOST_VALUES = 48_000_000  # latents of a recording are kept whole up to here (192 MB)


@dataclass(frozen=True)
class Recording:
    """What was encoded once, for every space and depth that follows."""

    encoded: Encoded  # on the CPU
    latents: Floats | None  # [F, D] before quantisation; None: too long to keep


@dataclass(frozen=True)
class Trace:
    """F points, one for each frame of the latents; frame i stands for the time from i / frame_rate_hz on."""

    before: Floats  # [F, 3]
    after: Floats | None  # [F, 3]; None: the codec quantises nothing, or in another space than that of its latents
    distance: Floats | None  # [F], ‖after − before‖ in all D dimensions; None without `after`, or too long to keep
    snr_db: float | None  # 10 log₁₀(Σ‖before − mean‖² / Σ‖after − before‖²) in all D dimensions
    frame_rate_hz: float
    recording: Recording


def tracing(
    codec: Codec, path: str | Path, space: Space, depth: int | None = None, known: Recording | None = None
) -> Generator[float, None, Trace]:
    """Encode a file and place its latents; after quantisation with the first `depth` books (None: all).

    `known` is the recording of an earlier trace of the same file under the same codec, which saves encoding it again.
    Yields the share that is done; the value is the trace. Raises `SpeefeareError` for a file that cannot be read, a
    depth that does not exist, a codec without latents.
    """
    if codec.info.books:
        codec.info.check_depth(depth)
    if known is not None and known.latents is not None:
        recording, before = known, space.place(known.latents)
    else:
        recording, before = yield from _recording(codec, path, space)
    rate = codec.info.frame_rate_hz
    placed: list[Floats] = []
    distances: list[Floats] = []
    at = 0
    for rows in quantised(codec, recording.encoded, depth):
        if rows is None or rows.shape[1] != space.width:  # some quantise in another space
            return Trace(before, None, None, None, rate, recording)
        placed.append(space.place(rows))
        if recording.latents is not None:
            part = recording.latents[at : at + len(rows)]
            distances.append(np.linalg.norm(rows[: len(part)] - part, axis=1).astype(np.float32))
        at += len(rows)
        yield 1.0
    after = np.concatenate(placed)[: len(before)]
    before = before[: len(after)]
    distance = np.concatenate(distances) if distances else None
    return Trace(before, after, distance, _snr_db(recording.latents, distance), rate, recording)


def _recording(codec: Codec, path: str | Path, space: Space) -> Generator[float, None, tuple[Recording, Floats]]:
    kept: list[Floats] = []
    placed: list[Floats] = []
    count = 0

    def take(rows: Floats) -> None:
        nonlocal count
        placed.append(space.place(rows))
        count += rows.size
        if count <= MOST_VALUES:
            kept.append(rows)
        else:
            kept.clear()

    encoded = yield from encoding(codec, path, take)
    if not placed:
        raise SpeefeareError(f"{codec.info.name} has no latents to show.")
    return Recording(encoded, np.concatenate(kept) if kept else None), np.concatenate(placed)


def _snr_db(latents: Floats | None, distance: Floats | None) -> float | None:
    if latents is None or distance is None:
        return None
    signal = float(np.square(latents - latents.mean(axis=0)).sum())
    noise = float(np.square(distance).sum())
    return 10 * float(np.log10(signal / noise)) if signal > 0 and noise > 0 else None
