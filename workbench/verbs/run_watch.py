"""Watching training runs: read their histories, compare the sounds of two checkpoints, open the codec."""

from __future__ import annotations

import filecmp
import time
from pathlib import Path

from speefeare_core.training.run_history import RunHistory, Validation, newest_codec
from workbench import commands
from workbench.context import Context
from workbench.engine.topics.sounds import HearSound, PlaySounds, SeekSounds, StopSounds
from workbench.state.run_watch import ORIGINAL, SIDES, A, B, Side

NEWS_S = 60.0  # an alarm is news for so long
MOST_BESIDE = 5  # runs laid over the first: each has a pattern of line of its own


# -- histories ----------------------------------------------------------------------------------------------------
def folders(ctx: Context) -> tuple[str, ...]:
    """The run that is looked at, and those laid over it."""
    return (ctx.runs.chosen, *ctx.runs.beside[:MOST_BESIDE]) if ctx.runs.chosen else ()


def histories(ctx: Context) -> tuple[RunHistory, ...]:
    """Of these runs, in this order."""
    return tuple(ctx.run_watch.history(folder) for folder in folders(ctx))


def read(ctx: Context, budget_s: float) -> bool:
    """Read on in the logs of the runs that are looked at; whether there was something new."""
    shown = folders(ctx)
    sides = {side.folder for side in ctx.run_watch.sides.values() if side.folder in ctx.runs.runs}
    ctx.run_watch.keep_only({*shown, *sides})
    grew = False
    for folder in dict.fromkeys((*shown, *sorted(sides))):
        history = ctx.run_watch.history(folder)
        before = history.caught_up
        if history.read(budget_s) or history.caught_up != before:
            grew = True
            ctx.run_watch.grew.emit(folder)
    return grew


def tell_alarms(ctx: Context, folder: str, now: float | None = None) -> None:
    """Say what a run has just warned of, whichever panel is in sight; what is older was said in its time."""
    run = ctx.runs.runs.get(folder)
    now = time.time() if now is None else now
    for event in run.tail.events if run is not None and run.active else ():
        stamp = event.get("time")
        if event.get("event") == "alarm" and isinstance(stamp, (int, float)) and now - stamp < NEWS_S:
            words = " ".join(filter(None, (str(event.get("words") or ""), str(event.get("advice") or ""))))
            ctx.engine.add_message(f"Run {Path(folder).name}, step {event.get('step')}: {words}")


# -- what is compared ---------------------------------------------------------------------------------------------
def folder_of(ctx: Context, side: int) -> str:
    """The run of a side."""
    folder = ctx.run_watch.sides[side].folder
    return folder if folder in ctx.runs.runs else ctx.runs.chosen


def heard_of(ctx: Context, side: int) -> Validation | None:
    """What can be heard of a side: the validation at its step, or the newest before."""
    folder, step = folder_of(ctx, side), ctx.run_watch.sides[side].step
    rows = ctx.run_watch.history(folder).validations if folder else []
    if not rows:
        return None
    if step is None:
        return rows[-1]
    return next((row for row in reversed(rows) if row.step <= step), rows[0])


def sound_of(ctx: Context, which: int) -> Path | None:
    """The file of the original, A or B; None where there is none (yet)."""
    row = heard_of(ctx, A if which == ORIGINAL else which)
    if row is None:
        return None
    files = row.originals if which == ORIGINAL else row.samples
    if which == ORIGINAL and not files:  # told once only, with the first
        known = ctx.run_watch.history(folder_of(ctx, A)).validations
        files = next((other.originals for other in known if other.originals), ())
    return files[ctx.run_watch.clip] if ctx.run_watch.clip < len(files) else None


def clips(ctx: Context) -> int:
    """How many clips can be heard."""
    row = heard_of(ctx, A)
    return 0 if row is None else len(row.samples)


def why_not_comparable(ctx: Context) -> str:
    """Where A and B are of runs that were validated on other clips: a sentence that says so; else empty."""
    first, second = folder_of(ctx, A), folder_of(ctx, B)
    if first == second or not first or not second:
        return ""
    files = []
    for folder in (first, second):
        rows = ctx.run_watch.history(folder).validations
        originals = next((row.originals for row in rows if row.originals), ())
        if ctx.run_watch.clip >= len(originals):
            return ""
        files.append(originals[ctx.run_watch.clip])
    try:
        same = filecmp.cmp(*files, shallow=True) or filecmp.cmp(*files, shallow=False)
    except OSError:
        return ""
    names = f"{Path(first).name} and {Path(second).name}"
    return "" if same else f"{names} were validated on other clips (or rates), so A and B are not of one original."


