"""How each kind of take is made: decoded by the codec or by a column's, or summed of others where it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from speefeare_core.codec import CodecInfo, Encoded
from workbench.engine import protocol
from workbench.engine.memory import SharedArray
from workbench.engine.server import coding, renders
from workbench.engine.server.left_over import decode_left_over
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.engine.topics.takes import DifferenceReady
from workbench.state.derived_takes import TakeKey, key_of, number_of, terms_of
from workbench.state.mixed import Mixed
from workbench.state.take_names import name_of
from workbench.state.takes import Take, takes

if TYPE_CHECKING:
    from workbench.engine.server.clip import Clip


def making(clip: Clip, request: int, number: int) -> Work:
    """Make one take of a clip and tell of it. Raises `SpeefeareError` where the codec cannot."""
    key = clip.check(number)
    if terms_of(number) is not None:
        yield from _difference(clip, request, number)
    else:
        yield from _decoded(clip, request, number, key)


def _difference(clip: Clip, request: int, number: int) -> Work:
    terms = terms_of(number) or ()
    for term, _ in terms:
        yield from clip.make(request, term)
    mixed: Any = Mixed([(clip.samples(term), weight) for term, weight in terms])
    level = yield from renders.relative_level(clip.samples(0), mixed)
    clip.listener.emit(DifferenceReady(request, number, terms, level))
    yield from clip.put(request, number, mixed)


def _decoded(clip: Clip, request: int, number: int, key: TakeKey) -> Work:
    coded = yield from clip.codes(request)
    original = clip.samples(0)
    known: protocol.RenderReady | None = None
    if key.kind == "edited":  # as loud and as late as what was edited, so that what was not touched stays the same
        yield from clip.make(request, number_of("take", key.of))
        known = clip.told[number_of("take", key.of)]
    codec = clip.column(key.column).codec if key.column else clip.codec
    report = Reporter(clip.listener.emit, request)
    stage = f"{f'{codec.info.name}: ' if key.column else ''}Decoding {_stage(codec.info, key)}"
    told = _told(report, stage)
    take = _take(codec.info, key)
    delay = None if known is None else known.delay_samples
    if key.kind in ("alone", "residual") and delay is None:
        delay = _delay_of_others(clip, key.column)
    shared = clip.keep(SharedArray.create(original.shape, np.float32), number)
    try:
        if key.column:
            column = clip.column(key.column)
            encoded = column.encoded
            yield from column.decode(take, shared.array, clip.codec.info.rate_hz, told)
        elif key.kind == "edited" and clip.edited is not None:
            encoded = clip.edited.encoded
            yield from clip.edited.decode(codec, take, shared.array, told)
        elif key.kind == "residual":
            encoded = coded.encoded
            yield from decode_left_over(codec, original, key.of, shared.array, told)
        else:
            encoded = coded.encoded
            yield from coding.decode(codec, coded, take, shared.array, told)
        gain = None if known is None else known.gain_db
        rate = clip.codec.info.rate_hz
        measured = yield from renders.finish(original, shared.array, rate, clip.lufs, delay, gain)
    except BaseException:
        clip.release(shared)
        raise
    kbps = take.bitrate_kbps or packets_kbps(codec.info, encoded)
    ready = protocol.RenderReady(
        request, number, shared.ref, measured.gain_db, measured.delay_samples, measured.si_sdr_db, kbps
    )
    clip.told[number] = ready
    clip.listener.emit(ready)
    yield from clip.put(request, number, shared.array)


def packets_kbps(info: CodecInfo, encoded: Encoded) -> float:
    """The rate of a codec that sends bytes; 0 where it sends none."""
    packets = encoded.side.get("packets")
    if packets is None:
        return 0.0
    return 8 * packets[0].numel() * info.frame_rate_hz / packets.shape[1] / 1000.0


def _take(info: CodecInfo, key: TakeKey) -> Take:
    """What is decoded; of a book alone, a take with that one book; what is left over has no codes and no rate."""
    if key.kind == "residual":
        return Take(key.of, "", name_of(info, key))
    if key.kind != "alone":
        return takes(info)[key.of]
    book = info.books[key.of - 1]
    kbps = book.bits * book.frame_rate_hz / 1000.0
    return Take(key.of, f"Book {key.of}", f"book {key.of} alone", (key.of - 1,), kbps)


def _stage(info: CodecInfo, key: TakeKey) -> str:
    take = takes(info)[key.of] if key.kind == "take" else None
    return f"{take.name} of {info.depth}" if take is not None and take.title == str(key.of) else name_of(info, key)


def _told(report: Reporter, stage: str) -> Callable[[float, float], None]:
    return lambda done, total: report(stage, done, total)


def _delay_of_others(clip: Clip, column: int) -> int | None:
    """A codec has one delay; a book alone is often too unlike the original to measure it again."""
    told = [ready for number, ready in clip.told.items() if key_of(number).column == column]
    best = max(told, key=lambda ready: ready.si_sdr_db, default=None)
    return None if best is None else best.delay_samples


__all__ = ["making", "packets_kbps"]
