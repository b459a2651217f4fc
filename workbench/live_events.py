"""From what the engine says of Live to what is true now."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.memory import Ring
from workbench.state.live import Estimate, FrozenMinute, RoundTrip
from workbench.state.live_setup import LiveSetup


class LiveEvents:
    """Applies the events of Live to the state of one context. GUI thread only.

    `catch_up` is called when a session has started, for what was chosen meanwhile.
    """

    def __init__(self, context: Context, catch_up: Callable[[Context], None]) -> None:
        self.ctx = context
        self._catch_up = catch_up
        self.handlers: dict[type[protocol.Event], Callable[[Any], None]] = {
            protocol.LiveStarted: self._started,
            protocol.LiveLatency: self._latency,
            protocol.LiveStopped: self._stopped,
            protocol.LivePlan: self._plan,
            protocol.LiveRecorded: self._recorded,
            protocol.LiveFrozen: self._frozen,
            protocol.RoundTripMeasured: self._measured,
            protocol.LiveEstimated: self._estimated,
        }

    def engine_died(self) -> None:
        """Nothing of it runs any more."""
        live = self.ctx.live
        words = "Live ended because the engine stopped." if live.running else ""
        live.update(**live.over(), request=0, estimate_request=0, message=words)

    def codec_loaded(self) -> None:
        """What was measured of the codec before says nothing of this one."""
        live, info = self.ctx.live, self.ctx.codec.info
        deepest = info.depth if info else 0
        kept = live.running and 1 <= live.depth <= deepest
        live.update(
            setup=_fitting(live.setup, deepest if live.running else 0),
            depth=live.depth if kept else deepest,
            first_books_only=False,
            plans={},
            plan=None,
            estimates=(),
            advice="",
            frozen=None,
            round_trip=None,
        )

    def failed(self, event: protocol.Failed) -> None:
        """A wish that could not be met is taken back."""
        live = self.ctx.live
        number = event.request_id
        if number and number == live.request:
            live.told["start"] = event.sentence
            live.update(**live.over(), message=event.sentence)
        elif number in live.undo:
            before = live.undo[number].get("setup")
            only = isinstance(before, LiveSetup) and live.setup.books not in ((), before.books)
            live.update(**live.undo[number], first_books_only=live.first_books_only or only)
        elif number and number == live.record_request:
            live.update(recording="")
        elif number and number == live.measure_request:
            live.told["measure"] = event.sentence
        self.done(number)

    def done(self, number: int) -> None:
        """A request ended, one way or another."""
        live = self.ctx.live
        live.undo.pop(number, None)
        for name in ("estimate_request", "measure_request", "freeze_request", "record_request"):
            if number and number == getattr(live, name):
                live.update(**{name: 0})
        if number and number == live.request:
            live.update(starting=False)

    def _started(self, event: protocol.LiveStarted) -> None:
        live = self.ctx.live
        if event.request_id != live.request:
            return
        refs = {
            "input": event.input_ring,
            "output": event.output_ring,
            "codes": event.codes_ring,
            "latents": event.latents_ring,
            "residual": event.residual_ring,
        }
        live.rings = {name: self.ctx.client.ring(ref) for name, ref in refs.items() if ref is not None}
        live.watch = ()
        self._keep(event.plan)
        was_starting = live.starting
        live.running = False  # that it started anew is always told
        live.update(
            running=True,
            starting=False,
            rate_hz=event.rate_hz,
            frame_rate_hz=event.frame_rate_hz,
            step_frames=event.step_frames,
            input_device=event.input_device,
            output_device=event.output_device,
            latency=event.latency,
            notes=event.notes,
            plan=event.plan,
            frozen=None,
            heard="",
            message="",
        )
        if was_starting:
            self._catch_up(self.ctx)

    def _latency(self, event: protocol.LiveLatency) -> None:
        if event.request_id == self.ctx.live.request:
            self.ctx.live.update(latency=event.latency)

    def _stopped(self, event: protocol.LiveStopped) -> None:
        live = self.ctx.live
        if not event.request_id or event.request_id != live.replaced:
            live.update(**live.over(), message=event.reason)

    def _plan(self, event: protocol.LivePlan) -> None:
        self._keep(event.plan)
        self.ctx.live.update(plan=event.plan)

    def _keep(self, plan: protocol.PlanReport | None) -> None:
        if plan is not None:
            self.ctx.live.plans = {**self.ctx.live.plans, plan.mode: plan}

    def _recorded(self, event: protocol.LiveRecorded) -> None:
        self.ctx.live.update(recording="", recorded=event.folder)
        self.ctx.engine.add_message(f"Recorded {event.seconds:.1f} s into {event.folder}.")

    def _frozen(self, event: protocol.LiveFrozen) -> None:
        array = self.ctx.client.array
        if event.request_id != self.ctx.live.freeze_request:
            return
        codes = None if event.codes is None else array(event.codes)
        latents = None if event.latents is None else array(event.latents)
        ring = self.ctx.live.rings.get("residual")  # its columns are those of the codes
        minute = FrozenMinute(
            array(event.input),
            array(event.output),
            codes,
            latents,
            event.rate_hz,
            event.frame_rate_hz,
            ring.latest(codes.shape[1]) if isinstance(ring, Ring) and codes is not None else None,
        )
        self.ctx.live.update(frozen=minute, freeze_request=0)

    def _measured(self, event: protocol.RoundTripMeasured) -> None:
        trip = RoundTrip(event.measured_samples, event.predicted_samples, event.rate_hz, event.certainty)
        self.ctx.live.update(round_trip=trip, measure_request=0)

    def _estimated(self, event: protocol.LiveEstimated) -> None:
        points = tuple(
            Estimate(row.frames, row.mode, row.step_ms, row.p99_ms, row.real_time_factor, row.latency_ms)
            for row in event.points
        )
        live = self.ctx.live
        modes = {point.mode for point in points}
        kept = tuple(point for point in live.estimates if point.mode not in modes)
        live.update(estimates=kept + points, advice=event.advice, estimate_request=0)


def _fitting(setup: LiveSetup, deepest: int) -> LiveSetup:
    """Without the books that the codec lacks, as the engine keeps them when it goes on with another codec."""
    books, frozen = (tuple(book for book in row if book < deepest) for row in (setup.books, setup.channel.frozen_books))
    return dataclasses.replace(setup, books=books, channel=dataclasses.replace(setup.channel, frozen_books=frozen))
