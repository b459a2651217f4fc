"""What a live session no longer uses is let go at once: nothing waits for the garbage collector, which seldom runs."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from speefeare_core.resources import resource
from tests.app.engine.test_devices import FLAGS, Library, with_library
from tests.core.tiny_codec import TinyCodec
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, VIRTUAL_DEVICE, StartLive
from workbench.engine.server import live_recovery, live_taps
from workbench.engine.server.live import LiveSession
from workbench.engine.server.sound import Sound

BLOCK_S = 0.005
OPENED_AGAIN = 3


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is in a cycle stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def taps(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[live_taps.LiveTaps]]:
    """Every set of rings that was made: 8 MB for a minute of the shipped codec."""
    made: list[weakref.ref[live_taps.LiveTaps]] = []
    begin = live_taps.LiveTaps.__init__

    def note(self: live_taps.LiveTaps, *args: object, **named: object) -> None:
        begin(self, *args, **named)  # type: ignore[arg-type]
        made.append(weakref.ref(self))

    monkeypatch.setattr(live_taps.LiveTaps, "__init__", note)
    return made


@pytest.fixture
def card() -> Iterator[Sound]:
    """A sound card whose newest stream runs."""
    sound, library = with_library()
    end = threading.Event()
    thread = threading.Thread(target=_run, args=(library, end))
    thread.start()
    yield sound
    end.set()
    thread.join()


def _run(library: Library, end: threading.Event) -> None:
    when = SimpleNamespace(currentTime=100.0, outputBufferDacTime=100.02, inputBufferAdcTime=99.98)
    while not end.wait(BLOCK_S):
        del library.streams[:-1]  # the library itself must not be what keeps them
        for stream in library.streams:
            if stream.running:
                count = round(BLOCK_S * stream.settings["samplerate"])
                stream.callback(np.zeros((count, stream.settings["channels"]), np.float32), count, when, FLAGS)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("device", ["Card", VIRTUAL_DEVICE])
def test_devices_that_are_opened_again_take_no_memory(
    device: str, card: Sound, taps: list[weakref.ref[live_taps.LiveTaps]]
) -> None:
    status = Status.create(LIVE_STATUS)
    speech = str(resource("samples", "sense_and_sensibility.flac"))
    request = StartLive(file=speech, loop_file=True, output=device, muted=False)
    live = LiveSession(1, request, TinyCodec(), lambda codec: None, card, status, lambda event: None)
    try:
        for count in range(1, OPENED_AGAIN + 1):
            assert _until(lambda count=count: len(taps) == count and live.core is not None)  # type: ignore[misc]
            live.post(lambda: live_recovery.Recovery(live)._open_again(False))
        assert _until(lambda: len(taps) == 1 + OPENED_AGAIN)
        assert _until(lambda: sum(made() is not None for made in taps) == 1), "only the rings that are heard stay"
    finally:
        live.stop()
        status.unlink()


def _until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()
