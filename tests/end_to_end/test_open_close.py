"""Two hundred clips opened and closed in one window and one engine, with columns, differences and moments: nothing
grows. Memory is looked at after a first part, in which caches fill. And a window that was closed is forgotten."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.app.engine.harness import speech_file
from tests.app.engine.tiny_engine import COMMAND
from tests.app.shell.fake_engine import FakeClient
from tests.core.tiny_codec import tiny_file
from tests.leaks import _segments
from workbench import commands
from workbench.app import Workbench, build_workbench
from workbench.engine.client import EngineClient
from workbench.engine.protocol import VIRTUAL_DEVICE
from workbench.settings import Settings
from workbench.state.derived_takes import number_of
from workbench.verbs import columns, listen

pytestmark = pytest.mark.timeout(400)
PATIENCE_MS = 120_000
CYCLES, FIRST = 200, 60
GROWTH_BYTES = 24 << 20  # what allocators may do; a leak of one clip a cycle would be several times that


@dataclass(frozen=True)
class Held:
    """What two processes hold."""

    window_bytes: int
    engine_bytes: int
    window_handles: int
    engine_handles: int
    window_threads: int
    engine_threads: int
    segments: int
    mapped: int


def held(workbench: Workbench) -> Held:
    gc.collect()
    window, engine = psutil.Process(), psutil.Process(workbench.context.client.pid)
    return Held(
        window.memory_info().rss,
        engine.memory_info().rss,
        window.num_fds(),
        engine.num_fds(),
        window.num_threads(),
        engine.num_threads(),
        len(_segments()),
        len(workbench.context.client._attached._arrays),
    )


@pytest.fixture
def workbench(qapp: QApplication) -> Iterator[Workbench]:
    made = build_workbench(Settings(output_device=VIRTUAL_DEVICE), EngineClient(COMMAND))
    made.add_panels()
    made.window.show()
    made.start()
    yield made
    made.close()
    made.window.close()
    made.window.deleteLater()


def test_two_hundred_clips_leave_nothing_behind(workbench: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    ctx = workbench.context

    def until(done: Callable[[], bool]) -> None:
        qtbot.waitUntil(done, timeout=PATIENCE_MS)

    faster = tmp_path / "faster"
    faster.mkdir()
    commands.load_codec(ctx, tiny_file(tmp_path), "cpu")
    clips = [speech_file(tmp_path, 0.15 + 0.1 * n, name=f"{n}.wav") for n in range(3)]
    column = columns.add_column(ctx, tiny_file(faster, rate_hz=24_000), "cpu")
    missing, far = number_of("missing", 2), number_of("take", 4, column)
    before: Held | None = None
    for cycle in range(CYCLES):
        commands.open_clip(ctx, clips[cycle % 3])
        until(lambda: ctx.clip.complete and ctx.clip.data.path == str(clips[cycle % 3]))  # noqa: B023
        if cycle % 10 == 0:
            until(lambda: far in ctx.clip.data.renders)
            listen.select(ctx, missing)
            until(lambda: missing in ctx.clip.data.renders)
            listen.play_once(ctx, 0, 800, far)
            columns.measure(ctx)
            until(lambda: not ctx.columns.measuring)
            listen.select(ctx, 2)
        if cycle % 50 == 49:
            columns.remove_column(ctx, column)
            ctx.history.undo()
        if cycle == FIRST:
            until(lambda: not ctx.clip.stage and not ctx.columns.columns[column].request)
            before = held(workbench)
    until(lambda: not ctx.clip.stage and not ctx.columns.columns[column].request)
    after = held(workbench)
    assert before is not None and not ctx.engine.failures
    assert after.window_bytes - before.window_bytes < GROWTH_BYTES, (before, after)
    assert after.engine_bytes - before.engine_bytes < GROWTH_BYTES, (before, after)
    assert after.window_handles <= before.window_handles + 2, (before, after)
    assert after.engine_handles <= before.engine_handles + 2, (before, after)
    assert after.window_threads <= before.window_threads and after.engine_threads <= before.engine_threads
    assert after.segments <= before.segments + 8 and after.mapped <= before.mapped + 8, (before, after)


def test_a_window_that_was_closed_is_forgotten_with_all_its_states(qapp: QApplication) -> None:
    """Functions that hold the window and listen to a state would keep both for ever, some megabytes a window."""
    gone = []
    for _ in range(3):
        client = FakeClient()
        made = build_workbench(Settings(), client)  # type: ignore[arg-type]
        made.add_panels()
        made.window.show()
        client.say_ready()
        made.clock.tick()
        commands.load_codec(made.context, "fake")
        client.say_codec()
        made.clock.tick()
        commands.open_clip(made.context, "/clips/a.wav")
        client.say_clip()
        for _ in range(6):
            made.clock.tick()
        qapp.processEvents()
        made.close()
        made.window.close()
        made.window.deleteLater()
        gone += [weakref.ref(made.window), weakref.ref(made.context.clip)]
        del made
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        qapp.processEvents()
        gc.collect()
    del client
    gc.collect()
    assert [found for found in gone if found() is not None] == []
