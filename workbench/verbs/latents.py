"""What a person can do with latents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from speefeare_core.analysis import pitch
from speefeare_core.projection import labels
from workbench import commands
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.latents import AuditionFrames, DescribeFrames, TraceLatents
from workbench.state.latents import MOST_CLIPS, LatentPath, Method, Selection, SpaceChoice, TraceKey
from workbench.verbs import listen

MOMENT_S = 0.2  # a frame alone is too short to be heard as anything but a click
BRIDGED_S = 0.06  # shorter gaps do not cut a selection into stretches


# -- what is shown ----------------------------------------------------------------------------------------------
def set_space(ctx: Context, method: Method | None = None, corpus: str | None = None) -> None:
    """Show latents in another space; remembered for the codec."""
    state, info = ctx.latents, ctx.codec.info
    space = SpaceChoice(
        state.space.method if method is None else method, state.space.corpus if corpus is None else corpus
    )
    if info is not None:
        state.chosen_spaces[info.source or info.name] = space
    state.problems.clear()
    state.update(space=space)
    want(ctx)


def set_depth(ctx: Context, depth: int | None) -> None:
    """Show the points after quantisation with this many books; None: all."""
    info = ctx.codec.info
    if depth is not None and (info is None or not 1 <= depth < info.depth):
        depth = None
    ctx.latents.problems.clear()
    ctx.latents.update(depth=depth)
    want(ctx)


def add_clips(ctx: Context, paths: Sequence[str | Path]) -> None:
    """Show further recordings in the same space."""
    state = ctx.latents
    found = dict.fromkeys((*state.others, *(str(Path(path).expanduser().absolute()) for path in paths)))
    found.pop(ctx.clip.data.path, None)
    others = tuple(found)
    if len(others) >= MOST_CLIPS:
        ctx.engine.add_message(f"Latents shows {MOST_CLIPS} recordings at most; the first ones were taken.")
        others = others[: MOST_CLIPS - 1]
    state.problems.clear()
    state.update(others=others)
    want(ctx)


def remove_clips(ctx: Context) -> None:
    """Show the clip alone."""
    ctx.latents.update(others=())


def paths(ctx: Context) -> tuple[str, ...]:
    """The recordings that are to be shown, the clip first."""
    clip = ctx.clip.data.path
    return (clip, *(path for path in ctx.latents.others if path != clip)) if clip else ()


def shown(ctx: Context) -> tuple[LatentPath, ...]:
    """Those that are there, the clip first; none without the clip's own."""
    own = own_path(ctx)
    if own is None:
        return ()
    others = (ctx.latents.trace_of(path) for path in paths(ctx)[1:])
    return (own, *(path for path in others if path is not None))


def own_path(ctx: Context) -> LatentPath | None:
    """The clip's path in the chosen space; until that is there, None."""
    data, state = ctx.clip.data, ctx.latents
    key = state.key(data.path)
    own = data.latents
    if not _comes_with_the_clip(key) or own is None or not len(own.before):
        return state.traces.get(key)
    kept = state.traces.get(key)
    if kept is None or kept.before is not own.before:
        names = tuple(f"PC {axis} · {share:.0%} of variance" for axis, share in enumerate(own.explained, 1))
        kept = LatentPath(data.path, own.before, own.after, own.frame_rate_hz, names, own.basis)
        state.traces[key] = kept
    return kept


def _comes_with_the_clip(key: TraceKey) -> bool:
    """Whether the engine gives it without being asked, where it is the clip's."""
    return key.space == SpaceChoice() and key.depth is None


def want(ctx: Context) -> None:
    """Ask for what is to be shown and is neither there nor under way; what is no longer wanted is cancelled."""
    state, info = ctx.latents, ctx.codec.info
    keys = [state.key(path) for path in paths(ctx)]
    for number, wish in list(state.requests.items()):
        if not isinstance(wish, tuple) and wish not in keys and ctx.engine.status == "ready":
            ctx.client.send(protocol.Cancel(number))
    if info is None or not info.latent_dim or ctx.engine.status != "ready" or not ctx.clip.in_engine:
        return
    asked = False
    for key in keys:
        there = key in state.traces or key in state.requests.values() or key.path in state.problems
        if there or (key.path == ctx.clip.data.path and _comes_with_the_clip(key)):
            continue
        request = TraceLatents(key.path, state.space.corpus, state.space.method, state.depth)
        state.requests[ctx.client.send(request)] = key
        asked = True
    if any(labels.beside(key.path) is not None for key in keys):
        describe(ctx, "labels")
    if asked:
        state.changed.emit()


def describe(ctx: Context, what: str) -> None:
    """Ask for the values of the frames of every recording, where they are neither there nor under way."""
    state, info = ctx.latents, ctx.codec.info
    if info is None or not info.latent_dim or ctx.engine.status != "ready" or not ctx.clip.in_engine:
        return
    for path in paths(ctx):
        wish = (path, what)
        if wish in state.answered or wish in state.requests.values() or f"{what} {path}" in state.problems:
            continue
        state.requests[ctx.client.send(DescribeFrames(path, what))] = wish  # type: ignore[arg-type]


def why_not_measured(what: str) -> str:
    """Why frames cannot be coloured by this here, one sentence; empty where they can."""
    return pitch.MISSING if what == "pitch" and not pitch.installed() else ""


# -- hearing ----------------------------------------------------------------------------------------------------
def play_frame(ctx: Context, path: str, frame: int, frame_rate_hz: float) -> None:
    """Hear the moment of a frame: of the clip in the take that is chosen, of other recordings as they are."""
    middle = (frame + 0.5) / frame_rate_hz
    if path == ctx.clip.data.path:
        listen.play_moment(ctx, middle, MOMENT_S)
    elif commands.engine_is_there(ctx) and ctx.clip.is_open:
        ctx.client.send(AuditionFrames(path, max(0.0, middle - MOMENT_S / 2), middle + MOMENT_S / 2))


# -- choosing time ----------------------------------------------------------------------------------------------
def select_frames(ctx: Context, frames: Sequence[int], frame_rate_hz: float) -> None:
    """Choose frames of the clip: the longest stretch of them becomes the loop. None: nothing is chosen any more."""
    if not len(frames):
        ctx.latents.select(None)
        return
    chosen = sorted(set(frames))
    stretches: list[list[float]] = []
    for frame in chosen:
        start, end = frame / frame_rate_hz, (frame + 1) / frame_rate_hz
        if stretches and start - stretches[-1][1] <= BRIDGED_S:
            stretches[-1][1] = end
        else:
            stretches.append([start, end])
    found = tuple((start, min(end, ctx.clip.data.length_s)) for start, end in stretches)
    longest = max(range(len(found)), key=lambda index: found[index][1] - found[index][0])
    ctx.latents.select(Selection(found, tuple(chosen), longest))
    _loop_stretch(ctx)


def step_stretch(ctx: Context, step: int) -> None:
    """Loop the next stretch of the selection, or the one before."""
    selection = ctx.latents.selection
    if selection is not None:
        ctx.latents.show_stretch(selection.current + step)
        _loop_stretch(ctx)


def _loop_stretch(ctx: Context) -> None:
    selection, rate = ctx.latents.selection, ctx.clip.data.rate_hz
    if selection is not None:
        start, end = selection.stretches[selection.current]
        commands.set_loop(ctx, round(start * rate), round(end * rate))
        commands.seek(ctx, round(start * rate))
