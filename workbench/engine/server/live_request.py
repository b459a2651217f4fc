"""What a session would be started with to be as it is after a change."""

from __future__ import annotations

import dataclasses

from speefeare_core.codec import Codec
from speefeare_core.stream import CodecStream
from workbench.engine import protocol
from workbench.engine.server.live_coder import fitting_channel

_SET = ("depth", "muted", "input_gain_db", "output_gain_db", "mix", "books", "channel")


def merged(request: protocol.StartLive, change: protocol.SetLive) -> protocol.StartLive:
    """After `SetLive`, but for its mode, which comes when its plan is ready."""
    changes = {name: getattr(change, name) for name in _SET if getattr(change, name) is not None}
    return dataclasses.replace(request, **changes)


def switched(request: protocol.StartLive, change: protocol.SwitchLive) -> protocol.StartLive:
    """After `SwitchLive`, but for what another codec cannot have."""
    if change.input is not None:
        request = dataclasses.replace(request, input=change.input, file=None, generator=None)
    if change.output is not None:
        request = dataclasses.replace(request, output=change.output)
    if change.frames_per_step is not None:
        request = dataclasses.replace(request, frames_per_step=change.frames_per_step)
    return request


def fitting(request: protocol.StartLive, codec: Codec) -> protocol.StartLive:
    """What of a request that may have been made for another codec this one can have."""
    info = codec.info
    depth = request.depth if request.depth is not None and 1 <= request.depth <= info.depth else None
    books = tuple(book for book in request.books if book < info.depth) if _decodes_books(codec) else ()
    return dataclasses.replace(request, depth=depth, books=books, channel=fitting_channel(codec, request.channel))


def _decodes_books(codec: Codec) -> bool:
    if codec.info.streamable:
        return type(codec.stream(start="silence")).choose_books is not CodecStream.choose_books
    return codec.can_decode_books
