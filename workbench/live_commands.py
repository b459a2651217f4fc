"""The verbs of Live, with numbers and names as arguments. What the engine answers comes back through `live_events`."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

from speefeare_core.channel.settings import CLEAN
from workbench import commands
from workbench.context import Context
from workbench.engine import protocol
from workbench.state.live_setup import FILE, GENERATOR
from workbench.state.sound import GENERATORS

WITHOUT_STREAM_S = 2.0  # blocks of a codec that cannot stream, where none were chosen


# -- start and stop -----------------------------------------------------------------------------------------------
def start_live(ctx: Context, **chosen: Any) -> None:
    """Talk through the codec: source → codec → output. Starts muted; a session that runs starts anew as it is heard.

    `chosen`: fields of `LiveSetup` that differ from what was chosen last.
    """
    if not commands.engine_is_there(ctx):
        return
    info, live = ctx.codec.info, ctx.live
    if info is None:
        live.update(message="Live needs a codec; open one first.")
        return
    setup = dataclasses.replace(live.setup, **chosen)
    depth = live.depth if 0 < live.depth <= info.depth else (info.depth or None)
    muted = live.muted if live.running else True
    _asked_again(ctx, "start")
    live.update(setup=setup, message="", muted=muted, bypass=False, depth=depth or 0, round_trip=None)
    if not (setup.file or setup.generator):
        ctx.settings.live_input = setup.source
    ctx.settings.live_output = setup.output
    live.replaced = live.request if live.running else 0
    live.request = ctx.client.send(
        protocol.StartLive(
            input=protocol.VIRTUAL_DEVICE if setup.file or setup.generator else setup.source,
            output=setup.output,
            file=setup.file or None,
            loop_file=bool(setup.file),
            depth=depth,
            muted=muted,
            input_gain_db=setup.input_gain_db,
            output_gain_db=setup.output_gain_db,
            frames_per_step=setup.frames,
            max_queue_frames=setup.max_queue_frames,
            generator=setup.generator or None,
            tone_hz=setup.tone_hz,
            mode=setup.mode,
            buffered_s=setup.buffered_s or (0.0 if info.streamable else WITHOUT_STREAM_S),
            mix=setup.mix,
            books=setup.books,
            channel=setup.channel,
            howl_guard=setup.howl_guard,
        )
    )
    live.asked = setup, live.depth, info
    live.update(starting=not live.running)


def catch_up(ctx: Context) -> None:
    """Live has started: what was chosen meanwhile happens now."""
    live, (asked, depth, codec) = ctx.live, ctx.live.asked
    names = ("input_gain_db", "output_gain_db", "mix", "books", "channel", "mode")
    chosen = {name: getattr(live.setup, name) for name in names if getattr(live.setup, name) != getattr(asked, name)}
    if dataclasses.replace(asked, **chosen) != live.setup or codec is not ctx.codec.info:
        start_live(ctx)
    elif chosen or live.depth != depth:
        set_live(ctx, depth=live.depth if live.depth != depth else None, **chosen)


def stop_live(ctx: Context) -> None:
    """End the live session, or its start."""
    if ctx.engine.status == "ready":
        ctx.client.send(protocol.StopLive())
        ctx.live.update(starting=False)


def toggle_live(ctx: Context) -> None:
    """Start, or stop."""
    if ctx.live.running or ctx.live.starting:
        stop_live(ctx)
    else:
        start_live(ctx)


# -- what changes without a new start -------------------------------------------------------------------------------
def set_live(
    ctx: Context, *, depth: int | None = None, muted: bool | None = None, bypass: bool | None = None, **chosen: Any
) -> None:
    """Change what is given while live runs, or before it starts; a wish that the engine refuses is taken back.

    `chosen`: `input_gain_db`, `output_gain_db`, `mix`, `books`, `channel`, `mode` of `LiveSetup`.
    """
    live = ctx.live
    if depth is not None and live.setup.books:
        chosen.setdefault("books", ())  # a depth and a choice of books exclude each other
    wished: dict[str, object] = {"depth": depth, "muted": muted, "bypass": bypass}
    wished = {name: value for name, value in wished.items() if value is not None}
    if chosen:
        wished["setup"] = dataclasses.replace(live.setup, **chosen)
    before = {name: getattr(live, name) for name in wished}
    live.update(**wished)
    if live.running and ctx.engine.status == "ready":
        number = ctx.client.send(protocol.SetLive(depth=depth, muted=muted, bypass=bypass, **chosen))
        live.undo[number] = before


def step_live_depth(ctx: Context, step: int) -> None:
    """One book more or fewer in Live, without wrapping."""
    info = ctx.codec.info
    if info is not None and info.depth > 1 and not ctx.codec.why_no_depth:
        set_live(ctx, depth=min(max((ctx.live.depth or info.depth) + step, 1), info.depth))


def toggle_book(ctx: Context, book: int) -> None:
    """Hear a book (from 0) or not; the last one that is heard stays.

    Where a codec decodes its first books only, all up to this one, or up to the one before it.
    """
    if ctx.live.first_books_only and book < _depth(ctx):
        heard = len(ctx.live.heard_books(_depth(ctx)))
        set_live(ctx, depth=max(1, book + (book >= heard)))
        return
    books = set(ctx.live.heard_books(_depth(ctx))) ^ {book}
    if books and book < _depth(ctx):
        set_books(ctx, tuple(sorted(books)))


def solo_book(ctx: Context, book: int) -> None:
    """Hear one book (from 0) alone; again: all of them."""
    if book < _depth(ctx):
        set_books(ctx, () if ctx.live.setup.books == (book,) else (book,))


def set_books(ctx: Context, books: tuple[int, ...]) -> None:
    """Hear these books, from 0; (): the first `depth`. What is the first so many is a depth."""
    first = tuple(range(len(books)))
    if books and books == first and not ctx.codec.why_no_depth:
        set_live(ctx, depth=len(books), books=())
    else:
        set_live(ctx, books=books)


def freeze_book(ctx: Context, book: int) -> None:
    """Let a book (from 0) keep the entry that it has now, or go on."""
    if book < _depth(ctx):
        frozen = set(ctx.live.setup.channel.frozen_books) ^ {book}
        set_channel(ctx, frozen_books=tuple(sorted(frozen)))


def set_channel(ctx: Context, **changes: Any) -> None:
    """Change fields of `ChannelSettings`."""
    set_live(ctx, channel=dataclasses.replace(ctx.live.setup.channel, **changes))


def clear_channel(ctx: Context) -> None:
    """Nothing happens to the codes from now on, and every book is heard."""
    set_live(ctx, channel=dataclasses.replace(CLEAN, conceal=ctx.live.setup.channel.conceal), books=())


def watch(ctx: Context, taps: tuple[str, ...]) -> None:
    """Which taps somebody looks at; the others are not computed."""
    if ctx.live.running and ctx.engine.status == "ready" and taps != ctx.live.watch:
        ctx.live.watch = taps
        ctx.client.send(protocol.SetLive(watch=taps))


# -- what takes a new start, while live goes on ---------------------------------------------------------------------
def choose_devices(ctx: Context, *, source: str | None = None, output: str | None = None) -> None:
    """Another source or loudspeaker, now if live runs."""
    live = ctx.live
    before = live.setup
    setup = dataclasses.replace(before, source=source or before.source, output=output or before.output)
    if setup == before:
        return
    live.update(setup=setup)
    if not live.running:
        return
    if any(text.startswith((FILE, GENERATOR)) for text in (before.source, setup.source)) and source:
        start_live(ctx)  # only devices can be exchanged while it runs
    elif ctx.engine.status == "ready":
        number = ctx.client.send(protocol.SwitchLive(input=source, output=output))
        live.undo[number] = {"setup": before}
        ctx.settings.live_input, ctx.settings.live_output = setup.source, setup.output


def choose_tone(ctx: Context, tone_hz: float) -> None:
    """Frequency of the sine; where it is the source, at once."""
    live = ctx.live
    if tone_hz != live.setup.tone_hz:
        live.update(setup=dataclasses.replace(live.setup, tone_hz=tone_hz))
        if live.running and live.setup.generator == GENERATORS[0]:
            start_live(ctx)


def toggle_howl_guard(ctx: Context) -> None:
    """Whether live mutes itself where the microphone hears the loudspeaker; at once."""
    live = ctx.live
    live.update(setup=dataclasses.replace(live.setup, howl_guard=not live.setup.howl_guard))
    if live.running:
        start_live(ctx)


def choose_step(ctx: Context, *, frames: int, buffered_s: float, max_queue_frames: int) -> None:
    """How much is coded at once, and how late it may get; now if live runs."""
    live, before = ctx.live, ctx.live.setup
    setup = dataclasses.replace(before, frames=frames, buffered_s=buffered_s, max_queue_frames=max_queue_frames)
    live.update(setup=setup)
    if not live.running or setup == before:
        return
    if dataclasses.replace(before, frames=frames) != setup:
        start_live(ctx)
    elif ctx.engine.status == "ready":
        live.undo[ctx.client.send(protocol.SwitchLive(frames_per_step=frames))] = {"setup": before}


# -- record, freeze, measure ----------------------------------------------------------------------------------------
def record(ctx: Context, folder: str | Path | None) -> None:
    """Record input, output, codes and timing into a new folder; None: end it."""
    live = ctx.live
    if live.running and ctx.engine.status == "ready":
        live.record_request = ctx.client.send(protocol.RecordLive(None if folder is None else str(folder)))
        if folder is not None:
            live.update(recording=str(folder))


def toggle_record(ctx: Context) -> None:
    """Record into a new folder below that of the settings, or end it."""
    if ctx.live.recording:
        record(ctx, None)
    else:
        record(ctx, sessions_folder(ctx) / time.strftime("live %Y-%m-%d %H.%M.%S"))


def sessions_folder(ctx: Context) -> Path:
    """Where recordings of Live go."""
    return Path(ctx.settings.sessions_folder or Path.home() / "Speefeare sessions")


def toggle_freeze(ctx: Context) -> None:
    """Freeze the views, or go on."""
    freeze(ctx, ctx.live.frozen is None)


def freeze(ctx: Context, frozen: bool) -> None:
    """Keep the last minute to look back over it while live goes on, or let it go."""
    live = ctx.live
    if ctx.engine.status != "ready" or frozen == (live.frozen is not None):
        return
    if frozen and live.running and not live.freeze_request:
        live.update(freeze_request=ctx.client.send(protocol.FreezeLive(True)))
    elif not frozen:
        ctx.client.send(protocol.FreezeLive(False))
        live.update(frozen=None, heard="")


def replay(ctx: Context, start: int, end: int, heard: str = "output") -> None:
    """Hear samples `[start, end)` of the frozen minute in the place of the live sound."""
    if ctx.live.frozen is not None and ctx.engine.status == "ready":
        ctx.client.send(protocol.ReplayFrozen(start, end, heard))
        ctx.live.update(heard=heard)


def toggle_replay(ctx: Context, heard: str = "output") -> None:
    """Hear the stretch that the views show, or stop."""
    if ctx.live.heard == heard:
        stop_replay(ctx)
    else:
        replay(ctx, *ctx.live.stretch, heard)


def stop_replay(ctx: Context) -> None:
    """Back to the live sound."""
    if ctx.live.heard and ctx.engine.status == "ready":
        ctx.client.send(protocol.ReplayFrozen(None))
        ctx.live.update(heard="")


def measure_round_trip(ctx: Context) -> None:
    """Send a chirp and wait for it: the real latency."""
    if ctx.live.running and ctx.engine.status == "ready" and not ctx.live.measure_request:
        _asked_again(ctx, "measure")
        ctx.live.update(measure_request=ctx.client.send(protocol.MeasureRoundTrip()))


def estimate(ctx: Context, frames: tuple[int, ...] = (1, 2, 4, 8), modes: tuple[str, ...] = ()) -> None:
    """Time the loaded codec at several frames a step; not while live runs."""
    live = ctx.live
    busy = live.running or live.starting or live.estimate_request
    if ctx.codec.info is not None and not busy and commands.engine_is_there(ctx):
        request = protocol.EstimateLive(frames, modes or (live.setup.mode,))
        live.update(estimate_request=ctx.client.send(request))


def _asked_again(ctx: Context, what: str) -> None:
    """Why it failed the last time is no news any more."""
    sentence = ctx.live.told.pop(what, "")
    if sentence:
        ctx.engine.withdraw_message(sentence)


def _depth(ctx: Context) -> int:
    return ctx.codec.info.depth if ctx.codec.info is not None else 0
