"""The stacked bar is told again while Live runs."""

from __future__ import annotations

from tests.app.shell.conftest import Desk
from tests.app.shell.fake_engine import RATE_HZ
from workbench import live_commands
from workbench.engine import protocol
from workbench.state.sound import LatencyPart


def test_the_bar_follows_what_the_devices_say_later(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    live_commands.start_live(ctx)
    first, better = (LatencyPart("input device", 960),), (LatencyPart("input device", 30),)
    ring = object()
    client.say(protocol.LiveStarted(ctx.live.request, RATE_HZ, "mic", "out", first, ring, ring, None, None))  # type: ignore[arg-type]
    loaded_desk.tick()
    assert ctx.live.latency == first
    client.say(protocol.LiveLatency(ctx.live.request - 1, ()))
    loaded_desk.tick()
    assert ctx.live.latency == first, "of a session that is over"
    client.say(protocol.LiveLatency(ctx.live.request, better))
    loaded_desk.tick()
    assert ctx.live.latency == better
