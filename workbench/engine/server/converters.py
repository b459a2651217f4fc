"""Rate and channel conversion between the codec and a device that refuses its rate, block by block without seams."""

from __future__ import annotations

import numpy as np

from speefeare_core.audio import mix_channels
from workbench.engine.server.resampler import LowDelayResampler, Resampler, SoxrResampler
from workbench.engine.server.streams import Block, Pull, Push, held_by


class PullConverter:
    """`pull` at one rate and channel count, seen at another. The position runs ahead by what waits here.

    `low_delay`: what is talked through must not wait; else soxr, for what is only listened to.
    """

    def __init__(
        self, pull: Pull, rate_hz: int, out_rate_hz: int, channels: int, out_channels: int, low_delay: bool = True
    ) -> None:
        self._pull = pull
        self._ratio, self._out_rate_hz = rate_hz / out_rate_hz, out_rate_hz
        self._between = min(channels, out_channels)  # resampled in as few channels as possible
        self._out_channels = out_channels
        self._resampler = _resampler(rate_hz, out_rate_hz, self._between, low_delay)
        self._rest: Block = np.zeros((self._between, 0), np.float32)

    def __call__(self, count: int) -> Block:
        while self._rest.shape[1] < count:
            need = int((count - self._rest.shape[1]) * self._ratio) + 1
            block = mix_channels(self._pull(need), self._between)
            block = block if self._resampler is None else self._resampler(block)
            self._rest = np.concatenate([self._rest, block], axis=1)
        out, self._rest = self._rest[:, :count], self._rest[:, count:]
        return mix_channels(out, self._out_channels)

    @property
    def held_s(self) -> float:
        """How long a sample waits in here and in what this calls."""
        inside = 0.0 if self._resampler is None else self._resampler.held_s
        return inside + self._rest.shape[1] / self._out_rate_hz + held_by(self._pull)


class PushConverter:
    """Takes blocks of a device and gives them on at the codec's rate and channel count.

    `ppm`: and so much shorter, see `drift`.
    """

    def __init__(self, push: Push, rate_hz: int, out_rate_hz: int, out_channels: int, ppm: float = 0.0) -> None:
        self._push = push
        self._channels = out_channels
        self._ratio = rate_hz / out_rate_hz
        resampled = rate_hz != out_rate_hz or ppm != 0
        self._resampler = LowDelayResampler(rate_hz, out_rate_hz, out_channels) if resampled else None
        self.stretch(ppm)

    def __call__(self, block: Block) -> None:
        block = mix_channels(block, self._channels)
        converted = block if self._resampler is None else self._resampler(block)
        if converted.shape[1]:
            self._push(converted)

    def stretch(self, ppm: float) -> bool:
        """From now on so much shorter; False: it cannot, as it does not resample."""
        if self._resampler is not None:
            self._resampler.ratio = self._ratio * (1 + 1e-6 * ppm)
        return self._resampler is not None

    def prime(self, before: Block) -> None:
        """The last `[C, n]` that went past this, before its first block."""
        if self._resampler is not None:
            self._resampler.prime(mix_channels(before, self._channels))

    @property
    def held_s(self) -> float:
        """How long a sample waits in here and in what this calls."""
        inside = 0.0 if self._resampler is None else self._resampler.held_s
        return inside + held_by(self._push)


def _resampler(rate_hz: int, out_rate_hz: int, channels: int, low_delay: bool) -> Resampler | None:
    if rate_hz == out_rate_hz:
        return None
    kind = LowDelayResampler if low_delay else SoxrResampler
    return kind(rate_hz, out_rate_hz, channels)
