"""Engines for tests. Starting one takes seconds (torch), so most tests share one; each leaves it without a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.app.engine.harness import Talk
from tests.app.engine.played import LENGTH, RATE
from tests.app.engine.tiny_engine import COMMAND
from tests.core.tiny_codec import tiny_file
from workbench.engine import protocol
from workbench.engine.client import EngineClient
from workbench.engine.memory import Status
from workbench.engine.server.player_core import PlayerCore


@pytest.fixture(scope="session")
def codec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny codec as a file."""
    return tiny_file(tmp_path_factory.mktemp("codec"))


@pytest.fixture(scope="module")
def shared_client() -> Iterator[EngineClient]:
    """One engine for a module, on the virtual device."""
    client = EngineClient(COMMAND)
    client.start()
    talk = Talk(client)
    talk.next(protocol.EngineReady)
    talk.ask(protocol.SetOutput(protocol.VIRTUAL_DEVICE))
    yield client
    client.stop()


@pytest.fixture
def talk(shared_client: EngineClient, codec_file: Path) -> Iterator[Talk]:
    """The shared engine with the tiny codec loaded."""
    talk = Talk(shared_client)
    talk.ask(protocol.LoadCodec(str(codec_file), "cpu"))
    yield talk
    talk.ask(protocol.StopLive())
    talk.ask(protocol.LoadCodec(str(codec_file), "cpu"))  # the clip's shared memory goes


@pytest.fixture
def own(codec_file: Path) -> Iterator[Talk]:
    """An engine that a test may kill, with the tiny codec loaded."""
    client = EngineClient(COMMAND)
    client.start()
    talk = Talk(client)
    talk.ask(protocol.LoadCodec(str(codec_file), "cpu"))
    talk.ask(protocol.SetOutput(protocol.VIRTUAL_DEVICE))
    yield talk
    client.stop()


@pytest.fixture
def status() -> Iterator[Status]:
    """The player's status block."""
    made = Status.create(protocol.PLAYER_STATUS)
    yield made
    made.unlink()


@pytest.fixture
def buffers() -> list[NDArray[np.float32]]:
    """Three takes of a clip."""
    draw = np.random.default_rng(1)
    return [draw.uniform(-0.9, 0.9, (1, LENGTH)).astype(np.float32) for _ in range(3)]


@pytest.fixture
def core(status: Status, buffers: list[NDArray[np.float32]]) -> PlayerCore:
    """A player of them."""
    made = PlayerCore(status)
    made.open(buffers[0], RATE)
    made.add(1, buffers[1])
    made.add(2, buffers[2])
    return made
