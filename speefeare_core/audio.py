"""Audio(samples [C, T], rate_hz): read, write, resample, mix channels. Knows nothing of torch, Qt or sound cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

Samples = NDArray[np.float32]
BLOCK_S = 10.0  # blocks in which long files are read


@dataclass(frozen=True)
class Audio:
    """Samples `[C, T]` float32, nominally within ±1, at `rate_hz`."""

    samples: Samples  # [C, T]
    rate_hz: int

    @property
    def channels(self) -> int:
        """C."""
        return int(self.samples.shape[0])

    @property
    def length_samples(self) -> int:
        """T."""
        return int(self.samples.shape[1])

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.length_samples / self.rate_hz

    def resampled(self, rate_hz: int) -> Audio:
        """At another rate (soxr, very high quality, linear phase, delay compensated)."""
        if rate_hz == self.rate_hz:
            return self
        out = soxr.resample(self.samples.T, self.rate_hz, rate_hz, quality="VHQ")
        return Audio(np.ascontiguousarray(out.T, dtype=np.float32), rate_hz)

    def with_channels(self, channels: int) -> Audio:
        """Mixed down to mono by the mean; mono copied to `channels`; otherwise the first `channels` of them."""
        return Audio(mix_channels(self.samples, channels), self.rate_hz)


def mix_channels(samples: Samples, channels: int) -> Samples:
    """`[C, T]` → `[channels, T]`: the mean for mono, copies of mono, else the first channels (mean copied if fewer)."""
    have = samples.shape[0]
    if have == channels:
        return samples
    if have > channels > 1:
        return samples[:channels]
    mono = samples.mean(axis=0, keepdims=True, dtype=np.float32)
    return np.repeat(mono, channels, axis=0)


@dataclass(frozen=True)
class FileInfo:
    """What a sound file says of itself."""

    path: Path
    rate_hz: int
    channels: int
    length_samples: int
    encoding: str

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.length_samples / self.rate_hz


def probe(path: str | Path) -> FileInfo:
    """The header of a sound file. Raises `SpeefeareError` where it is missing, empty or no sound file."""
    path = Path(path)
    if not path.exists():
        raise SpeefeareError(f"There is no file {path}.")
    if path.is_dir():
        raise SpeefeareError(f"{path} is a folder; choose a sound file in it.")
    if path.stat().st_size == 0:
        raise SpeefeareError(f"{path} is empty (0 bytes); record or copy it again.")
    try:
        found = soundfile.info(str(path))
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise SpeefeareError(
            f"{path} cannot be read as sound; use WAV, FLAC, Ogg or MP3 (export it again if it should be one)."
        ) from error
    if found.frames <= 0 or found.samplerate <= 0:
        raise SpeefeareError(f"{path} holds no samples; it may be cut off, so copy or export it again.")
    _refuse_cut_off(path, found.extra_info)
    return FileInfo(path, found.samplerate, found.channels, found.frames, f"{found.format} {found.subtype}")


_DATA_CHUNK = re.compile(r"^\s*data\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OPEN_END_BYTES = 0x7FF00000  # programs that write WAV into a pipe promise about this much, or twice as much
_MP3_SLACK_SAMPLES = 1152  # an MP3 header may count a frame too many


def _refuse_cut_off(path: Path, library_log: str) -> None:
    """libsndfile reads a cut-off WAV as a shorter one and only notes it in its log."""
    found = _DATA_CHUNK.search(library_log)
    if found and int(found[2]) < int(found[1]) < _OPEN_END_BYTES:
        raise SpeefeareError(
            f"{path} is cut off: {int(found[2]) / int(found[1]):.0%} of the samples its header promises are there;"
            " copy or export it again."
        )


def blocks(path: str | Path, block_s: float = BLOCK_S) -> Iterator[Samples]:
    """A sound file block by block, each `[C, n]` float32 at the file's own rate, in bounded memory.

    Raises `SpeefeareError` for a file that is cut off or holds NaN.
    """
    info = probe(path)
    size = max(1, round(block_s * info.rate_hz))
    done = 0
    try:
        with soundfile.SoundFile(str(path)) as file:
            while True:
                block = file.read(size, dtype="float32", always_2d=True)
                if not len(block):
                    break
                check_finite(block, str(path), done / info.rate_hz)
                done += len(block)
                yield np.ascontiguousarray(block.T)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise SpeefeareError(f"{path} is damaged after {done / info.rate_hz:.2f} s: {error}") from error
    if done == 0:
        raise SpeefeareError(f"{path} holds no samples; it may be cut off, so copy or export it again.")
    if done < info.length_samples - _MP3_SLACK_SAMPLES:
        raise SpeefeareError(f"{path} is cut off after {done / info.rate_hz:.2f} s; copy or export it again.")


def check_finite(samples: Samples, name: str, at_s: float) -> None:
    """Raises `SpeefeareError` where samples of the sound `name`, from `at_s` seconds on, are NaN or infinite."""
    if not np.isfinite(samples).all():
        raise SpeefeareError(f"{name} holds NaN or infinite samples near {at_s:.2f} s; repair or export it again.")


def converted_blocks(path: str | Path, rate_hz: int, channels: int, block_s: float = BLOCK_S) -> Iterator[Samples]:
    """Like `blocks`, mixed to `channels` and resampled to `rate_hz` without seams: the whole equals one resampling."""
    info = probe(path)
    resampler = (
        None
        if info.rate_hz == rate_hz
        else soxr.ResampleStream(info.rate_hz, rate_hz, channels, dtype="float32", quality="VHQ")
    )
    wanted = round(info.length_samples * rate_hz / info.rate_hz)
    done = 0
    for block in blocks(path, block_s):
        mixed = mix_channels(block, channels)
        if resampler is not None:
            mixed = np.ascontiguousarray(resampler.resample_chunk(mixed.T).reshape(-1, channels).T)
        if mixed.shape[1]:
            done += mixed.shape[1]
            yield mixed
    if resampler is not None:
        rest = resampler.resample_chunk(np.zeros((0, channels), np.float32), last=True).reshape(-1, channels).T
        rest = rest[:, : max(0, wanted - done)] if wanted >= done else rest[:, :0]
        if rest.shape[1]:
            yield np.ascontiguousarray(rest)


def read(path: str | Path, rate_hz: int | None = None, channels: int | None = None) -> Audio:
    """A whole sound file, optionally at another rate and channel count."""
    info = probe(path)
    rate = rate_hz or info.rate_hz
    parts = list(converted_blocks(path, rate, channels or info.channels))
    if not parts:  # shorter than one output sample
        parts = [np.zeros((channels or info.channels, 1), np.float32)]
    return Audio(np.concatenate(parts, axis=1), rate)


def write(path: str | Path, audio: Audio, subtype: str | None = None) -> None:
    """Write WAV (float32), FLAC (24 bit), Ogg or MP3 by the file's ending, by a temporary file and a rename."""
    path = Path(path)
    with Writer(path, audio.rate_hz, audio.channels, subtype) as writer:
        writer.write(audio.samples)


class Writer:
    """Writes a sound file block by block; the target appears (by rename) only when everything was written."""

    _SUBTYPES: ClassVar = {".wav": "FLOAT", ".flac": "PCM_24", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}

    def __init__(self, path: str | Path, rate_hz: int, channels: int, subtype: str | None = None) -> None:
        self.path = Path(path)
        suffix = self.path.suffix.lower()
        if suffix not in self._SUBTYPES:
            raise SpeefeareError(f"{self.path} should end in .wav, .flac, .ogg or .mp3.")
        self._part = self.path.with_name(f".{self.path.stem}.part{suffix}")
        try:
            self._file = soundfile.SoundFile(str(self._part), "w", rate_hz, channels, subtype or self._SUBTYPES[suffix])
        except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError) as error:
            raise SpeefeareError(
                f"{self.path} cannot be written; check that the folder exists and that you may write there."
            ) from error

    def write(self, samples: Samples) -> None:
        """Append `[C, n]`."""
        try:
            self._file.write(samples.T)
        except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
            raise SpeefeareError(f"{self.path} could not be written to the end; is the disk full?") from error

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
