"""Timing the loaded codec before live starts, and what is advised."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.modes import EXACT
from tests.app.engine.harness import Talk
from tests.core.tiny_codec import TinyCodec
from workbench.engine import protocol as p
from workbench.engine.protocol import LiveEstimate
from workbench.engine.server import estimate
from workbench.engine.server.tasks import Task, TaskThread


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "POINT_S", 0.01)


def said(codec: Codec, frames: tuple[int, ...], modes: tuple[str, ...] = (EXACT,)) -> list[p.Event]:
    events: list[p.Event] = []
    for _ in estimate.estimating(3, codec, frames, modes, events.append):
        pass
    return events


def test_every_point_is_timed_and_its_parts_add_up() -> None:
    codec = TinyCodec()
    *progress, estimated = said(codec, (1, 4))
    assert all(isinstance(event, p.Progress) for event in progress) and len(progress) == 2
    assert isinstance(estimated, p.LiveEstimated) and estimated.request_id == 3
    assert [point.frames for point in estimated.points] == [1, 4]
    info = codec.info
    for point in estimated.points:
        step_ms = 1000 * point.frames * info.live_frames * info.hop_samples / info.rate_hz
        assert point.real_time_factor == pytest.approx(point.step_ms / step_ms)
        codec_ms = 1000 * info.stream_delay_samples / info.rate_hz
        assert point.latency_ms == pytest.approx(step_ms + codec_ms + point.step_ms)
        assert point.p99_ms >= point.step_ms > 0
    assert estimated.advice.endswith(".")


def test_the_first_steps_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only the steps move: slow ones first."""
    now = 0.0

    class SlowStart(TinyCodec):
        def stream(self, *args: object, **named: object):  # type: ignore[no-untyped-def]
            made = super().stream(*args, **named)  # type: ignore[arg-type]
            plain, turns = made.step, iter(range(10_000))

            def step(audio):  # type: ignore[no-untyped-def]
                nonlocal now
                now += 1.0 if next(turns) < estimate.WARM_UP_STEPS else 0.001
                return plain(audio)

            made.step = step  # type: ignore[method-assign]
            return made

    monkeypatch.setattr(estimate.time, "perf_counter", lambda: now)
    estimated = said(SlowStart(), (1,))[-1]
    assert isinstance(estimated, p.LiveEstimated)
    assert estimated.points[0].step_ms == pytest.approx(1.0) and estimated.points[0].p99_ms == pytest.approx(1.0)


def test_a_mode_that_the_codec_has_not_is_left_out_and_said() -> None:
    estimated = said(TinyCodec(), (1,), (EXACT, "bfloat16"))[-1]
    assert isinstance(estimated, p.LiveEstimated)
    assert [point.mode for point in estimated.points] == [EXACT]
    assert "bfloat16" in estimated.advice


def test_what_cannot_be_timed_is_a_sentence() -> None:
    with pytest.raises(SpeefeareError, match="bfloat16"):
        said(TinyCodec(), (1,), ("bfloat16",))
    with pytest.raises(SpeefeareError, match="no mode float7"):
        said(TinyCodec(), (1,), ("float7",))
    with pytest.raises(SpeefeareError, match="nothing to time"):
        said(TinyCodec(), ())


def test_it_stops_between_chunks_when_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "POINT_S", 1e9)
    monkeypatch.setattr(estimate, "MOST_STEPS", 10**9)
    monkeypatch.setattr(estimate, "CHUNK_S", 0.0)
    events: list[p.Event] = []
    thread = TaskThread(events.append)

    def work() -> Iterator[None]:
        yield from estimate.estimating(5, TinyCodec(), (1,), (EXACT,), events.append)

    thread.submit(Task(5, "estimate", 1, work()))
    while not events:
        pass
    thread.cancel(5)
    thread.stop(10.0)
    assert isinstance(events[-1], p.Voided)


def point(frames: int, latency_ms: float, factor: float, p99: float = 1.0) -> LiveEstimate:
    return LiveEstimate(frames, EXACT, 10.0, 10.0 * p99, factor, latency_ms)


def test_the_advice_is_the_smallest_latency_that_is_steady() -> None:
    fast_but_uneven, even, late = point(1, 40, 0.5, p99=1.6), point(2, 60, 0.3), point(4, 100, 0.1)
    words = estimate.advice([late, fast_but_uneven, even])
    assert words.startswith("2 frames a step") and "60 ms" in words and "30 %" in words
    bfloat = dataclasses.replace(point(1, 30, 0.2), mode="bfloat16")
    assert "Faster (16-bit)" in estimate.advice([even, bfloat])


def test_the_advice_where_nothing_is_steady() -> None:
    assert "4 frames a step come nearest" in estimate.advice([point(1, 40, 0.95), point(4, 90, 0.8)])
    assert "too slow" in estimate.advice([point(1, 40, 2.0), point(4, 90, 1.5)])
    assert "1.5 times" in estimate.advice([point(1, 40, 2.0), point(4, 90, 1.5)])


def test_the_engine_times_the_loaded_codec_but_not_while_live_runs(talk: Talk) -> None:
    events = talk.ask(p.EstimateLive(frames=(1, 2)))
    (estimated,) = [event for event in events if isinstance(event, p.LiveEstimated)]
    assert [point.frames for point in estimated.points] == [1, 2]
    talk.ask(p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE))
    assert "stop it first" in talk.refused(p.EstimateLive())
