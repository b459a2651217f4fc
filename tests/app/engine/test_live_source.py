"""What stands in for a microphone: files are tested with the live session, here are the test signals."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core import generators
from speefeare_core.errors import SpeefeareError
from tests.app.engine.harness import Talk
from workbench.engine import protocol as p
from workbench.engine.server.live_source import GeneratorSource
from workbench.state.sound import GENERATORS


@pytest.mark.parametrize("kind", GENERATORS)
def test_every_generator_of_the_table_speaks_in_every_channel(kind: str) -> None:
    source = GeneratorSource(kind, 16_000, 2, 300.0)
    blocks = [source.read(count) for count in (0, 1, 999, 16_000)]
    assert [block.shape for block in blocks] == [(2, 0), (2, 1), (2, 999), (2, 16_000)]
    sound = np.concatenate(blocks, axis=1)
    assert np.array_equal(sound[0], generators.make(kind, 16_000, 300.0).next(17_000)[0])
    assert np.array_equal(sound[0], sound[1])
    assert source.position == 17_000 and not source.ended and source.name.startswith(kind)


def test_the_engine_speaks_a_sine(talk: Talk) -> None:
    events = talk.ask(p.StartLive(generator="sine", tone_hz=1000.0, output=p.VIRTUAL_DEVICE))
    started = next(event for event in events if isinstance(event, p.LiveStarted))
    assert started.input_device == "sine, 1000 Hz"
    ring = talk.client.ring(started.input_ring)
    talk.until(lambda: ring.written > 8000)
    heard = ring.read_since(0)[0][0, 4000:8000]
    level = 10 * np.log10(np.mean(np.square(heard, dtype=np.float64)))
    assert level == pytest.approx(generators.LEVEL_DB, abs=0.05)
    spectrum = np.abs(np.fft.rfft(heard))
    assert spectrum.argmax() * 16_000 / 4000 == 1000 and spectrum[250] > 1000 * np.median(spectrum)


def test_what_cannot_be_spoken_is_a_sentence(talk: Talk) -> None:
    with pytest.raises(SpeefeareError, match="no signal generator hum"):
        GeneratorSource("hum", 16_000, 1)
    assert "does not fit" in talk.refused(p.StartLive(generator="sine", tone_hz=9000.0, output=p.VIRTUAL_DEVICE))
