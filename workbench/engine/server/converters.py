"""Rate and channel conversion between the codec and a device that refuses its rate, block by block without seams."""

from __future__ import annotations

import numpy as np
import soxr

from speefeare_core.audio import mix_channels
from workbench.engine.server.streams import Block, Pull, Push

QUALITY = "HQ"


class PullConverter:
    """`pull` at one rate and channel count, seen at another. The position runs ahead by what waits here."""

    def __init__(self, pull: Pull, rate_hz: int, out_rate_hz: int, channels: int, out_channels: int) -> None:
        self._pull = pull
        self._ratio = rate_hz / out_rate_hz
        self._resampler = _resampler(rate_hz, out_rate_hz, out_channels)
        self._out_channels = out_channels
        self._rest: Block = np.zeros((out_channels, 0), np.float32)

    def __call__(self, count: int) -> Block:
        while self._rest.shape[1] < count:
            need = int((count - self._rest.shape[1]) * self._ratio) + 1
            block = mix_channels(self._pull(need), self._out_channels)
            self._rest = np.concatenate([self._rest, _resampled(self._resampler, block)], axis=1)
        out, self._rest = self._rest[:, :count], self._rest[:, count:]
        return out


class PushConverter:
    """Takes blocks of a device and gives them on at the codec's rate and channel count."""

    def __init__(self, push: Push, rate_hz: int, out_rate_hz: int, out_channels: int) -> None:
        self._push = push
        self._channels = out_channels
        self._resampler = _resampler(rate_hz, out_rate_hz, out_channels)

    def __call__(self, block: Block) -> None:
        converted = _resampled(self._resampler, mix_channels(block, self._channels))
        if converted.shape[1]:
            self._push(converted)


def _resampler(rate_hz: int, out_rate_hz: int, channels: int) -> soxr.ResampleStream | None:
    if rate_hz == out_rate_hz:
        return None
    return soxr.ResampleStream(rate_hz, out_rate_hz, channels, dtype="float32", quality=QUALITY)


def _resampled(resampler: soxr.ResampleStream | None, block: Block) -> Block:
    if resampler is None:
        return block
    out = resampler.resample_chunk(np.ascontiguousarray(block.T, dtype=np.float32))
    return np.asarray(out, np.float32).reshape(-1, block.shape[0]).T
