"""The live round trip on a fake device: every sample accounted for, no clock, no sleeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.app.engine.live_cores import PREFILL, core_of, through
from tests.core.tiny_codec import TinyCodec
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, SetLive
from workbench.engine.server.live_core import LiveCore

HOP = 64
Samples = NDArray[np.float32]


@pytest.fixture
def status() -> Iterator[Status]:
    made = Status.create(LIVE_STATUS)
    yield made
    made.unlink()


@pytest.fixture
def speech() -> Samples:
    draw = np.random.default_rng(5)
    noise = draw.standard_normal(64 * 200)
    return (0.2 * np.convolve(noise, np.hanning(15) / 7, "same"))[None].astype(np.float32)


@pytest.fixture
def make(status: Status) -> Iterator[Callable[..., LiveCore]]:
    made = []

    def build(guard: bool = False, **changes: object) -> LiveCore:
        made.append(core_of(TinyCodec(), status, guard=guard, **changes))
        return made[-1]

    yield build
    for core in made:
        core.taps.unlink()


@pytest.mark.parametrize("block", [17, 64, 100, 250])
@pytest.mark.parametrize("frames_per_step", [1, 3])
def test_output_is_the_offline_decode_later_by_the_stated_delay(
    make: Callable[..., LiveCore], status: Status, speech: Samples, block: int, frames_per_step: int
) -> None:
    core = make(frames_per_step=frames_per_step, depth=3)
    out = through(core, speech, block)
    codec = TinyCodec()
    wanted = codec.decode(codec.encode(torch.from_numpy(speech)[None]), 3)[0].numpy()
    delay = PREFILL + codec.info.stream_delay_samples
    np.testing.assert_allclose(out[:, delay:], wanted[:, : out.shape[1] - delay], atol=1e-6)
    assert not out[:, :PREFILL].any()
    assert status["dropped_frames"] == status["underruns"] == status["overruns"] == 0
    assert status["frames"] == speech.shape[1] // HOP // frames_per_step * frames_per_step


def test_taps_hold_what_went_through(make: Callable[..., LiveCore], speech: Samples) -> None:
    core = make()
    through(core, speech, 64)
    codec = TinyCodec()
    encoded = codec.encode(torch.from_numpy(speech)[None])
    assert np.array_equal(core.taps.input.read_since(0)[0], speech)
    assert core.taps.codes is not None
    assert np.array_equal(core.taps.codes.read_since(0)[0], encoded.codes[0, :, :200].numpy())
    assert core.taps.output.written == speech.shape[1]


def test_a_late_worker_skips_whole_frames_and_counts_them(
    make: Callable[..., LiveCore], status: Status, speech: Samples
) -> None:
    core = make(max_queue_frames=4)
    through(core, speech, 64, work=lambda index: not 50 <= index < 80)
    dropped = status["dropped_frames"]
    assert dropped > 0 and status["underruns"] > 0
    assert status["frames"] + dropped == 200, "every frame was either coded or counted as lost"
    assert status["queue_samples"] <= PREFILL + 4 * HOP, "the delay does not stay"


def test_a_worker_that_is_a_little_late_loses_nothing(
    make: Callable[..., LiveCore], status: Status, speech: Samples
) -> None:
    core = make()
    through(core, speech, 64, work=lambda index: index % 4 == 3)
    assert status["dropped_frames"] == status["underruns"] == 0


def test_mute_depth_and_gain_change_without_a_jump(make: Callable[..., LiveCore], status: Status) -> None:
    tone = (0.5 * np.sin(2 * np.pi * 250 * np.arange(64 * 200) / 16_000))[None].astype(np.float32)
    core = make()
    core.change(SetLive(bypass=True))
    through(core, tone[:, :3200], 64)
    out = []
    for change in (
        SetLive(muted=True),
        SetLive(muted=False),
        SetLive(output_gain_db=-12.0),
        SetLive(input_gain_db=6.0),
    ):
        core.change(change)
        out.append(through(core, tone[:, 3200:4800], 64))
    heard = np.concatenate(out, axis=1)[0]
    assert np.abs(np.diff(heard)).max() < 0.1, "a jump of 0.5 would be a click"
    assert not heard[800:1600].any() and status["muted"] == 0
    core.change(SetLive(depth=2))
    through(core, tone[:, :640], 64)
    assert status["depth"] == 2


def test_bypass_is_the_input_as_late_as_the_decode(make: Callable[..., LiveCore], speech: Samples) -> None:
    core = make()
    core.change(SetLive(bypass=True))
    out = through(core, speech, 64)
    delay = PREFILL + core.info.stream_delay_samples
    assert np.array_equal(out[:, delay + 400 :], speech[:, 400 : out.shape[1] - delay])


def test_muted_at_the_start_is_silent_but_visible(
    make: Callable[..., LiveCore], status: Status, speech: Samples
) -> None:
    core = make()
    core.change(SetLive(muted=True))
    out = through(core, speech, 64)
    assert not out[:, PREFILL + 400 :].any()
    assert status["output_peak"] > 0.01 and status["muted"] == 1


def test_feedback_mutes_and_says_so(make: Callable[..., LiveCore], status: Status) -> None:
    core = make(guard=True)
    heard: list[str] = []
    core.on_howl = lambda: heard.append("howl")
    time_s = np.arange(64 * 500) / 16_000
    howl = np.minimum(0.001 * 10 ** (2 * time_s), 0.8) * np.sin(2 * np.pi * 1730 * time_s)
    through(core, howl[None].astype(np.float32), 64)
    assert heard == ["howl"]
    assert status["howl_muted"] == 1 and status["muted"] == 1
    core.change(SetLive(muted=False))
    core.tell(0)
    assert status["howl_muted"] == 0 and status["muted"] == 0


def test_counters_go_on_where_devices_are_opened_again(
    make: Callable[..., LiveCore], speech: Samples, status: Status
) -> None:
    first, second = make(max_queue_frames=1), make(max_queue_frames=1)
    through(first, speech, HOP, lambda index: index % 10 == 9)
    before = {name: status[name] for name in ("frames", "dropped_frames", "underruns")}
    assert min(before.values()) > 0
    second.count_on(first)
    second.tell(0, 2, 3)
    assert {name: status[name] for name in before} == before | {"underruns": before["underruns"] + 3}
    assert status["overruns"] == 2
