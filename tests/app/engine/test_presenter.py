"""The frozen minute: the same frames of every tap, heard again without clicks, gone when it is let go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core.errors import SpeefeareError
from tests.app.engine.harness import Talk, speech_file
from tests.core.tiny_codec import TinyCodec
from workbench.engine import protocol as p
from workbench.engine.memory import Ring, SharedArray
from workbench.engine.server import live_taps
from workbench.engine.server.live_taps import LiveTaps
from workbench.engine.server.presenter import MARGIN_S, FrozenMinute, FrozenReplay

HOP, RATE = 64, 16_000
INFO = TinyCodec().info


@pytest.fixture
def taps(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveTaps]:
    monkeypatch.setattr(live_taps, "KEPT_S", 4.0)
    made = LiveTaps(INFO, None)
    yield made
    made.unlink()


def feed(taps: LiveTaps, frames: int, start: int = 0) -> None:
    """Frame f is f everywhere: f + 1 in the input, −(f + 1) in the output, f % 16 in every book."""
    for frame in range(start, start + frames):
        block = np.full((1, HOP), frame + 1, np.float32)
        taps.write(block, -block, torch.full((1, 4, 1), frame % 16), None)


@pytest.mark.parametrize("frames", [40, 1000, 2500])
def test_all_taps_are_frozen_at_the_same_frames(taps: LiveTaps, frames: int) -> None:
    feed(taps, frames)
    minute = FrozenMinute(taps, INFO)
    event = minute.event(5)
    kept = round(4.0 * RATE) // HOP - round(MARGIN_S * RATE / HOP)
    first = max(0, frames - kept)
    count = frames - first
    assert minute.length_samples == count * HOP
    sound, out = minute.sound("input"), minute.sound("output")
    assert np.array_equal(sound[0, ::HOP], np.arange(first, frames, dtype=np.float32) + 1)
    assert np.array_equal(out, -sound)
    assert event.codes is not None and event.latents is None and event.codes.shape == (4, count)
    codes = SharedArray.attach(event.codes)
    assert np.array_equal(codes.array[2], np.arange(first, frames) % 16)
    feed(taps, 500, frames)
    assert np.array_equal(sound[0, ::HOP], np.arange(first, frames, dtype=np.float32) + 1), "a copy"
    minute.unlink()
    assert np.array_equal(codes.array[2], np.arange(first, frames) % 16), "who has it open keeps it"
    with pytest.raises(FileNotFoundError):
        SharedArray.attach(event.input)


def test_freezing_while_the_writer_goes_on_mixes_nothing(taps: LiveTaps) -> None:
    """As fast as it can: what the writer has overwritten meanwhile is silence, never another time's sound."""
    feed(taps, 2000)
    end = threading.Event()
    frame = [2000]

    def write() -> None:
        while not end.is_set():
            feed(taps, 10, frame[0])
            frame[0] += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            minute = FrozenMinute(taps, INFO)
            heard = minute.sound("input")[0]
            minute.unlink()
            sounding = heard[np.flatnonzero(heard)]
            steps = np.diff(sounding)
            assert len(sounding) and set(np.unique(steps)) <= {0.0, 1.0}
    finally:
        end.set()
        writer.join()


def test_nothing_heard_yet(taps: LiveTaps) -> None:
    with pytest.raises(SpeefeareError, match="Nothing was heard yet"):
        FrozenMinute(taps, INFO)


@pytest.fixture
def minute(taps: LiveTaps) -> Iterator[FrozenMinute]:
    """A loud constant, which shows every fade."""
    for _ in range(200):
        codes = torch.zeros(1, 4, 1, dtype=torch.int64)
        taps.write(np.full((1, HOP), 0.25, np.float32), np.full((1, HOP), 0.5, np.float32), codes, None)
    made = FrozenMinute(taps, INFO)
    yield made
    made.unlink()


def hear(replay: FrozenReplay, block: int) -> np.ndarray:
    live = np.full((1, block), 9.0, np.float32)
    parts = []
    while (part := replay.replace(live)) is not None:
        replay.hear(live)
        assert part.shape == live.shape
        parts.append(part)
    assert replay.ended and replay.replace(live) is None
    return np.concatenate(parts, axis=1)[0]


@pytest.mark.parametrize("block", [1, 64, 1000, 5120])
@pytest.mark.parametrize("heard", ["input", "output"])
def test_a_part_is_heard_with_fades_of_5_ms(minute: FrozenMinute, block: int, heard: str) -> None:
    replay = FrozenReplay(minute, 1000, 4000, heard)
    assert replay.position == 1000
    sound = hear(replay, block)
    value = 0.5 if heard == "output" else 0.25
    assert replay.position == 4000 and not sound[3000:].any()
    assert np.array_equal(sound[80:2920], np.full(2840, value, np.float32))
    assert np.abs(np.diff(np.concatenate([[0], sound[:3000], [0]]))).max() <= 1.001 * value / 80
    assert sound.max() <= value


