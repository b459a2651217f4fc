"""Notices acoustic feedback: loudspeaker into microphone, round and round."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

WINDOW_S, HOP_S = 0.064, 0.032
TONE_SHARE = 0.7  # of the energy round one peak: a clipped howl is a square wave, whose fundamental holds 0.81
TONE_LEVEL_DB, TONE_S = -30.0, 0.4
ROAR_LEVEL_DB, ROAR_S, ROAR_SPREAD_DB = -15.0, 1.0, 3.0


class HowlGuard:
    """Two signs, neither of which speech shows: one steady tone that does not fade for 0.4 s; a loud sound that keeps
    the same level for a second (feedback through a codec need not stay a tone).
    """

    def __init__(self, rate_hz: int) -> None:
        self._size = round(WINDOW_S * rate_hz)
        self._hop = round(HOP_S * rate_hz)
        self._window = np.hanning(self._size)
        self._rest = np.zeros(0, np.float32)
        self._tones = 0
        self._peak, self._level = -1, -np.inf
        self._levels: deque[float] = deque(maxlen=round(ROAR_S / HOP_S))

    def reset(self) -> None:
        """Forget what was heard."""
        self._tones = 0
        self._levels.clear()

    def hears_howl(self, block: NDArray[np.float32]) -> bool:
        """Listen to the next block `[C, n]` of the microphone."""
        self._rest = np.concatenate([self._rest, block.mean(axis=0)])
        found = False
        while len(self._rest) >= self._size:
            found = self._listen(self._rest[: self._size]) or found
            self._rest = self._rest[self._hop :]
        return found

    def _listen(self, window: NDArray[np.float32]) -> bool:
        power = np.abs(np.fft.rfft(window * self._window)) ** 2
        level = 10 * float(np.log10(np.mean(np.square(window)) + 1e-12))
        peak = int(power.argmax())
        share = float(power[max(0, peak - 2) : peak + 3].sum() / (power.sum() + 1e-12))
        same = abs(peak - self._peak) <= 1 and level > self._level - 1.0
        tonal = share > TONE_SHARE and level > TONE_LEVEL_DB
        self._tones = (self._tones + 1 if same else 1) if tonal else 0
        self._peak, self._level = peak, level
        self._levels.append(level)
        roars = len(self._levels) == self._levels.maxlen and min(self._levels) > ROAR_LEVEL_DB
        steady = roars and max(self._levels) - min(self._levels) < ROAR_SPREAD_DB
        return self._tones * HOP_S >= TONE_S or steady
