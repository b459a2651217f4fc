"""A further codec on the open clip, at its own rate inside and at the clip's outside."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from speefeare_core.audio import mix_channels
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec, Encoded
from speefeare_core.errors import SpeefeareError
from workbench.engine.server import coding
from workbench.state.takes import Take

Samples = NDArray[np.float32]


class CodecShelf:
    """The codecs of all columns. They stay loaded when another clip is opened, until their column is removed."""

    def __init__(self) -> None:
        self._codecs: dict[int, tuple[str, str, Codec]] = {}

    def get(self, column: int, source: str, device: str) -> tuple[Codec, float]:
        """The codec of a column and the seconds that loading took, 0 where it was there. Raises `SpeefeareError`."""
        there = self._codecs.get(column)
        if there is not None and there[:2] == (source, device):
            return there[2], 0.0
        self.forget(column)
        started = time.perf_counter()
        codec = load_codec(source, device)
        self._codecs[column] = (source, device, codec)
        return codec, time.perf_counter() - started

    def forget(self, column: int) -> None:
        """Let go of a column's codec."""
        self._codecs.pop(column, None)


class Column:
    """One codec and its codes of the clip's file."""

    def __init__(self, number: int, codec: Codec) -> None:
        self.number = number
        self.codec = codec
        self._coded: coding.CodedClip | None = None

    @property
    def encoded(self) -> Encoded:
        """The codes. Raises `SpeefeareError` while they are not there."""
        return self._there().encoded

    def encode(self, path: str | Path, report: coding.Report) -> Generator[None, None, coding.CodedClip]:
        """Read and encode the file at the codec's own rate; the shared codes are the caller's to keep."""
        self._coded = yield from coding.encode_file(self.codec, path, report)
        return self._coded

    def decode(self, take: Take, out: Samples, rate_hz: int, report: coding.Report) -> Generator[None, None, None]:
        """Fill `out` `[C, T]`, at `rate_hz`, with one take, whatever the codec's own rate and channels are."""
        fitting = Fitting(out, self.codec.info.rate_hz, rate_hz)
        yield from coding.decode_pieces(self.codec, self._there().encoded, take, fitting.write, report)
        fitting.finish()

    def _there(self) -> coding.CodedClip:
        if self._coded is None:
            raise SpeefeareError(f"{self.codec.info.name} has not encoded the clip yet; wait a moment.")
        return self._coded


class Fitting:
    """Pieces `[C, n]` of one rate → an array `[C', T]` of another, mixed and resampled without seams."""

    def __init__(self, out: Samples, from_hz: int, to_hz: int) -> None:
        self._out = out
        self._at = 0
        self._resampler = (
            None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, out.shape[0], "float32", "VHQ")
        )

    def write(self, piece: Samples) -> None:
        """The next samples; what is beyond the end of the array is left out."""
        mixed = mix_channels(piece, self._out.shape[0])
        self._put(mixed if self._resampler is None else self._resampled(mixed))

    def finish(self) -> None:
        """The resampler's rest, and silence up to the end of the array."""
        if self._resampler is not None:
            self._put(self._resampled(np.zeros((self._out.shape[0], 0), np.float32), last=True))
        self._out[:, self._at :] = 0

    def _resampled(self, piece: Samples, last: bool = False) -> Samples:
        assert self._resampler is not None
        made = self._resampler.resample_chunk(np.ascontiguousarray(piece.T), last=last)
        return np.asarray(made, np.float32).reshape(-1, self._out.shape[0]).T

    def _put(self, piece: Samples) -> None:
        piece = piece[:, : self._out.shape[1] - self._at]
        self._out[:, self._at : self._at + piece.shape[1]] = piece
        self._at += piece.shape[1]