def test_stopping_and_beginning_elsewhere_do_not_click(minute: FrozenMinute) -> None:
    live = np.zeros((1, 640), np.float32)
    first = FrozenReplay(minute, 0, 10_000, "output")
    parts = [first.replace(live) for _ in range(3)]
    second = FrozenReplay(minute, 5000, 9000, "output", before=first)
    parts += [second.replace(live) for _ in range(2)]
    second.stop()
    parts += [second.replace(live), second.replace(live)]
    assert parts[-1] is None and second.ended
    sound = np.concatenate([part for part in parts if part is not None], axis=1)[0]
    assert np.abs(np.diff(sound)).max() <= 1.01 * 0.5 / 80
    assert sound[1920:2000] == pytest.approx(0.5, abs=0.02), "the two cross over"


def test_a_range_shorter_than_its_fades(minute: FrozenMinute) -> None:
    sound = hear(FrozenReplay(minute, 10, 20, "input"), 64)
    assert np.abs(np.diff(np.concatenate([[0], sound]))).max() <= 0.051 and not sound[10:].any()
    assert len(hear(FrozenReplay(minute, 10, 11, "input"), 64)) == 64


@pytest.mark.parametrize(("start", "end"), [(-1, 10), (10, 10), (20, 10), (0, 200 * HOP + 1)])
def test_a_range_that_is_not_there(minute: FrozenMinute, start: int, end: int) -> None:
    with pytest.raises(SpeefeareError, match="are not in the frozen"):
        FrozenReplay(minute, start, end, "output")
    with pytest.raises(SpeefeareError, match="input and output"):
        FrozenReplay(minute, 0, None, "codes")


def test_copy_to_says_what_the_writer_has_taken() -> None:
    ring = Ring.create(1, 10, np.int32)
    ring.write(np.arange(14)[None].astype(np.int32))
    out = np.zeros((1, 6), np.int32)
    assert ring.copy_to(out, 6) == 0 and out[0].tolist() == [6, 7, 8, 9, 10, 11]
    assert ring.copy_to(out, 2) == 2 and out[0, 2:].tolist() == [4, 5, 6, 7]
    assert ring.rows == 1 and ring.dtype == np.int32
    ring.unlink()


# -- through the engine -------------------------------------------------------------------------------------------
def test_freeze_hear_and_go_on(talk: Talk, tmp_path: Path) -> None:
    assert "start it first" in talk.refused(p.FreezeLive())
    path = speech_file(tmp_path, 1.0)
    events = talk.ask(p.StartLive(output=p.VIRTUAL_DEVICE, file=str(path), loop_file=True, muted=False))
    started = next(event for event in events if isinstance(event, p.LiveStarted))
    status = talk.client.live_status
    assert status is not None and status["replay_position"] == -1
    assert "freeze the last minute first" in talk.refused(p.ReplayFrozen(0))
    talk.until(lambda: status["frames"] > 250)
    frozen = next(event for event in talk.ask(p.FreezeLive()) if isinstance(event, p.LiveFrozen))
    sound = talk.client.array(frozen.input)
    length = sound.shape[1]
    ring = talk.client.ring(started.input_ring)
    assert np.array_equal(ring.read_since(0)[0][:, :length], sound)
    assert frozen.codes is not None and frozen.codes.shape == (4, length // HOP)
    talk.ask(p.ReplayFrozen(3000, 9000))
    talk.until(lambda: status["replay_position"] >= 3000)
    seen = status["frames"]
    talk.until(lambda: status["replay_position"] == -1)
    assert status["frames"] > seen, "live coding went on meanwhile"
    talk.ask(p.ReplayFrozen(0, None, "input"))
    talk.until(lambda: status["replay_position"] > 500)
    talk.ask(p.ReplayFrozen(None))
    talk.until(lambda: status["replay_position"] == -1)
    assert "are not in the frozen" in talk.refused(p.ReplayFrozen(0, length + 1))
    talk.ask(p.FreezeLive(False))
    assert not Path(frozen.input.name).exists()
    assert "freeze the last minute first" in talk.refused(p.ReplayFrozen(0))
    again = next(event for event in talk.ask(p.FreezeLive()) if isinstance(event, p.LiveFrozen))
    talk.ask(p.StopLive())
    assert not Path(again.input.name).exists()
    assert status["dropped_frames"] == 0
