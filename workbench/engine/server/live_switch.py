"""Another codec, step or device for a session that runs: made ready on the task thread, then heard."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

from speefeare_core.codec import Codec, CodecInfo
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.server import live_devices
from workbench.engine.server.live import LiveSession
from workbench.engine.server.live_devices import InputSide, OutputSide, Side
from workbench.engine.server.live_feed import Source, make_source
from workbench.engine.server.live_prepare import Prepared, prepare
from workbench.engine.server.live_request import fitting, switched
from workbench.engine.server.live_taps import LiveTaps

LIMIT_S = 10.0  # for the live thread to take over, which it does between two steps
STOPPED = "Live was stopped meanwhile, so nothing was changed."
_CODER = ("depth", "books", "channel")  # what a coder is told


def switching(
    session: LiveSession,
    change: protocol.SwitchLive,
    codec: Codec | None = None,
    ready: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Work for the task thread; `codec`: the one to go on with, None: the same. `ready` is called when all that can
    fail has been done. Raises `SpeefeareError`; then live goes on as it was."""
    chosen = codec or session.codec
    request = switched(session.request, change)
    prepared = None
    if codec is not None or change.frames_per_step is not None:
        request = fitting(request, chosen)
        prepared = prepare(chosen, request, session.find_basis(chosen))
        yield
    opened: list[Side] = []
    taps = None
    try:
        new_in = _input(session, request, change, chosen.info, opened)
        new_out = _output(session, change, chosen.info, opened)
        yield from live_devices.settling(opened)
        source = None if new_in is not None else _source(session, request, change, chosen.info)
        was = session.prepared if prepared is None else prepared
        assert was is not None
        taps = LiveTaps(chosen.info, was.basis, chosen.book_energies)
        ready()
        yield from _handing_over(session, change, prepared, new_in, new_out, source, taps)
    except BaseException:
        if taps is not None and session.core is not None and session.core.taps is taps:
            raise  # it was voided when it was done already
        for side in opened:
            side.stream.stop()
        if taps is not None:
            taps.unlink()
        if prepared is not None:
            prepared.coder.close()
        raise


def _input(
    session: LiveSession,
    request: protocol.StartLive,
    change: protocol.SwitchLive,
    info: CodecInfo,
    opened: list[Side],
) -> InputSide | None:
    before = session.input
    if not live_devices.has_microphone(request):
        return None
    if before is not None and change.input is None and live_devices.can_stay(before, info):
        return before
    try:
        side = live_devices.open_input(session.sound, request.input, info, request.device_latency_s)
    except SpeefeareError:
        if before is None or change.input is not None:
            raise
        return before  # a device that opens only once: it goes on, and is converted
    opened.append(side)
    return side


def _output(session: LiveSession, change: protocol.SwitchLive, info: CodecInfo, opened: list[Side]) -> OutputSide:
    before = session.output
    assert before is not None
    if change.output is None and live_devices.can_stay(before, info):
        return before
    name = session.request.output if change.output is None else change.output
    try:
        side = live_devices.open_output(session.sound, name, info, session.request.device_latency_s)
    except SpeefeareError:
        if change.output is not None:
            raise
        return before
    opened.append(side)
    return side


def _source(
    session: LiveSession, request: protocol.StartLive, change: protocol.SwitchLive, info: CodecInfo
) -> Source | None:
    """The one that speaks, where it gives what the codec takes; else the same again, from where it was."""
    before, old = session.source, session.codec.info
    same = (old.rate_hz, old.channels) == (info.rate_hz, info.channels)
    if before is not None and change.input is None and same:
        return before
    source = make_source(request, info)
    if before is not None and change.input is None:
        skip = round(before.position * info.rate_hz / old.rate_hz)
        while skip > 0 and not source.ended:
            skip -= source.read(min(skip, info.rate_hz)).shape[1]
    return source


def _handing_over(
    session: LiveSession,
    change: protocol.SwitchLive,
    prepared: Prepared | None,
    new_in: InputSide | None,
    new_out: OutputSide,
    source: Source | None,
    taps: LiveTaps,
) -> Iterator[None]:
    """Raises `SpeefeareError` where it did not happen."""
    done, given_up, once = threading.Event(), threading.Event(), threading.Lock()
    failed: list[Exception] = []

    def hand_over() -> None:
        with once:
            if given_up.is_set():
                return
            try:
                session.take_over_now(_as_wished_by_now(session, change, prepared), new_in, new_out, source, taps)
            except Exception as error:
                failed.append(error)
            done.set()

    session.post(hand_over)
    limit = time.monotonic() + LIMIT_S
    try:
        while not done.is_set():
            if not session.running or time.monotonic() > limit:
                raise SpeefeareError(STOPPED)
            time.sleep(0.01)
            yield
    except BaseException:
        with once:
            given_up.set()
        raise
    if failed:
        raise failed[0]


def _as_wished_by_now(session: LiveSession, change: protocol.SwitchLive, prepared: Prepared | None) -> Prepared:
    """What was changed by hand while this was made ready stays changed."""
    now = switched(session.request, change)
    if prepared is None:
        assert session.prepared is not None
        return dataclasses.replace(session.prepared, request=now)
    now = fitting(now, prepared.codec)
    if any(getattr(now, name) != getattr(prepared.request, name) for name in _CODER):
        depth = now.depth or (prepared.codec.info.depth or None)
        prepared.coder.change(protocol.SetLive(depth=depth, books=now.books, channel=now.channel))
    return dataclasses.replace(prepared, request=now)
