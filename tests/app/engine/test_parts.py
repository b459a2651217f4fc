"""The small parts of the engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core import levels
from speefeare_core.errors import SpeefeareError
from tests.app.engine.harness import speech_file
from workbench.engine import protocol
from workbench.engine.server import latency, renders
from workbench.engine.server.fifo import SampleFifo
from workbench.engine.server.growing import GrowingArray
from workbench.engine.server.live_source import FileSource
from workbench.engine.server.loudness import loudness
from workbench.engine.server.tasks import Task, TaskThread


def result(work: Iterator[None]) -> object:
    """Run a generator to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_fifo_keeps_order_round_its_end_and_counts_what_does_not_fit() -> None:
    fifo = SampleFifo(1, 10)
    assert fifo.write(np.arange(7, dtype=np.float32)[None]) == 0
    assert fifo.read(5)[0].tolist() == [0, 1, 2, 3, 4]
    assert fifo.write(np.arange(7, 17, dtype=np.float32)[None]) == 2
    fifo.skip(1)
    assert fifo.read(99)[0].tolist() == [6, 7, 8, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("channels", [1, 2])
def test_growing_array_is_exactly_what_was_appended(channels: int) -> None:
    growing = GrowingArray(channels, 10)
    blocks = [np.random.default_rng(n).standard_normal((channels, n)).astype(np.float32) for n in (4, 3, 40, 1)]
    for block in blocks:
        growing.append(block)
    shared = growing.finish()
    assert np.array_equal(shared.array, np.concatenate(blocks, axis=1))
    shared.unlink()


def test_loudness_of_a_long_clip_is_that_of_the_whole() -> None:
    draw = np.random.default_rng(0)
    swell = 10 ** (np.sin(np.arange(50 * 8000) / 20_000))
    clip = (0.01 * swell * draw.standard_normal((1, 50 * 8000))).astype(np.float32)
    assert result(loudness(clip, 8000)) == pytest.approx(levels.loudness_lufs(clip, 8000), abs=0.01)


@pytest.mark.parametrize("delay", [0, 5, -7])
def test_a_render_is_aligned_levelled_and_measured(delay: int) -> None:
    draw = np.random.default_rng(0)
    original = np.convolve(draw.standard_normal(20_000), np.hanning(9), "same")[None].astype(np.float32) * 0.1
    render = 0.25 * (np.roll(original, delay, axis=1) + 0.01 * draw.standard_normal(original.shape).astype(np.float32))
    lufs = levels.loudness_lufs(original, 16_000)
    measured = result(renders.finish(original, render, 16_000, lufs))
    assert isinstance(measured, renders.Measured)
    assert measured.delay_samples == delay
    assert measured.gain_db == pytest.approx(12.0, abs=0.1)
    assert measured.si_sdr_db > 20
    assert np.corrcoef(original[0, 100:-100], render[0, 100:-100])[0, 1] > 0.99


def test_unlike_sounds_are_not_moved() -> None:
    draw = np.random.default_rng(0)
    a, b = draw.standard_normal((2, 1, 8000)).astype(np.float32)
    assert renders.residual_delay(a, b, 16_000) == 0


def test_file_as_microphone_gives_every_sample_once_or_for_ever(tmp_path: Path) -> None:
    path = speech_file(tmp_path, 0.33)
    samples, _ = soundfile.read(path, dtype="float32")
    source = FileSource(str(path), 16_000, 1, loop=False)
    parts = [source.read(700) for _ in range(9)]
    assert np.array_equal(np.concatenate(parts, axis=1)[0], samples)
    assert source.ended and source.position == len(samples)
    looped = FileSource(str(path), 16_000, 1, loop=True)
    assert np.array_equal(looped.read(3 * len(samples))[0], np.tile(samples, 3))


def test_latency_adds_up_to_what_waits() -> None:
    prefill = latency.prefill_samples(320, 160, 480, 50, 16_000)
    parts = latency.parts(0.01, 0.02, 320, 64, 50, prefill, 16_000)
    named = {part.name: part.samples for part in parts}
    assert named["framing"] + named["compute"] + named["queue"] == prefill >= 2 * 320
    assert (named["input device"], named["output device"], named["codec"]) == (160, 320, 64)


def test_tasks_end_once_by_urgency_and_survive_anything() -> None:
    ends: list[protocol.Event] = []
    order: list[str] = []
    gate, finished = threading.Event(), threading.Event()

    def emit(event: protocol.Event) -> None:
        ends.append(event)
        if len(ends) == 7:
            finished.set()

    def work(name: str, error: Exception | None = None, chunks: int = 2) -> Iterator[None]:
        gate.wait()
        for _ in range(chunks):
            order.append(name)
            yield
        if error is not None:
            raise error

    tasks = TaskThread(emit)
    tasks.submit(Task(1, "clip", 2, work("first")))
    tasks.submit(Task(2, "clip", 2, work("slow")), voids="clip")
    tasks.submit(Task(3, "load", 0, work("urgent")))
    tasks.submit(Task(4, "other", 3, work("wrong", SpeefeareError("Say this."))))
    tasks.submit(Task(5, "other", 3, work("memory", MemoryError())))
    tasks.submit(Task(6, "other", 3, work("odd", OSError(28, "No space left on device"))))
    tasks.submit(Task(7, "other", 3, work("cancelled")))
    tasks.cancel(7)
    gate.set()
    assert finished.wait(20)
    tasks.stop(5)
    assert sorted(event.request_id for event in ends) == [1, 2, 3, 4, 5, 6, 7]
    by_id = {event.request_id: event for event in ends}
    assert isinstance(by_id[1], protocol.Voided) and isinstance(by_id[7], protocol.Voided)
    assert isinstance(by_id[2], protocol.Done) and isinstance(by_id[3], protocol.Done)
    sentences = [event.sentence for number in (4, 5, 6) if isinstance(event := by_id[number], protocol.Failed)]
    assert sentences[0] == "Say this." and "memory" in sentences[1] and "No space left" in sentences[2]
    assert [name for name in order if name in ("slow", "urgent")][:1] != ["slow"] or order[0] == "first"
    assert "cancelled" not in order
