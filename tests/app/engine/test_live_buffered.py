"""Buffered live: blocks give the whole-file computation, later by the stated delay; late ones are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.codec import Codec
from tests.app.engine.live_cores import PREFILL, core_of, through
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import TinyAhead
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, SetLive, StartLive
from workbench.engine.server.live_buffered import BlockTimes, BufferedCoder
from workbench.engine.server.live_coder import Coder, StreamCoder
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_window import WindowCoder, rows

RATE = 16_000
BLOCK_S, COMPUTE = 0.1, 400
Samples = NDArray[np.float32]


@pytest.fixture
def status() -> Iterator[Status]:
    made = Status.create(LIVE_STATUS)
    yield made
    made.unlink()


class Buffered:
    """A core with a buffered coder whose worker works when it is told to."""

    def __init__(self, codec: Codec, status: Status, **changes: Any) -> None:
        request = StartLive(**changes)
        if codec.info.streamable:
            block, late = round(BLOCK_S * RATE), 0
            inner: Coder = StreamCoder(codec, codec.stream(depth=request.depth, start="silence"), request)
        else:
            inner = windows = WindowCoder(codec, BLOCK_S, request)
            block, late = windows.block_samples, windows.late_samples
        self.step = codec.info.hop_samples
        self.coder = BufferedCoder(codec.info, inner, BlockTimes(block, late, COMPUTE, self.step), threaded=False)
        self.core: LiveCore = core_of(codec, status, self.coder, **changes)

    def hear(self, samples: Samples, works: Callable[[int], bool] = lambda index: True) -> Samples:
        out = []
        for index, at in enumerate(range(0, samples.shape[1], self.step)):
            out.append(through(self.core, samples[:, at : at + self.step], self.step))
            if works(index):
                self.coder.work()
        return np.concatenate(out, axis=1)


@pytest.fixture
def buffered(status: Status) -> Iterator[Callable[..., Buffered]]:
    made: list[Buffered] = []

    def make(codec: Codec, **changes: Any) -> Buffered:
        made.append(Buffered(codec, status, **changes))
        return made[-1]

    yield make
    for one in made:
        one.core.taps.unlink()


def speech(seconds: float = 2.0, channels: int = 1) -> Samples:
    draw = np.random.default_rng(5)
    noise = draw.standard_normal((channels, round(seconds * RATE)))
    return np.stack([0.05 * np.convolve(row, np.hanning(15) / 7, "same") for row in noise]).astype(np.float32)


def kinds() -> list[Codec]:
    return [TinyCodec(), *(TinyAhead(flavour) for flavour in ("plain", "rates", "continuous", "side", "stereo"))]


@pytest.mark.parametrize("codec", kinds(), ids=lambda codec: codec.info.name)
def test_blocks_are_the_offline_decode_later_by_the_stated_delay(
    buffered: Callable[..., Buffered], status: Status, codec: Codec
) -> None:
    sound = speech(channels=codec.info.channels)
    one = buffered(codec)
    out = one.hear(sound)
    whole = codec.encode(torch.from_numpy(sound)[None])
    wanted = codec.decode(whole)[0].numpy()
    # What the stream of a codec delays is in its decode; a decode of the whole has it taken off.
    delay = PREFILL + one.coder.delay_samples
    np.testing.assert_allclose(out[:, delay:], wanted[:, : out.shape[1] - delay], atol=1e-5)
    assert not out[:, : delay - codec.info.stream_delay_samples].any()
    assert status["dropped_frames"] == status["underruns"] == 0
    codes = rows(codec.info, whole)
    assert (one.core.taps.codes is None) == (codes is None)
    if codes is not None and one.core.taps.codes is not None:
        shown = one.core.taps.codes.read_since(0)[0]
        assert shown.shape[1] > 0.6 * codes.shape[2]
        assert np.array_equal(shown, codes[0, :, : shown.shape[1]].numpy())


@pytest.mark.parametrize("codec", [TinyCodec(), TinyAhead("plain")], ids=lambda codec: codec.info.name)
def test_a_machine_that_is_too_slow_loses_blocks_and_the_rest_is_in_time(
    buffered: Callable[..., Buffered], status: Status, codec: Codec
) -> None:
    """Every block takes a time and a half: one of three is left out, and what is heard is where it should be."""
    one = buffered(codec)
    tick = round(1.5 * BLOCK_S * RATE / one.step)
    sound = speech(6.0)
    out = one.hear(sound, works=lambda index: index % tick == tick - 1 and (one.coder.work() or True))
    assert 0.2 < status["dropped_frames"] * one.step / sound.shape[1] < 0.8
    heard = np.abs(out[0, sound.shape[1] // 2 :]) > 1e-4
    assert heard.mean() > 0.1, "not everything is too late"


def test_depth_changes_between_blocks_without_a_click(buffered: Callable[..., Buffered], status: Status) -> None:
    codec = TinyAhead("plain")
    one, straight = buffered(codec), buffered(codec)
    sound = speech()
    pieces, usual = [], straight.hear(sound)
    for index, at in enumerate(range(0, sound.shape[1], 3200)):
        one.core.change(SetLive(depth=1 + index % 2 * 3))
        pieces.append(one.hear(sound[:, at : at + 3200]))
        assert status["depth"] == 1 + index % 2 * 3
    out = np.concatenate(pieces, axis=1)
    assert np.abs(np.diff(out)).max() < 1.5 * np.abs(np.diff(usual)).max()
    assert not np.array_equal(out, usual)


def test_the_channel_lies_between_blocks_too(buffered: Callable[..., Buffered], status: Status) -> None:
    settings = ChannelSettings(loss=1.0, conceal=False)
    one = buffered(TinyAhead("rates"), channel=settings)
    out = one.hear(speech())
    assert not out.any() and status["lost_packets"] > 100


def test_a_computation_that_breaks_is_told_to_who_steps(buffered: Callable[..., Buffered]) -> None:
    class Broken(StreamCoder):
        def step(self, block: Samples) -> Any:
            raise ValueError("broken")

    codec = TinyCodec()
    inner = Broken(codec, codec.stream(start="silence"), StartLive())
    coder = BufferedCoder(codec.info, inner, BlockTimes(64, 0, 64, 64))
    coder.step(np.zeros((1, 64), np.float32))
    coder.close()
    with pytest.raises(ValueError, match="broken"):
        coder.step(np.zeros((1, 64), np.float32))
