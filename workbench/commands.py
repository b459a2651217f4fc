"""The verbs: what a person can do, with paths and numbers as arguments and no dialogs. Those of Live: `live_commands`.

Each takes the context first. Whatever needs the engine is asked of it; the answer comes back through `engine_events`.
"""

from __future__ import annotations

import random
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions.format import INPUT, OUTPUT, folder_of, is_session, read_info
from workbench.context import Context
from workbench.engine import protocol
from workbench.state.derived_takes import PER_COLUMN, PER_KIND, key_of, number_of
from workbench.state.take_names import why_not


# -- codec and clip ---------------------------------------------------------------------------------------------
def load_codec(ctx: Context, source: str | Path, device: str = "auto") -> None:
    """Load a codec; the open clip is processed again with it. A load that fails leaves the codec before in place.

    While live runs it goes on with the old codec until the new one is ready.
    """
    ctx.codec.wanted, ctx.codec.wanted_device = str(source), device
    if ctx.engine.status == "dead":
        _tell_engine_is_gone(ctx)
        return
    if ctx.engine.status == "ready":
        _cancel(ctx, ctx.clip.request)
        wish = protocol.SwitchLive(source=str(source), device=device) if ctx.live.running else None
        ctx.codec.request = ctx.client.send(wish or protocol.LoadCodec(str(source), device))
    ctx.codec.set_loading(str(source))  # an engine that is still starting is asked when it is ready


def measure_seam(ctx: Context) -> None:
    """Measure what cutting long recordings into blocks changes, where it changes something."""
    if ctx.codec.has_seam and not ctx.codec.seam_request and engine_is_there(ctx):
        ctx.codec.set_seam(None, ctx.client.send(protocol.MeasureSeam()))


def open_clip(ctx: Context, path: str | Path) -> None:
    """Open a sound file. Without a codec it waits for one."""
    wanted = str(Path(path).expanduser().absolute())
    if wanted != ctx.clip.wanted and not ctx.document.opening:
        ctx.document.leaving.emit()
    ctx.clip.wanted = wanted
    if ctx.engine.status == "dead":
        _tell_engine_is_gone(ctx)
    elif ctx.engine.status == "ready" and ctx.codec.info is not None and not ctx.codec.loading:
        process_clip(ctx)


def open_session(ctx: Context, folder: str | Path) -> None:
    """Open a recording of Live: what was spoken, with the codec that it went through. One that was never ended is
    mended."""
    try:
        info = read_info(folder)
        if not info.complete:
            from speefeare_core.sessions.reader import Session  # rarely needed

            ctx.engine.add_message(Session.open(folder).note)
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))
        return
    codec = info.codec
    if ctx.codec.info is None or codec not in (ctx.codec.wanted, ctx.codec.info.source):
        load_codec(ctx, codec, ctx.settings.compute_device)
    open_clip(ctx, folder_of(folder) / INPUT)


def shows_session(ctx: Context) -> bool:
    """Whether the clip is the input or the output of a recording of Live."""
    path = Path(ctx.clip.data.path)
    return path.name in (INPUT, OUTPUT) and is_session(path.parent)


def open_other_sound(ctx: Context) -> None:
    """Of a recording of Live: open what was heard then as the clip, or what was spoken again."""
    if shows_session(ctx):
        path = Path(ctx.clip.data.path)
        open_clip(ctx, path.with_name(OUTPUT if path.name == INPUT else INPUT))


def process_clip(ctx: Context) -> None:
    """Have the wanted clip read, encoded and decoded with the loaded codec."""
    depth = ctx.playback.depth
    depths = (depth,) if 0 < depth < PER_KIND else ()  # the others need what is not there yet
    ctx.clip.expect(ctx.client.send(protocol.ProcessClip(ctx.clip.wanted, depths, ctx.spectrogram.settings)))
    ctx.clip.set_progress(f"Opening {Path(ctx.clip.wanted).name}", 0.0)


def cancel_work(ctx: Context) -> None:
    """Stop what is being computed; what is there stays."""
    if ctx.codec.loading:
        _cancel(ctx, ctx.codec.request)
    _cancel(ctx, ctx.codec.seam_request)
    _cancel(ctx, ctx.clip.request)
    _cancel(ctx, ctx.edits.request)
    requests = (*ctx.clip.depth_requests.values(), *(column.request for column in ctx.columns.columns.values()))
    for request in {*requests, *ctx.columns.measuring.values()}:
        _cancel(ctx, request)


