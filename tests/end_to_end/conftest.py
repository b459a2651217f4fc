"""A private sound card and an engine that plays on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.engine.harness import Talk
from tests.end_to_end.pulse import Pulse
from workbench.engine.client import EngineClient
from workbench.engine.protocol import EngineReady

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    """A PulseAudio of our own, in the environment of all processes that are started while it runs."""
    server = Pulse(tmp_path_factory.mktemp("pulse"), RATE_HZ)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server
    server.stop()


@pytest.fixture(scope="module")
def sounding_engine(pulse: Pulse) -> Iterator[EngineClient]:
    """One engine on that sound card."""
    client = EngineClient()
    client.start()
    Talk(client).next(EngineReady)  # its status blocks are there before the first test
    yield client
    client.stop()


@pytest.fixture
def sounding(sounding_engine: EngineClient) -> Talk:
    """What it says from now on."""
    return Talk(sounding_engine)
