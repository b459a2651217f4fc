"""`PlaySounds`: files are read, brought to one rate and loudness, and laid beside the clip."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio
from speefeare_core.errors import SpeefeareError
from speefeare_core.levels import matching_gain
from workbench.engine.server.answers import Desk
from workbench.engine.server.tasks import Work
from workbench.engine.topics.sounds import PlaySounds, SoundsReady

MOST_S = 600.0  # they are held in memory
Samples = NDArray[np.float32]


def play(desk: Desk, number: int, request: PlaySounds) -> Work:
    """Read them all, then hear one. Raises `SpeefeareError` for a file that cannot be read."""
    yield
    if not request.paths:
        raise SpeefeareError("There is no sound to play.")
    longest = max(audio.probe(path).length_s for path in request.paths)
    if longest > MOST_S:
        raise SpeefeareError(f"Sounds of more than {MOST_S / 60:.0f} minutes are opened as a clip instead.")
    clip = desk.open_clip
    if clip is not None:
        rate, channels = clip.codec.info.rate_hz, clip.samples(0).shape[0]
    else:
        first = audio.probe(request.paths[0])
        rate, channels = first.rate_hz, first.channels
    sounds = []
    for path in request.paths:
        sounds.append((yield from _read(path, rate, channels)))
    length = max(1, *(sound.shape[1] for sound in sounds))
    gains = [1.0] * len(sounds)
    if request.match:
        for index, sound in enumerate(sounds[1:], 1):
            yield
            gains[index] = matching_gain(sounds[0], sound, rate)
    ready = [_fitted(sound, length, gain) for sound, gain in zip(sounds, gains, strict=True)]
    told = SoundsReady(number, length / rate, tuple(20 * float(np.log10(gain)) for gain in gains))
    at = round(request.start_s * rate)

    def start() -> None:
        desk.emit(told)
        desk.player.play_sounds(number, ready, rate, request.heard, at, request.loop)

    desk.call(start)


def _read(path: str, rate_hz: int, channels: int) -> Generator[None, None, Samples]:
    blocks = []
    for block in audio.converted_blocks(path, rate_hz, channels):
        blocks.append(block)
        yield
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((channels, 0), np.float32)


def _fitted(sound: Samples, length: int, gain: float) -> Samples:
    """At its loudness, never beyond full scale, with silence behind it."""
    out = np.zeros((sound.shape[0], length), np.float32)
    np.clip(sound * np.float32(gain), -1.0, 1.0, out=out[:, : sound.shape[1]])
    return out
