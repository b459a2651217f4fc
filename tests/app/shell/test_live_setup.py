"""What is remembered of Live is checked field by field."""

from __future__ import annotations

from typing import Any

import pytest

from speefeare_core.channel.settings import ChannelSettings
from workbench.state.live_setup import LiveSetup


def test_it_comes_back_as_it_was_but_for_the_books() -> None:
    channel = ChannelSettings(0.2, 3.0, 2, False, 1e-3, (1,), 5)
    setup = LiveSetup("file:/a.wav", "Headset", 880.0, 3.0, -6.0, 4, 10, 1.0, "bfloat16", 0.5, (1, 2), channel, False)
    again = LiveSetup.from_state(setup.to_state())
    assert again.books == () and again.channel.frozen_books == (), "they belong to one codec"
    assert again.to_state() == setup.to_state()
    assert again.file == "/a.wav" and again.generator == ""


@pytest.mark.parametrize(
    "bad",
    [
        {"source": ""}, {"source": 3}, {"source": "generator:dog"}, {"output": None}, {"tone_hz": 1.0},
        {"input_gain_db": 99.0}, {"output_gain_db": True}, {"frames": 5}, {"frames": "2"}, {"max_queue_frames": 0},
        {"buffered_s": 0.3}, {"mode": "int1"}, {"mix": -0.1}, {"channel": 3}, {"channel": {"loss": 2.0}},
        {"channel": {"burst_packets": 0.0}}, {"channel": {"conceal": 1}}, {"channel": {"bit_errors": float("nan")}},
        {"nonsense": 1}, {"howl_guard": 1},
    ],
)  # fmt: skip
def test_what_is_bad_takes_its_default(bad: dict[str, Any]) -> None:
    assert LiveSetup.from_state(bad) == LiveSetup()


def test_what_is_no_setup_is_the_default() -> None:
    assert LiveSetup.from_state(None) == LiveSetup.from_state([1]) == LiveSetup()
