"""Packed speech sets: many clips as one int16 array that a training run maps into memory.

A set is a folder with `audio.npy` [samples] int16 and `index.json` {rate_hz, clips: [[name, start, length], ...],
speakers: [one a clip] (optional)}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.run_log import write_whole
from speefeare_core.training.speech.interface import OpenSpeech

FULL_SCALE = 32767.0
QUIET_PEAK = 0.01  # clips that never rise above this hold no speech
SHORTEST_S = 0.25
INDEX, AUDIO = "index.json", "audio.npy"


class PackedSpeech(OpenSpeech):
    """A packed set, opened but not read."""

    def __init__(self, folder: Path) -> None:
        """Raises `SpeefeareError` where it is missing or broken."""
        self.folder, self.key = folder, folder.name
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            audio = np.load(folder / AUDIO, mmap_mode="r", allow_pickle=False)
            clips = [(str(name), int(start), int(length)) for name, start, length in index["clips"]]
            self.rate_hz = int(index["rate_hz"])
            self.speakers = [str(name) for name in index.get("speakers", [""] * len(clips))]
            fits = audio.ndim == 1 and audio.dtype == np.int16 and bool(clips) and len(self.speakers) == len(clips)
            fits = fits and min(min(start, length) for _, start, length in clips) >= 0
            if not fits or max(start + length for _, start, length in clips) > audio.shape[0]:
                raise ValueError("index and audio do not belong together")
        except (OSError, KeyError, TypeError, ValueError, EOFError) as error:
            raise SpeefeareError(
                f"{folder} is no packed speech set ({error}); make it with `speefeare data pack`."
            ) from error
        self.audio: NDArray[np.int16] = audio  # memory-mapped
        self.names = distinct([name for name, _, _ in clips])
        self._starts = np.array([start for _, start, _ in clips], np.int64)
        self.lengths = np.array([length for _, _, length in clips], np.int64)
        self.problems: dict[str, str] = {}

    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        """Samples [n] float32 of one clip, or of a part of it."""
        whole = int(self.lengths[index])
        count = max(0, whole - start if length is None else min(length, whole - start))
        begin = int(self._starts[index]) + start
        return np.asarray(self.audio[begin : begin + count], np.float32) / np.float32(FULL_SCALE)


def is_packed(folder: Path) -> bool:
    """Whether a folder looks like a packed set."""
    return (folder / INDEX).is_file() and (folder / AUDIO).is_file()


def pack(
    clips: Iterable[tuple[str, str, Callable[[], Samples]]], folder: Path, rate_hz: int
) -> tuple[PackedSpeech, dict[str, str]]:
    """Write clips (name, speaker, what reads its samples [n]) as a packed set, one after the other; the names and
    reasons of those that were left out: too short, silent, or not to be read.

    A clip louder than full scale is scaled down to it. The set appears whole or not at all. Raises `SpeefeareError`
    where nothing is left or the folder cannot be written.
    """
    kept: list[tuple[str, int, int]] = []
    speakers: list[str] = []
    left_out: dict[str, str] = {}
    raw, part = folder / ".audio.raw", folder / ".audio.npy.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with raw.open("wb") as file:
            done = 0
            for name, speaker, samples_of in clips:
                try:
                    samples = samples_of()
                except SpeefeareError as error:
                    left_out[name] = str(error)
                    continue
                peak = float(np.abs(samples).max(initial=0.0))
                if samples.shape[0] < SHORTEST_S * rate_hz or peak < QUIET_PEAK:
                    left_out[name] = "it is silent" if peak < QUIET_PEAK else f"it is shorter than {SHORTEST_S} s"
                    continue
                np.round(samples / max(peak, 1.0) * FULL_SCALE).astype("<i2").tofile(file)
                kept.append((name, done, samples.shape[0]))
                speakers.append(speaker)
                done += samples.shape[0]
        if not kept:
            raise SpeefeareError(f"Nothing was packed into {folder}: no clip is long, loud and whole enough.")
        _to_npy(raw, part, done)
        (folder / INDEX).unlink(missing_ok=True)  # never an old index beside new audio
        part.replace(folder / AUDIO)
        index: dict[str, Any] = {"rate_hz": rate_hz, "clips": kept}
        if any(speakers):
            index["speakers"] = speakers
        write_whole(folder / INDEX, json.dumps(index, ensure_ascii=False).encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise SpeefeareError(f"The packed set {folder} cannot be written: {error.strerror or error}.") from error
    finally:
        for path in (raw, part):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return PackedSpeech(folder), left_out


def distinct(names: Iterable[str]) -> list[str]:
    """Names of which each comes once: the second `a.wav` is `a.wav#2`."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return found


def _to_npy(raw: Path, target: Path, samples: int) -> None:
    """Raw int16 behind the header of an .npy file, block by block."""
    with target.open("wb") as out, raw.open("rb") as file:
        header = {"descr": "<i2", "fortran_order": False, "shape": (samples,)}
        np.lib.format.write_array_header_1_0(out, header)
        while block := file.read(1 << 20):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
