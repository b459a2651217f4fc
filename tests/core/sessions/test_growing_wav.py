"""A WAV that can be read at any moment, also after its program was killed, also above 4 GiB."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core import audio
from speefeare_core.sessions import growing_wav
from speefeare_core.sessions.growing_wav import GrowingWav, held_samples, mend

RATE = 24_000


@pytest.mark.parametrize("channels", [1, 2])
def test_every_reader_reads_it_after_every_write(tmp_path: Path, channels: int) -> None:
    wave = np.random.default_rng(0).uniform(-1, 1, (channels, 5000)).astype(np.float32)
    path = tmp_path / "a.wav"
    file = GrowingWav(path, RATE, channels)
    for start in range(0, 5000, 777):
        file.write(wave[:, start : start + 777])
        found = audio.read(path)  # refuses what is cut off
        assert np.array_equal(found.samples, wave[:, : start + 777]) and found.rate_hz == RATE
    file.close()
    file.close()
    assert soundfile.info(str(path)).subtype == "FLOAT"
    assert held_samples(path, channels) == 5000


def test_bytes_that_the_header_does_not_know_of_are_given_back(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    file = GrowingWav(path, RATE, 1)
    file.write(np.ones((1, 100), np.float32))
    file.close()
    with path.open("ab") as tail:
        tail.write(np.full(50, 0.5, "<f4").tobytes() + b"\1\2")
    assert audio.read(path).length_samples == 100
    assert held_samples(path, 1) == 150
    mend(path, RATE, 1, 150)
    assert np.array_equal(audio.read(path).samples[0, 100:], np.full(50, 0.5, np.float32))


def test_a_full_disk_keeps_what_was_written_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    file = GrowingWav(path, RATE, 1)
    file.write(np.ones((1, 100), np.float32))
    real = os.write
    left = [300]

    def write(descriptor: int, data: memoryview) -> int:
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(descriptor, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(growing_wav.os, "write", write)
    with pytest.raises(OSError, match="No space"):
        file.write(np.zeros((1, 100), np.float32))
    file.close()
    assert path.stat().st_size == growing_wav.HEADER_BYTES + 400
    assert np.array_equal(audio.read(path).samples, np.ones((1, 100), np.float32))


def test_above_four_gibibytes_the_header_is_rf64(tmp_path: Path) -> None:
    """A file of holes: its size is real, its blocks are not."""
    path = tmp_path / "long.wav"
    length = (1 << 32) // 4 + 1000
    with path.open("wb") as file:
        file.write(growing_wav.header(RATE, 1, length))
        file.truncate(growing_wav.HEADER_BYTES + 4 * length)
    found = soundfile.info(str(path))
    assert (found.frames, found.format, found.samplerate) == (length, "RF64", RATE)
    with soundfile.SoundFile(str(path)) as file:
        file.seek(length - 10)
        assert len(file.read(20)) == 10
