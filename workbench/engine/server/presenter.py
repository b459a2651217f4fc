"""The presenter's minute: a copy of what the taps kept, and hearing parts of it in the place of the live sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import Ring, SharedArray
from workbench.engine.server.live_taps import LiveTaps

MARGIN_S = 0.5  # of the oldest, which the live thread may write over while it is copied
SLICE_S = 0.5  # copied at once
FADE_S = 0.005
Samples = NDArray[np.float32]


class FrozenMinute:
    """Shared arrays with the same frames of all taps. Made by another thread than the live one, which goes on.

    Raises `SpeefeareError` where nothing was heard yet, or no memory is left.
    """

    def __init__(self, taps: LiveTaps, info: CodecInfo) -> None:
        self.info = info
        hop = info.hop_samples
        rings = {"input": (taps.input, hop), "output": (taps.output, hop)}
        if taps.codes is not None:
            rings["codes"] = (taps.codes, 1)
        if taps.latents is not None:
            rings["latents"] = (taps.latents, 1)
        end = min(ring.written // columns for ring, columns in rings.values())
        kept = min(ring.capacity // columns for ring, columns in rings.values())
        begin = max(0, end - kept + round(MARGIN_S * info.frame_rate_hz))
        if end <= begin:
            raise SpeefeareError("Nothing was heard yet, so there is nothing to freeze; wait a moment.")
        self._arrays: dict[str, SharedArray] = {}
        try:
            for name, (ring, columns) in rings.items():
                self._arrays[name] = _copied(ring, begin * columns, end * columns, round(SLICE_S * info.rate_hz))
        except OSError as error:
            self.unlink()
            raise SpeefeareError("There is no memory left to freeze the last minute; close something first.") from error

    @property
    def length_samples(self) -> int:
        """Of the sound."""
        return int(self._arrays["input"].array.shape[1])

    def sound(self, heard: str) -> Samples:
        """The "input" or the "output" `[C, T]`."""
        return self._arrays[heard].array

    def event(self, number: int) -> protocol.LiveFrozen:
        """What the window is told."""
        refs = {name: array.ref for name, array in self._arrays.items()}
        return protocol.LiveFrozen(
            number,
            refs["input"],
            refs["output"],
            refs.get("codes"),
            refs.get("latents"),
            self.info.rate_hz,
            self.info.frame_rate_hz,
        )

    def unlink(self) -> None:
        """Remove it from the system; who has it open keeps it."""
        for array in self._arrays.values():
            array.unlink()


def _copied(ring: Ring, start: int, end: int, most: int) -> SharedArray:
    """Columns `[start, end)` of a ring, piece by piece; what was overwritten meanwhile is 0."""
    made = SharedArray.create((ring.rows, end - start), ring.dtype)
    for at in range(start, end, most):
        piece = made.array[:, at - start : min(at + most, end) - start]
        piece[:, : ring.copy_to(piece, at)] = 0
    return made


class FrozenReplay:
    """`[start, end)` of a frozen minute as an `OutputOverride`, faded over 5 ms at both ends. `before` is what it takes
    over from: it is stopped, and its fade is heard.

    Raises `SpeefeareError` for a range that is not in it.
    """

    def __init__(
        self, minute: FrozenMinute, start: int, end: int | None, heard: str, before: FrozenReplay | None = None
    ) -> None:
        end = minute.length_samples if end is None else end
        if heard not in ("input", "output"):
            raise SpeefeareError(f"The frozen minute has input and output, not {heard!r}.")
        if not 0 <= start < end <= minute.length_samples:
            raise SpeefeareError(
                f"Samples {start} to {end} are not in the frozen {minute.length_samples / minute.info.rate_hz:.1f} s."
            )
        self.minute = minute
        self._sound = minute.sound(heard)
        self._at, self._end = start, end
        self._start = start
        self._fade = max(1, min(round(FADE_S * minute.info.rate_hz), (end - start) // 2))
        self.ended = False
        self._before = before
        if before is not None:
            before.stop()

    @property
    def position(self) -> int:
        """The next sample, in the minute's."""
        return self._at

    def stop(self) -> None:
        """End it 5 ms from now. From any thread."""
        self._end = min(self._end, self._at + self._fade)

    def hear(self, block: Samples) -> None:
        """Nothing is heard meanwhile."""

    def replace(self, out: Samples) -> Samples | None:
        """The next samples, and silence after the last; None when all were heard."""
        end = self._end
        count = min(out.shape[1], end - self._at)
        if count <= 0:
            self.ended = True
            return None
        index = np.arange(self._at, self._at + count)
        gain = np.minimum(np.minimum(index - self._start + 1, end - index) / self._fade, 1.0)
        piece = np.zeros_like(out)
        piece[:, :count] = self._sound[:, self._at : self._at + count] * gain.astype(np.float32)
        self._at += count
        rest = None if self._before is None else self._before.replace(out)
        if rest is None:
            self._before = None
            return piece
        return piece + rest
