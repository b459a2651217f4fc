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
from workbench.engine.server.live import LiveSession, make_source
from workbench.engine.server.live_coder import fitting_channel
from workbench.engine.server.live_devices import InputSide, OutputSide, Side
from workbench.engine.server.live_feed import Source
from workbench.engine.server.live_prepare import Prepared, prepare

LIMIT_S = 10.0  # for the live thread to take over, which it does between two steps
STOPPED = "Live was stopped meanwhile, so nothing was changed."


def switching(
    session: LiveSession,
    change: protocol.SwitchLive,
    codec: Codec | None = None,
    ready: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Work for the task thread; `codec`: the one to go on with, None: the same. `ready` is called when all that can
    fail has been done. Raises `SpeefeareError`; then live goes on as it was."""
    request = wanted(session.request, change)
    prepared = None
    if codec is not None or change.frames_per_step is not None:
        chosen = codec or session.codec
        request = fitting(request, chosen)
        prepared = prepare(chosen, request, session.find_basis(chosen))
        yield
    info = (codec or session.codec).info
    opened: list[Side] = []
    try:
        new_in = _input(session, request, change, info, opened)
        new_out = _output(session, change, info, opened)
        yield from live_devices.settling(opened)
        source = None if new_in is not None else _source(session, request, change, info)
    except BaseException:
        for side in opened:
            side.stream.stop()
        raise
    ready()
    yield from _handing_over(session, prepared, request, new_in, new_out, source, opened)


def wanted(request: protocol.StartLive, change: protocol.SwitchLive) -> protocol.StartLive:
    """The session's request after the change."""
    changes: dict[str, object] = {}
    if change.input is not None:
        changes |= {"input": change.input, "file": None, "generator": None}
    if change.output is not None:
        changes["output"] = change.output
    if change.frames_per_step is not None:
        changes["frames_per_step"] = change.frames_per_step
    return dataclasses.replace(request, **changes)  # type: ignore[arg-type]


def fitting(request: protocol.StartLive, codec: Codec) -> protocol.StartLive:
    """What of a request that was made for another codec this one can have."""
    info = codec.info
    depth = request.depth if request.depth is not None and 1 <= request.depth <= info.depth else None
    books = tuple(book for book in request.books if book < info.depth)
    return dataclasses.replace(request, depth=depth, books=books, channel=fitting_channel(codec, request.channel))


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
        opened.append(live_devices.open_input(session.sound, request.input, info))
    except SpeefeareError:
        if before is None or change.input is not None:
            raise
        return before  # a device that opens only once: it goes on, and is converted
    side = opened[-1]
    assert isinstance(side, InputSide)
    return side


def _output(session: LiveSession, change: protocol.SwitchLive, info: CodecInfo, opened: list[Side]) -> OutputSide:
    before = session.output
    assert before is not None
    if change.output is None and live_devices.can_stay(before, info):
        return before
    name = session.request.output if change.output is None else change.output
    try:
        opened.append(live_devices.open_output(session.sound, name, info))
    except SpeefeareError:
        if change.output is not None:
            raise
        return before
    side = opened[-1]
    assert isinstance(side, OutputSide)
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
    prepared: Prepared | None,
    request: protocol.StartLive,
    new_in: InputSide | None,
    new_out: OutputSide,
    source: Source | None,
    opened: list[Side],
) -> Iterator[None]:
    done, failed = threading.Event(), []

    def hand_over() -> None:
        try:
            was = session.prepared
            assert was is not None
            # What was changed by hand while this was made ready stays changed.
            now = dataclasses.replace(
                request,
                **{
                    name: getattr(session.request, name) for name in ("muted", "mix", "input_gain_db", "output_gain_db")
                },
            )
            chosen = dataclasses.replace(was if prepared is None else prepared, request=now)
            session.take_over_now(chosen, new_in, new_out, source)
        except Exception as error:
            failed.append(error)
        done.set()

    session.post(hand_over)
    limit = time.monotonic() + LIMIT_S
    while not done.is_set():
        if not session.running or time.monotonic() > limit:
            for side in opened:
                side.stream.stop()
            raise SpeefeareError(STOPPED)
        time.sleep(0.01)
        yield
    if failed:
        raise failed[0]
