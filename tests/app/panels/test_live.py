from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.app.panels.known_clip import RATE_HZ, known_codec
from tests.app.shell.fake_engine import FakeClient
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.memory import Ring
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.live import LivePanel
from workbench.state.sound import DeviceInfo, LatencyPart

Show = Callable[[PanelInfo, Context], Panel]


@pytest.fixture
def panel(loaded_context: Context, show: Show) -> LivePanel:
    panel = show(panel_info("live"), loaded_context)
    assert isinstance(panel, LivePanel)
    return panel


@pytest.fixture
def rings() -> Iterator[dict[str, Ring]]:
    made = {
        "input": Ring.create(1, RATE_HZ, np.float32),
        "output": Ring.create(1, RATE_HZ, np.float32),
        "codes": Ring.create(4, 50, np.int32),
        "latents": Ring.create(2, 50, np.float32),
    }
    yield made
    for ring in made.values():
        ring.close()
        ring.unlink()


def _run(context: Context, rings: dict[str, Ring]) -> None:
    context.live.rings = dict(rings)
    context.live.update(
        running=True,
        rate_hz=RATE_HZ,
        frame_rate_hz=50.0,
        input_device="Mic",
        output_device="Headset",
        depth=3,
        latency=(LatencyPart("framing", 320), LatencyPart("codec", 480)),
    )


def test_start_asks_for_the_chosen_devices(panel: LivePanel, client: FakeClient, loaded_context: Context) -> None:
    loaded_context.live.update(
        inputs=(DeviceInfo("Mic", "ALSA", 1, 0, 48_000, 10.0),),
        outputs=(DeviceInfo("Headset", "ALSA", 0, 2, 48_000, 10.0),),
    )
    panel.controls.source.set_value("Mic")
    panel.controls.output.set_value("Headset")
    panel.controls.frames.set_value("2")
    panel.controls.start.click()
    request = client.last(protocol.StartLive)[1]
    assert (request.input, request.output, request.file, request.frames_per_step) == ("Mic", "Headset", None, 2)
    assert request.muted


def test_the_open_clip_can_be_the_microphone(panel: LivePanel, client: FakeClient) -> None:
    assert "File: known.wav" in [text for text, _ in panel.controls.source.entries]
    panel.controls.source.set_value("file:/clips/known.wav")
    panel.controls.start.click()
    assert client.last(protocol.StartLive)[1].file == "/clips/known.wav"


def test_it_starts_muted_with_a_hint_and_mute_is_a_command(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    assert "headphones" in panel.controls.message.text()
    _run(loaded_context, rings)
    assert panel.controls.mute.isChecked() and "headphones" in panel.controls.message.text()
    panel.controls.mute.click()
    assert client.last(protocol.SetLive)[1].muted is False
    assert not panel.controls.mute.isChecked()
    panel.controls.bypass.click()
    assert client.last(protocol.SetLive)[1].bypass is True


def test_depth_and_gains_change_while_it_runs(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    panel.controls.input_gain.setValue(6)
    assert client.count(protocol.SetLive) == 0
    _run(loaded_context, rings)
    assert client.last(protocol.SetLive)[1].input_gain_db == 6.0, "what was set before is sent at the start"
    panel.controls.depth.setValue(2)
    assert client.last(protocol.SetLive)[1].depth == 2
    assert panel.controls.depth_text.text() == "2 · 0.62 kbps"
    panel.controls.output_gain.setValue(-3)
    assert client.last(protocol.SetLive)[1].output_gain_db == -3.0


def test_stop(panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]) -> None:
    _run(loaded_context, rings)
    assert panel.controls.start.text() == "Stop" and not panel.controls.source.isEnabled()
    panel.controls.start.click()
    assert client.count(protocol.StopLive) == 1
    loaded_context.live.update(running=False, message="The headset was unplugged.")
    assert panel.controls.message.text() == "The headset was unplugged."
    assert panel.controls.source.isEnabled()


def test_taps_reach_the_picture_on_the_frame_clock(
    panel: LivePanel, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    _run(loaded_context, rings)
    blank = {key: image.pixels() for key, image in panel.picture.view.images.items()}
    assert set(blank) == {"input", "output", "codes"}
    rings["input"].write(np.random.default_rng(0).normal(size=(1, 4000)).astype(np.float32))
    rings["output"].write(np.random.default_rng(1).normal(size=(1, 4000)).astype(np.float32))
    rings["codes"].write(np.arange(40, dtype=np.int32).reshape(4, 10))
    rings["latents"].write(np.ones((2, 10), np.float32))
    loaded_context.live.counters = {"input_rms": 0.1, "input_peak": 0.5, "output_rms": 0.01, "output_peak": 0.1}
    panel.refresh()
    for key, image in panel.picture.view.images.items():
        assert (image.pixels() != blank[key]).any(), key
    assert len(panel.picture.trail.points) == 10
    assert panel.input_meter.rms_db == pytest.approx(-20.0)
    panel.refresh()
    assert len(panel.picture.trail.points) == 10, "nothing is read twice"


def test_latency_is_drawn_with_its_sum(panel: LivePanel, loaded_context: Context, rings: dict[str, Ring]) -> None:
    _run(loaded_context, rings)
    assert panel.latency.sum_text == "50.0 ms · 800 samples"


def test_losses_and_slow_steps_are_told(panel: LivePanel, loaded_context: Context, rings: dict[str, Ring]) -> None:
    _run(loaded_context, rings)
    loaded_context.live.set_counters(
        {"underruns": 2, "step_ms_p99": 25.0, "step_ms_worst": 31.0, "step_ms_median": 5.0}
    )
    shown = {counter.name: (counter.text, counter.bad) for counter in panel.counters.counters}
    assert shown["Underruns"] == ("2", True) and shown["Overruns"] == ("0", False)
    assert shown["p99"] == ("25.0 ms", True), "a frame lasts 20 ms"
    assert shown["Step"] == ("5.0 ms", False)


def test_the_howl_guard_is_explained(panel: LivePanel, loaded_context: Context, rings: dict[str, Ring]) -> None:
    _run(loaded_context, rings)
    loaded_context.live.set_counters({"howl_muted": 1.0})
    assert "howled" in panel.controls.message.text()


def test_a_codec_that_cannot_stream_cannot_be_started(panel: LivePanel, loaded_context: Context) -> None:
    loaded_context.codec.set_codec(dataclasses.replace(known_codec(), streamable=False), "cpu")
    assert not panel.controls.start.isEnabled()
    assert "cannot stream" in panel.controls.message.text()


def test_gains_and_step_are_remembered(panel: LivePanel) -> None:
    panel.set_view_state({"frames": "4", "input_gain_db": 5, "output_gain_db": -5})
    assert panel.view_state() == {"frames": "4", "input_gain_db": 5, "output_gain_db": -5}
