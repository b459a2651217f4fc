"""What the window is told when a core begins to be heard."""

from __future__ import annotations

from workbench.engine import protocol
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_devices import InputSide, OutputSide, rate_note
from workbench.engine.server.live_feed import Source
from workbench.engine.server.live_prepare import Prepared
from workbench.state.sound import LatencyPart


def started(
    number: int,
    core: LiveCore,
    prepared: Prepared,
    new_in: InputSide | None,
    new_out: OutputSide,
    source: Source | None,
    bar: tuple[LatencyPart, ...],
) -> protocol.LiveStarted:
    """The event; `number`: of the request that started live first."""
    info, taps = core.info, core.taps
    sides = [side for side in (new_in, new_out) if side is not None]
    spoken = source.name if source is not None else ""
    return protocol.LiveStarted(
        number,
        info.rate_hz,
        new_in.stream.name if new_in is not None else spoken,
        new_out.stream.name,
        bar,
        taps.input.ref,
        taps.output.ref,
        taps.codes.ref if taps.codes is not None else None,
        taps.latents.ref if taps.latents is not None else None,
        info.frame_rate_hz,
        (*prepared.notes, *(note for side in sides for note in rate_note(side, info))),
        taps.residual.ref if taps.residual is not None else None,
        prepared.plan,
        core.step_frames,
    )
