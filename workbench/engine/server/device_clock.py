"""When a device plays or hears its samples, from what its callbacks say of themselves."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

BLOCKS = 24  # over which the times of single callbacks, which jump, are averaged
GAP_S = 0.05  # a jump by so much is a gap in the sound: what was before says nothing of what comes
MOST_S = 4.0  # a device that claims to be further away says nothing
# And at first no device is believed that claims to be much further away than was asked: PulseAudio's microphones say
# half a second for a second or so, and then what is true.
DOUBT_S, DOUBTFUL = 2.0, 1.25


class DeviceClock:
    """Counts a device's samples; sample n passes the loudspeaker's or microphone's membrane at `offset + n / rate`.

    `begin` and `end` are the callback's, around its work. The rest may be asked by any thread.
    """

    def __init__(self, rate_hz: int, nominal_s: float = 0.0, hears: bool = False) -> None:
        self._rate_hz = rate_hz
        self._hears = hears  # a microphone
        self.nominal_s = nominal_s  # what holds where callbacks do not say
        self._offsets: deque[float] = deque(maxlen=BLOCKS)
        self._distances: deque[float] = deque(maxlen=BLOCKS)
        self.busy = False  # samples are being moved
        self.samples = 0

    def begin(self, away_s: float | None) -> None:
        """A callback begins; the first sample of its block passes the membrane in `away_s` (a microphone's: < 0).

        None: the device does not say.
        """
        self.busy = True
        now = time.monotonic()
        most = DOUBTFUL * self.nominal_s if self.young and self.nominal_s else MOST_S
        if away_s is not None and abs(away_s) < most:
            offset = now + away_s - self.samples / self._rate_hz
            if self._offsets and abs(offset - self._offsets[-1]) > GAP_S:
                self._offsets.clear()
                self._distances.clear()
            self._offsets.append(offset)
            self._distances.append(away_s)

    def end(self, count: int) -> None:
        """Its block is moved."""
        self.samples += count
        self.busy = False

    @property
    def young(self) -> bool:
        """Whether what the device says may not be true yet."""
        return self.samples < DOUBT_S * self._rate_hz

    @property
    def distance_s(self) -> float:
        """From the callback to the membrane, as it usually is; positive for both kinds."""
        distances = tuple(self._distances)
        return abs(float(np.median(distances))) if distances else self.nominal_s

    def next_at(self) -> float:
        """When, by `time.monotonic`, the sample that comes next in the next callback passes the membrane."""
        offsets = tuple(self._offsets)
        if not offsets:
            return time.monotonic() + (-self.nominal_s if self._hears else self.nominal_s)
        return float(np.median(offsets)) + self.samples / self._rate_hz