def want_depth(ctx: Context, depth: int) -> None:
    """Have any take and its spectrogram made, where they are not there and not under way."""
    data = ctx.clip.data
    spectrogram = data.spectrograms.get(depth)
    whole = spectrogram is not None and spectrogram.columns_done >= len(spectrogram.values)
    if not ctx.clip.is_open or depth in ctx.clip.depth_requests or (whole and depth in data.renders):
        return
    column = ctx.columns.columns.get(depth // PER_COLUMN)
    if column is not None and not column.ready:
        return  # what is heard of it is wanted as soon as it is
    if not why_no_take(ctx, depth) and ctx.engine.status == "ready":
        ctx.clip.depth_requests[depth] = ctx.client.send(protocol.WantDepth(depth))


# -- the catalog ------------------------------------------------------------------------------------------------
def download_checkpoint(ctx: Context, name: str) -> None:
    """Download a checkpoint of the catalog, or go on with it. The person has accepted its licence."""
    ctx.catalog.start("download", name, offline=ctx.settings.offline)


def cancel_checkpoint(ctx: Context, name: str) -> None:
    """Stop a download; what has arrived stays."""
    ctx.catalog.cancel(name)


def remove_checkpoint(ctx: Context, name: str) -> None:
    """Delete what was downloaded of a checkpoint."""
    ctx.catalog.start("remove", name)


def set_offline(ctx: Context, on: bool) -> None:
    """Whether the network may never be used; a download that runs is stopped."""
    ctx.settings.offline = on
    if on:
        for name in ctx.catalog.names:
            ctx.catalog.cancel(name)


# -- playback ---------------------------------------------------------------------------------------------------
def toggle_play(ctx: Context) -> None:
    """Play or pause."""
    if ctx.playback.playing:
        pause(ctx)
    else:
        play(ctx)


def play(ctx: Context) -> None:
    """Play from the cursor, from the start where the cursor is at the end."""
    if not ctx.clip.is_open or not engine_is_there(ctx):
        return
    if ctx.playback.position >= ctx.clip.data.length_samples - 1:
        seek(ctx, 0)
    ctx.client.send(protocol.Play())


def pause(ctx: Context) -> None:
    """Stop and keep the cursor."""
    if ctx.engine.status == "ready":
        ctx.client.send(protocol.Pause())


def seek(ctx: Context, sample: int) -> None:
    """Move the cursor, kept inside the clip."""
    if not ctx.clip.is_open:
        return
    ctx.playback.position = min(max(int(sample), 0), max(0, ctx.clip.data.length_samples - 1))
    if ctx.engine.status == "ready":
        ctx.playback.seek_request = ctx.client.send(protocol.Seek(ctx.playback.position))
    ctx.playback.moved.emit(ctx.playback.position)


def seek_by(ctx: Context, seconds: float) -> None:
    """Move the cursor by seconds."""
    seek(ctx, ctx.playback.position + round(seconds * ctx.clip.data.rate_hz))


def why_no_take(ctx: Context, number: int) -> str:
    """Why there is no take of this number, one sentence; empty where there is one, made or not."""
    try:
        key = key_of(number)
    except ValueError:
        return f"There is no take {number}."
    if not key.column:
        return why_not(ctx.codec.info, key) if ctx.codec.info is not None else "No codec is loaded yet; open one first."
    column = ctx.columns.columns.get(key.column)
    if column is None:
        return f"There is no column {key.column} beside the codec."
    if column.info is None:
        return column.problem  # while it is loaded its takes may be chosen; they are heard when they are there
    if key.kind in ("edited", "residual") or (key.kind == "take" and not key.of):
        return "Edits, what is left over and the original belong to the first codec, not to a column beside it."
    return why_not(column.info, key)


def select_depth(ctx: Context, depth: int) -> None:
    """Hear (and show) any take; 0 is the original. One that does not exist is told and changes nothing."""
    if ctx.codec.info is None:
        return
    problem = why_no_take(ctx, depth)
    if problem:
        ctx.engine.add_message(problem)
        return
    ctx.playback.update(depth=depth)
    if ctx.engine.status == "ready" and ctx.clip.is_open:
        ctx.client.send(protocol.SelectDepth(depth, blind=ctx.playback.blind))
        if depth not in ctx.clip.data.renders:
            want_depth(ctx, depth)  # before the others


def step_depth(ctx: Context, step: int) -> None:
    """One depth (or label, when blind) up or down, without wrapping."""
    if ctx.playback.blind:
        order = ctx.playback.blind_order
        at = order.index(ctx.playback.depth) if ctx.playback.depth in order else 0
        select_label(ctx, min(max(at + step, 0), len(order) - 1))
    elif ctx.codec.depths:
        select_depth(ctx, _stepped(ctx, step))


def _stepped(ctx: Context, step: int) -> int:
    """The next take of the kind and the codec that is heard."""
    key = key_of(ctx.playback.depth)
    column = ctx.columns.columns.get(key.column)
    info = column.info if column is not None else ctx.codec.info
    last = len(column.takes if column is not None else ctx.codec.takes) - 1
    if key.kind in ("alone", "residual") and info is not None:
        last = info.depth
    first = 0 if key.kind in ("take", "residual") and not key.column else 1
    return number_of(key.kind, max(first, min(key.of + step, last)), key.column)


def set_loop(ctx: Context, start: int | None, end: int | None) -> None:
    """Loop the region [start, end) in samples from now on; None, None: no region and no loop."""
    if start is None or end is None:
        ctx.playback.update(loop=None, looping=False)
        _send_loop(ctx)
        return
    low, high = sorted((int(start), int(end)))
    low, high = max(0, low), min(high, ctx.clip.data.length_samples)
    if high > low:
        ctx.playback.update(loop=(low, high), looping=True)
        _send_loop(ctx)


def toggle_loop(ctx: Context) -> None:
    """Loop the region, or the whole clip where there is none; or stop looping and keep the region."""
    ctx.playback.update(looping=not ctx.playback.looping)
    _send_loop(ctx)


def set_volume(ctx: Context, gain_db: float) -> None:
    """Loudness of the player in dB, -60 to 12."""
    gain_db = min(max(float(gain_db), -60.0), 12.0)
    ctx.settings.volume_db = gain_db
    ctx.playback.update(volume_db=gain_db)
    if ctx.engine.status == "ready":
        ctx.client.send(protocol.SetVolume(gain_db))


# -- blind listening --------------------------------------------------------------------------------------------
def set_blind(ctx: Context, on: bool) -> None:
    """Hide which take is heard behind the labels A, B, C … in a fresh random order, or stop doing so.

    The trial is about all takes of all codecs that can be heard, or about those that were picked.
    """
    if not on:
        ctx.playback.update(blind_order=(), revealed_order=())
        return
    heard = {number for number in ctx.clip.data.renders if key_of(number).kind in ("take", "edited")}
    if ctx.playback.picked:
        heard &= ctx.playback.picked
    depths = sorted(heard)
    if len(depths) < 2 and ctx.playback.picked:
        ctx.engine.add_message(
            "Blind listening needs at least two versions that are made; pick another one (P) or none."
        )
        return
    if len(depths) < 2:
        ctx.engine.add_message("Blind listening needs a clip with at least two versions to compare; open a clip first.")
        return
    random.SystemRandom().shuffle(depths)
    ctx.marks.begin_trial()
    ctx.playback.update(blind_order=tuple(depths), revealed_order=())
    select_label(ctx, 0)


def select_label(ctx: Context, index: int) -> None:
    """Hear label A (0), B (1) … of the blind order."""
    if 0 <= index < len(ctx.playback.blind_order):
        select_depth(ctx, ctx.playback.blind_order[index])


def reveal_blind(ctx: Context) -> None:
    """End blind listening and show what each label was, also at the marks that were set in it."""
    if ctx.playback.blind:
        ctx.playback.update(revealed_order=ctx.playback.blind_order, blind_order=())
    ctx.marks.reveal()


# -- sound devices ----------------------------------------------------------------------------------------------
def set_output(ctx: Context, device: str) -> None:
    """Choose the loudspeaker of the player."""
    ctx.settings.output_device = device
    ctx.playback.update(device=device)
    if ctx.engine.status == "ready":
        ctx.client.send(protocol.SetOutput(device))


def refresh_devices(ctx: Context) -> None:
    """Look again which sound devices there are."""
    if ctx.engine.status == "ready":
        ctx.client.send(protocol.ListDevices())


# -- the engine -------------------------------------------------------------------------------------------------
def restart_engine(ctx: Context) -> None:
    """Start the engine anew; when it is ready the codec is loaded and the clip is processed again."""
    ctx.clip.expect(0)
    ctx.client.restart()
    ctx.engine.set_status("starting")


def _cancel(ctx: Context, request: int) -> None:
    if request and ctx.engine.status == "ready":
        ctx.client.send(protocol.Cancel(request))


def _send_loop(ctx: Context) -> None:
    if ctx.engine.status != "ready" or not ctx.clip.is_open:
        return
    region = ctx.playback.loop or (0, ctx.clip.data.length_samples)
    start, end = region if ctx.playback.looping else (None, None)
    ctx.client.send(protocol.SetLoop(start, end))


def engine_is_there(ctx: Context) -> bool:
    """Whether the engine can be asked; one that has stopped is told."""
    if ctx.engine.status == "dead":
        _tell_engine_is_gone(ctx)
    return ctx.engine.status == "ready"


def _tell_engine_is_gone(ctx: Context) -> None:
    ctx.engine.add_message("The engine has stopped; press Restart engine to go on.")
