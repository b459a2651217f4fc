"""What to say where the machine does not keep up."""

from __future__ import annotations

from speefeare_core.devices import available_devices
from speefeare_core.plans.modes import EXACT
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_prepare import Prepared


def too_slow(core: LiveCore, prepared: Prepared) -> str:
    """One sentence with figures, and what this codec on this machine can do about it."""
    info, request = core.info, prepared.request
    median, _ = core.times.median_and_p99()
    budget = 1000 * core.step_samples / info.rate_hz
    told = (
        f"{info.name} is too slow for this machine: a step of {budget:.0f} ms takes {median:.0f} ms (real-time factor"
        f" {core.load.real_time_factor:.2f}), so frames are left out."
    )
    ways = []
    on_cpu = str(prepared.codec.device) == "cpu"
    if on_cpu and any(device != "cpu" for device in available_devices()):
        ways.append("the GPU")
    if prepared.plan is not None and prepared.plan.compiled and request.mode == EXACT:
        ways.append("a faster mode")
    if not prepared.buffered:
        ways.append("more frames a step")
        ways.append("buffered mode")
    else:
        ways.append("longer blocks")
    ways.append("a smaller codec")
    return f"{told} Try {', '.join(ways[:-1])} or {ways[-1]}."
