"""A WAV file that can be read at any moment while it grows: 32-bit float samples, the header told of every flush.

Above 4 GiB the header becomes RF64 (EBU Tech 3306), for whose sizes room is kept from the beginning. Nothing is
buffered, so that a process that is killed loses no more than the header's knowledge of the last flush, which `mend`
gives back.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np

from speefeare_core.audio import Samples

_HEADER = struct.Struct("<4sI4s 4sIQQQI 4sIHHIIHHH 4sII 4sI")
HEADER_BYTES = _HEADER.size
_LARGEST = 0xFFFFFFFF
_FLOAT = 3  # WAVE_FORMAT_IEEE_FLOAT


class GrowingWav:
    """Append-only. Raises OSError where the disk is full, and leaves the file as it was at the last flush."""

    def __init__(self, path: Path, rate_hz: int, channels: int) -> None:
        self.path = path
        self.rate_hz, self.channels = rate_hz, channels
        self.length_samples = 0
        self._file = path.open("xb", buffering=0)
        try:
            _write_all(self._file.fileno(), header(rate_hz, channels, 0))
        except OSError:
            self._file.close()
            raise

    def write(self, samples: Samples) -> None:
        """Append `[C, n]`; the header knows of it at once."""
        data = np.ascontiguousarray(samples.T, "<f4").tobytes()
        try:
            _write_all(self._file.fileno(), data)
        except OSError:
            self._file.truncate(HEADER_BYTES + 4 * self.channels * self.length_samples)
            raise
        self.length_samples += samples.shape[1]
        self._file.seek(0)
        _write_all(self._file.fileno(), header(self.rate_hz, self.channels, self.length_samples))
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """May be called twice."""
        self._file.close()


def header(rate_hz: int, channels: int, length_samples: int) -> bytes:
    """The header of a file with `length_samples` frames of `channels` float32 values."""
    frame = 4 * channels
    data = frame * length_samples
    whole = HEADER_BYTES - 8 + data
    large = whole > _LARGEST
    return _HEADER.pack(
        b"RF64" if large else b"RIFF", _LARGEST if large else whole, b"WAVE",
        b"ds64" if large else b"JUNK", 28, whole * large, data * large, length_samples * large, 0,
        b"fmt ", 18, _FLOAT, channels, rate_hz, rate_hz * frame, frame, 32, 0,
        b"fact", 4, min(length_samples, _LARGEST),
        b"data", _LARGEST if large else data,
    )  # fmt: skip


def held_samples(path: Path, channels: int) -> int:
    """Frames that are on the disk, whatever the header says."""
    return max(0, path.stat().st_size - HEADER_BYTES) // (4 * channels)


def mend(path: Path, rate_hz: int, channels: int, length_samples: int) -> None:
    """Cut a file to `length_samples` and make its header say so. OSError: it may not be written."""
    with path.open("r+b", buffering=0) as file:
        file.truncate(HEADER_BYTES + 4 * channels * length_samples)
        _write_all(file.fileno(), header(rate_hz, channels, length_samples))


def _write_all(descriptor: int, data: bytes) -> None:
    """A full disk takes a part first and refuses the rest."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
