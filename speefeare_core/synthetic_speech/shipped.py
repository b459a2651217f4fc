"""The aligned speech that comes with the product: a few minutes in several voices and languages, for measures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from speefeare_core.audio import read
from speefeare_core.errors import SpeefeareError
from speefeare_core.resources import resource
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, PhoneSpan

SOUND, INDEX = "aligned.ogg", "aligned.json"


def shipped_speech() -> list[AlignedSpeech]:
    """All of it. Raises `SpeefeareError` where the files are missing or damaged."""
    return read_aligned(resource("teachers"))


def read_aligned(folder: Path) -> list[AlignedSpeech]:
    """Inverse of `write_aligned`. Raises `SpeefeareError` where the files are missing or damaged."""
    try:
        rows = json.loads((folder / INDEX).read_text(encoding="utf-8"))["recordings"]
        sound = read(folder / SOUND)
        found = []
        for row in rows:
            start = int(row["start"])
            ends = [end / 1000 for _, end in row["phones"]]
            spans = tuple(
                PhoneSpan(str(name), begin, end)
                for (name, _), begin, end in zip(row["phones"], [0.0, *ends], ends, strict=False)
            )
            samples = sound.samples[0, start : start + int(row["length"])]
            found.append(
                AlignedSpeech(samples, sound.rate_hz, spans, str(row["voice"]), str(row["language"]), str(row["text"]))
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpeefeareError(f"{folder} holds no aligned speech that can be read ({error}).") from error
    return found


def write_aligned(speech: Sequence[AlignedSpeech], folder: Path) -> None:
    """Recordings of one sample rate as one Ogg file and an index: phones by name and the millisecond that they end."""
    import soundfile

    rows, start = [], 0
    for one in speech:
        phones = [[span.phone, round(span.end_s * 1000)] for span in one.phones]
        length = len(one.samples)
        rows.append({"voice": one.voice, "language": one.language, "text": one.text, "start": start, "length": length,
                     "phones": phones})  # fmt: skip
        start += length
    sound = np.concatenate([one.samples / max(1.0, float(np.abs(one.samples).max()) / 0.9) for one in speech])
    with soundfile.SoundFile(str(folder / SOUND), "w", speech[0].rate_hz, 1, format="OGG", subtype="VORBIS") as file:
        for block in np.array_split(sound, max(1, len(sound) // 65536)):  # libsndfile fails on long Vorbis writes
            file.write(block)
    (folder / INDEX).write_text(json.dumps({"recordings": rows}, ensure_ascii=False) + "\n", encoding="utf-8")
