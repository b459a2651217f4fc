"""What should have been heard, from what was decoded: the settled part of the mixer's work, done again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.codec import CodecInfo

RAMP_S = 0.03  # gains move along ramps of 10 ms, a new stream's sound is faded in as fast
LIMITED_S = 0.3  # after a peak above the limiter's ceiling its gain rises again
CEILING = float(10 ** (-1.0 / 20)) * 0.999


class Mixing:
    """Follows the settings. Where the output cannot be known from them it says so and does not guess: the channel
    draws random numbers, ramps and the limiter are the live engine's."""

    def __init__(self, info: CodecInfo) -> None:
        self._rate_hz = info.rate_hz
        self._dry = np.zeros((info.channels, info.stream_delay_samples), np.float32)
        self._gain, self._wet, self._channel = 1.0, 1.0, ""
        self._settings: dict[str, Any] = {}
        self._unsettled_until = self._limited_until = 0

    def change(self, at: int, values: dict[str, Any]) -> None:
        """Settings from sample `at` on."""
        self._settings |= values
        gain = float(10 ** (float(self._settings.get("output_gain_db") or 0.0) / 20))
        mix = self._settings.get("mix")
        wet = 0.0 if self._settings.get("bypass") else 1.0 if mix is None else float(mix)
        channel = _harm(self._settings.get("channel"))
        if (gain, wet, channel) != (self._gain, self._wet, self._channel):
            self._gain, self._wet, self._channel = gain, wet, channel
            self._unsettle(at)

    def skip(self, before: Samples) -> None:
        """The input `[C, n]` of a step that is not replayed."""
        self._late(before)

    def expected(self, at: int, before: Samples, decoded: Samples) -> tuple[Samples, NDArray[np.bool_], str]:
        """Input and decode `[C, n]` of the step at sample `at` → the output, where that is certain `[n]`, and the
        reason where it is not."""
        dry = self._late(before)
        wet, gain = np.float32(self._wet), np.float32(self._gain)
        out: Samples = gain * (decoded if wet == 1.0 else wet * decoded + (np.float32(1.0) - wet) * dry)
        index = at + np.arange(before.shape[1])
        loud = np.flatnonzero(np.abs(out).max(axis=0) > CEILING)
        settled = index >= self._unsettled_until
        free = index >= self._limited_until
        if len(loud):
            free[:] = False  # the limiter turns down before the peak
            self._limited_until = int(index[loud[-1]]) + round(LIMITED_S * self._rate_hz)
        if self._channel:
            return out, np.zeros_like(settled), self._channel
        return (
            out,
            settled & free,
            "gain, mix or stream was changing" if not settled.all() else "the limiter was at work",
        )

    def _late(self, before: Samples) -> Samples:
        joined = np.concatenate([self._dry, before], axis=1)
        self._dry = joined[:, before.shape[1] :]
        return joined[:, : before.shape[1]]

    def _unsettle(self, at: int) -> None:
        self._unsettled_until = max(self._unsettled_until, at + round(RAMP_S * self._rate_hz))


def _harm(channel: Any) -> str:
    """What the channel did to the codes; "" where nothing."""
    if not channel:
        return ""
    values = {**channel, "frozen_books": tuple(channel.get("frozen_books", ()))}
    return "" if ChannelSettings(**values).clean else "the channel changed the codes"
