"""Another number format while live runs: wishes, the plan that is built for the last of them, and their answers."""

from __future__ import annotations

import queue
from collections.abc import Callable

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.modes import PlanReport
from workbench.engine import protocol
from workbench.engine.server.leftovers import Leftovers
from workbench.engine.server.live_coder import StreamCoder
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_plan import PlanChange

IN_BLOCKS = "In buffered mode the number format stays; stop live and start it again with another."


class LiveModes:
    """`wish` may come from any thread, the rest is the live thread's. Every wish ends with one event."""

    def __init__(self, emit: Callable[[protocol.Event], None], leftovers: Leftovers) -> None:
        self._emit = emit
        self._leftovers = leftovers
        self._wishes: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._change: PlanChange | None = None

    def wish(self, number: int, mode: str) -> None:
        """Of the request `number`."""
        self._wishes.put((number, mode))

    def look(self, core: LiveCore, codec: Codec) -> PlanReport | None:
        """Now and then. A report where another plan computes from the next step on."""
        while not self._wishes.empty():
            self._begin(core, codec, *self._wishes.get())
        change, coder = self._change, core.coder
        if change is None or not change.ready:
            return None
        core.remove_tap(change)
        self._change = None
        try:
            plan, missed = change.take()
        except SpeefeareError as error:
            self._emit(protocol.Failed(change.number, str(error)))
            return None
        assert isinstance(coder, StreamCoder)
        coder.take_over(plan.stream, missed)
        self._emit(protocol.LivePlan(change.number, plan.report))
        self._emit(protocol.Done(change.number, plan.report.build_s))
        return plan.report

    def drop(self, core: LiveCore | None) -> None:
        """Another core comes, or none: what is wished of this one is void."""
        if self._change is not None:
            if core is not None:
                core.remove_tap(self._change)
            self._leftovers.end(self._change.close)
            self._emit(protocol.Voided(self._change.number))
            self._change = None
        while not self._wishes.empty():
            self._emit(protocol.Voided(self._wishes.get()[0]))

    def _begin(self, core: LiveCore, codec: Codec, number: int, mode: str) -> None:
        if not isinstance(core.coder, StreamCoder):
            self._emit(protocol.Failed(number, IN_BLOCKS))
            return
        if self._change is not None:
            core.remove_tap(self._change)
            self._leftovers.end(self._change.close)
            self._emit(protocol.Voided(self._change.number))
        self._change = PlanChange(number, codec, core.step_frames, core.coder.depth, mode)
        core.add_tap(self._change)
