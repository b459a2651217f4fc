"""A piece of a sound file at another rate, without reading the rest: seek, read a little more, resample, cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from speefeare_core.audio import Samples, check_finite
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.g722 import G722_RATE_HZ, g722_length, is_g722, read_g722

MARGIN = 512  # samples of the lower rate that are read more on both sides, for the filter of the resampler
SLACK_S = 0.1  # a compressed file may hold so much less than its header says; zeros stand for it
SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64",
                 ".g722")  # fmt: skip


@dataclass(frozen=True)
class SoundFacts:
    """What a header says."""

    rate_hz: int
    channels: int
    samples: int  # at its own rate
    encoding: str = ""

    def samples_at(self, rate_hz: int) -> int:
        """Its length at another rate."""
        return round(self.samples * rate_hz / self.rate_hz)


def facts_of(sound: Path | BinaryIO, name: str = "") -> SoundFacts:
    """The header of a sound file, or of an open one. Raises `SpeefeareError` where it cannot be read."""
    name = readable(name or str(sound))
    if isinstance(sound, Path) and any("\ud800" <= letter <= "\udfff" for letter in str(sound)):
        raise SpeefeareError(f"{name} has a name that is no text; rename the file or its folder.")
    try:
        if isinstance(sound, Path) and sound.stat().st_size == 0:
            raise SpeefeareError(f"{name} is empty (0 bytes).")
        if isinstance(sound, Path) and is_g722(sound):
            return SoundFacts(G722_RATE_HZ, 1, g722_length(sound), "G722")
        with soundfile.SoundFile(str(sound) if isinstance(sound, Path) else sound) as file:
            found = SoundFacts(file.samplerate, file.channels, file.frames, f"{file.format} {file.subtype}")
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise SpeefeareError(f"{name} cannot be read as sound; export it again as WAV or FLAC.") from error
    except OSError as error:
        raise SpeefeareError(f"{name} cannot be read: {error.strerror or error}.") from error
    if found.samples <= 0 or found.rate_hz <= 0:
        raise SpeefeareError(f"{name} holds no samples; it may be cut off, so copy or export it again.")
    return found


def readable(name: str) -> str:
    """A name that can be shown and written in one line: bytes that are no text become `\\xff`, a new line `\\n`."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def read_piece(
    sound: Path | BinaryIO, facts: SoundFacts, rate_hz: int, start: int, length: int, name: str = ""
) -> Samples:
    """Mono samples [length] float32 at `rate_hz` from `start` on, both counted at `rate_hz`.

    What it gives is the same part of the whole file resampled, but for rounding. Channels are mixed by their mean.
    Raises `SpeefeareError` where the file is gone, broken, cut off, or holds NaN there.
    """
    name = name or str(sound)
    if length <= 0:
        return np.zeros(0, np.float32)
    up, down = _ratio(rate_hz, facts.rate_hz)
    if up == down:
        found = _read(sound, facts, start, start + length, name)
    else:
        margin = math.ceil(MARGIN * max(1.0, down / up))
        first = max(0, (start * down // up - margin) // down * down)  # a multiple of both rates' steps
        last = math.ceil((start + length) * down / up) + margin
        read = _read(sound, facts, first, last, name)
        out = np.asarray(soxr.resample(read, facts.rate_hz, rate_hz, quality="VHQ"), np.float32)
        found = out[start - first * up // down :][:length]
    missing = length - found.shape[0]
    if missing > SLACK_S * rate_hz:
        raise SpeefeareError(f"{name} is cut off after {(start + found.shape[0]) / rate_hz:.2f} s; copy it again.")
    return np.pad(found, (0, missing)) if missing > 0 else found


def _ratio(rate_hz: int, own_hz: int) -> tuple[int, int]:
    common = math.gcd(rate_hz, own_hz)
    return rate_hz // common, own_hz // common


def _read(sound: Path | BinaryIO, facts: SoundFacts, first: int, last: int, name: str) -> Samples:
    """Mono samples at the file's own rate, from `first` to `last` or its end."""
    last = min(last, facts.samples)
    if isinstance(sound, Path) and is_g722(sound):
        return read_g722(sound)[first:last]
    try:
        with soundfile.SoundFile(str(sound) if isinstance(sound, Path) else sound) as file:
            if first:
                file.seek(min(first, file.frames))
            block = file.read(max(0, last - first), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise SpeefeareError(f"{name} cannot be read near {first / facts.rate_hz:.2f} s: {error}") from error
    mono: Samples = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
    check_finite(mono, name, first / facts.rate_hz)
    return mono
