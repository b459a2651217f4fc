"""A live session as the engine would tell of it, with rings that a test writes."""

from __future__ import annotations

import numpy as np

from speefeare_core.plans.modes import PlanReport
from tests.app.panels.known_clip import RATE_HZ
from tests.app.shell.fake_engine import FakeClient
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.memory import Ring
from workbench.engine_events import EngineEvents
from workbench.state.sound import LatencyPart

ROWS = {"input": 1, "output": 1, "codes": 4, "latents": 2, "residual": 4}
PARTS = (LatencyPart("framing", 320), LatencyPart("codec", 480))


def make_rings(seconds: int = 10) -> dict[str, Ring]:
    """Empty taps of the known codec."""
    made = {}
    for name, rows in ROWS.items():
        rate, kind = (RATE_HZ, np.float32) if name in ("input", "output") else (50, np.float32)
        made[name] = Ring.create(rows, rate * seconds, np.int32 if name == "codes" else kind)
    return made


def say(context: Context, client: FakeClient, *events: protocol.Event) -> None:
    """The window hears these."""
    client.say(*events)
    EngineEvents(context).apply(client.poll())


def say_started(context: Context, client: FakeClient, rings: dict[str, Ring], plan: PlanReport | None = None) -> None:
    """The last start, or a switch, has succeeded."""
    started = protocol.LiveStarted(
        context.live.request,
        RATE_HZ,
        "Mic",
        "Headset",
        PARTS,
        rings["input"],  # type: ignore[arg-type]
        rings["output"],  # type: ignore[arg-type]
        rings["codes"],  # type: ignore[arg-type]
        rings["latents"],  # type: ignore[arg-type]
        50.0,
        (),
        rings["residual"],  # type: ignore[arg-type]
        plan or PlanReport("float32", 1, True, 0.5, 1.0, 0.0),
    )
    say(context, client, started)


def write_second(rings: dict[str, Ring], at: int = 0) -> None:
    """A second of noise, tokens, points and energies."""
    draw = np.random.default_rng(at)
    for name in ("input", "output"):
        rings[name].write(draw.normal(size=(1, RATE_HZ)).astype(np.float32) * 0.2)
    rings["codes"].write(draw.integers(0, 1024, (4, 50)).astype(np.int32))
    rings["latents"].write(draw.normal(size=(2, 50)).astype(np.float32))
    rings["residual"].write(draw.random((4, 50)).astype(np.float32))
