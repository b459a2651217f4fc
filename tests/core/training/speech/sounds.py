"""Sounds for data: clips whose samples say which clip they are, in every layout."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import soundfile

from speefeare_core.audio import Audio, Samples, write

RATE = 8000


def tone(number: int, length: int = 4000, rate_hz: int = RATE) -> Samples:
    """[n], of a pitch and a level of its own."""
    time = np.arange(length) / rate_hz
    sound = (0.2 + 0.02 * number) * np.sin(2 * np.pi * (100 + 40 * number) * time)
    return (sound + 0.01 * np.random.default_rng(number).standard_normal(length)).astype(np.float32)


def put(path: Path, samples: Samples, rate_hz: int = RATE, subtype: str | None = None) -> Path:
    """Write samples [n] or [C, n] and make the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, Audio(np.atleast_2d(samples), rate_hz), subtype)
    return path


def tones_in(folder: Path, names: list[str], length: int = 4000) -> Path:
    """A folder with one tone a name."""
    for number, name in enumerate(names):
        put(folder / name, tone(number, length + 100 * number))
    return folder


def shard(path: Path, members: dict[str, bytes]) -> Path:
    """A tar file with these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def flac(samples: Samples, rate_hz: int = RATE) -> bytes:
    """The bytes of a FLAC file."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate_hz, format="FLAC", subtype="PCM_16")
    return out.getvalue()


def members(count: int, start: int = 0) -> dict[str, bytes]:
    """Members of a shard: a tone, who speaks and what is said."""
    found: dict[str, bytes] = {}
    for number in range(start, start + count):
        found[f"utt{number:03d}.flac"] = flac(tone(number, 3000 + 10 * number))
        found[f"utt{number:03d}.json"] = json.dumps({"speaker_id": f"s{number % 2}", "text": f"word {number}"}).encode()
    return found