def set_side(ctx: Context, side: int, folder: str, step: int | None) -> None:
    """Compare a checkpoint of a run; None: its newest, also when a newer one comes."""
    ctx.run_watch.set_side(side, Side(folder if folder != ctx.runs.chosen else "", step))
    _play_on(ctx)


def step_side(ctx: Context, side: int, by: int) -> None:
    """The checkpoint before or after."""
    folder, row = folder_of(ctx, side), heard_of(ctx, side)
    if row is None:
        return
    rows = ctx.run_watch.history(folder).validations
    at = min(max(rows.index(row) + by, 0), len(rows) - 1)
    set_side(ctx, side, folder, None if at == len(rows) - 1 else rows[at].step)


def set_clip(ctx: Context, clip: int) -> None:
    """Compare on another clip."""
    ctx.run_watch.set_clip(min(max(clip, 0), max(0, clips(ctx) - 1)))
    ctx.run_watch.position_s = 0.0
    _play_on(ctx)


def swap(ctx: Context) -> None:
    """What was A is B, and the other way round."""
    sides = ctx.run_watch.sides
    first, second = sides[A], sides[B]
    ctx.run_watch.set_side(A, second)
    ctx.run_watch.set_side(B, first)
    _play_on(ctx)


# -- sound --------------------------------------------------------------------------------------------------------
def hear(ctx: Context, which: int) -> None:
    """Hear the original, A or B: at once where something plays, else when it plays."""
    watch = ctx.run_watch
    watch.set_heard(which)
    if watch.playing:
        number = _number(ctx, which)
        if number is not None and ctx.engine.status == "ready":
            ctx.client.send(HearSound(number))


def toggle_play(ctx: Context) -> None:
    """Play what is compared, from where it was; or stop."""
    if ctx.run_watch.playing:
        stop(ctx)
    else:
        play(ctx)


def play(ctx: Context) -> None:
    """Play from the cursor; from the start where that is at the end."""
    watch = ctx.run_watch
    files = _files(ctx)
    if not files:
        ctx.engine.add_message("There is nothing to hear yet; sounds come with the first validation of a run.")
        return
    if not commands.engine_is_there(ctx):
        return
    start = watch.position_s if watch.position_s < watch.length_s - 0.05 else 0.0
    heard = _number(ctx, watch.heard) or 0
    request = ctx.client.send(PlaySounds(tuple(map(str, files.values())), heard, start, watch.loop, watch.match))
    watch.set_playing(True, request)


def stop(ctx: Context) -> None:
    """Stop; the cursor stays."""
    if ctx.run_watch.playing and ctx.engine.status == "ready":
        ctx.client.send(StopSounds())
    ctx.run_watch.set_playing(False)


def seek(ctx: Context, second: float) -> None:
    """Move the cursor."""
    watch = ctx.run_watch
    watch.position_s = max(0.0, second)
    if watch.playing and ctx.engine.status == "ready":
        ctx.client.send(SeekSounds(watch.position_s))


def set_loop(ctx: Context, on: bool) -> None:
    """Over and over, or once."""
    ctx.run_watch.loop = on
    _play_on(ctx)


def set_match(ctx: Context, on: bool) -> None:
    """Whether A and B are brought to the loudness of the original."""
    ctx.run_watch.match = on
    _play_on(ctx)


def _play_on(ctx: Context) -> None:
    """With what is compared now, at the same place."""
    if ctx.run_watch.playing:
        play(ctx)


def _files(ctx: Context) -> dict[int, Path]:
    """What there is of the original, A and B."""
    found = {which: sound_of(ctx, which) for which in range(len(SIDES))}
    return {which: path for which, path in found.items() if path is not None and path.is_file()}


def _number(ctx: Context, which: int) -> int | None:
    """The place of the original, A or B among the files that are played."""
    there = list(_files(ctx))
    return there.index(which) if which in there else None


# -- the codec ----------------------------------------------------------------------------------------------------
def has_codec(ctx: Context, folder: str) -> bool:
    """Whether a run has a codec to open."""
    return bool(folder) and newest_codec(Path(folder)) is not None


def open_in_workbench(ctx: Context, folder: str = "") -> None:
    """The newest codec of a run into every other panel; without a clip, a validation clip is opened with it."""
    folder = folder or ctx.runs.chosen
    path = newest_codec(Path(folder)) if folder else None
    if path is None:
        words = f"{Path(folder).name} has" if folder else "Choose a run first: there is"
        ctx.engine.add_message(f"{words} no codec to open yet; the first one comes with its first checkpoint.")
        return
    stop(ctx)
    commands.load_codec(ctx, path, ctx.settings.compute_device)
    rows = ctx.run_watch.history(folder).validations
    original = next((row.originals[0] for row in rows if row.originals), None)
    if not ctx.clip.is_open and not ctx.clip.wanted and original is not None and original.is_file():
        commands.open_clip(ctx, original)
