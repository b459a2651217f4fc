"""The stretch in view, the cursor, the take that is heard, the loop and the blind order in a document."""

from __future__ import annotations

from typing import Any

from workbench import commands
from workbench.context import Context
from workbench.documents.values import number, whole_numbers


def save_time_view(ctx: Context) -> dict[str, float]:
    """Seconds."""
    return {"start_s": ctx.time_view.start_s, "end_s": ctx.time_view.end_s}


def load_time_view(ctx: Context, data: Any) -> None:
    """The inverse; the whole clip where there is none."""
    start, end = number(data, "start_s"), number(data, "end_s")
    if start is not None and end is not None and end > start:
        ctx.time_view.set_range(start, end)


def save_cursor(ctx: Context) -> dict[str, float]:
    """In seconds: another codec may have another rate."""
    return {"position_s": ctx.playback.position / (ctx.clip.data.rate_hz or 1)}


def load_cursor(ctx: Context, data: Any) -> None:
    """The inverse; what plays goes on."""
    seconds = number(data, "position_s")
    if seconds is not None and seconds > 0 and not ctx.playback.playing:
        commands.seek(ctx, round(seconds * ctx.clip.data.rate_hz))


def save(ctx: Context) -> dict[str, Any]:
    """The take that is heard, and those that blind trials are about."""
    return {"take": ctx.playback.depth, "picked": sorted(ctx.playback.picked)}


def load(ctx: Context, data: Any) -> None:
    """The inverse; takes that do not exist any more are left out."""
    take = number(data, "take")
    picked = whole_numbers(data.get("picked")) if isinstance(data, dict) else None
    there = frozenset(number for number in picked or () if not commands.why_no_take(ctx, number))
    ctx.playback.update(picked=there)
    if take is not None and take >= 0 and take == int(take) and not commands.why_no_take(ctx, int(take)):
        commands.select_depth(ctx, int(take))


def save_loop(ctx: Context) -> dict[str, Any] | None:
    """In seconds."""
    loop, rate = ctx.playback.loop, ctx.clip.data.rate_hz
    if loop is None or not rate:
        return None
    return {"start_s": loop[0] / rate, "end_s": loop[1] / rate, "on": ctx.playback.looping}


def load_loop(ctx: Context, data: Any) -> None:
    """The inverse; None: no loop."""
    start, end, rate = number(data, "start_s"), number(data, "end_s"), ctx.clip.data.rate_hz
    if start is None or end is None:
        commands.set_loop(ctx, None, None)
        return
    commands.set_loop(ctx, round(start * rate), round(end * rate))
    if data.get("on") is False and ctx.playback.looping:
        commands.toggle_loop(ctx)


def save_blind(ctx: Context) -> dict[str, Any] | None:
    """The takes behind the labels A, B, C …, of a trial that goes on or whose labels were revealed."""
    playback = ctx.playback
    if not playback.blind_order and not playback.revealed_order:
        return None
    return {"order": list(playback.blind_order), "revealed": list(playback.revealed_order), "heard": playback.depth}


def load_blind(ctx: Context, data: Any) -> None:
    """The inverse, where every take of the trial can still be heard."""
    if not isinstance(data, dict):
        return
    order, revealed = whole_numbers(data.get("order")), whole_numbers(data.get("revealed"))
    there = ctx.clip.data.renders
    if order and set(order) <= set(there):
        ctx.playback.update(blind_order=order, revealed_order=())
        heard = data.get("heard")
        commands.select_label(ctx, order.index(heard) if heard in order else 0)
    elif revealed:
        ctx.playback.update(revealed_order=revealed)
