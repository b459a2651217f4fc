"""PulseAudio's devices, as `pactl` tells of them; with a real server in tests/end_to_end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.engine.server import pulse_devices
from workbench.engine.server.pulse_devices import PulseDevice, chosen, sinks, sources

SINKS = """Sink #0
	State: RUNNING
	Name: alsa_output.pci
	Description: Built-in Audio
	Sample Specification: s16le 2ch 44100Hz
	Monitor Source: alsa_output.pci.monitor
	Properties:
		device.description = "Built-in Audio"
	Ports:
		analog-output: Line Out (type: Line, priority: 9000)

Sink #1
	Name: usb
	Description: Headset: left ear
	Sample Specification: float32le 1ch 48000Hz
"""
SOURCES = """Source #0
	Name: alsa_output.pci.monitor
	Description: Monitor of Built-in Audio
	Sample Specification: s16le 2ch 44100Hz
	Monitor of Sink: alsa_output.pci

Source #1
	Name: mic
	Description: Microphone
	Sample Specification: s16le 1ch 16000Hz
	Monitor of Sink: n/a

Source #2
	Name: mic2
	Description: Microphone
	Sample Specification: nonsense
	Monitor of Sink: n/a
"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pactl` of our own, the only one there is."""
    for name, text in (("sinks", SINKS), ("sources", SOURCES), ("info", "Default Sink: usb\nDefault Source: mic\n")):
        (tmp_path / name).write_text(text)
    script = tmp_path / "pactl"
    script.write_text(
        f'#!/bin/sh\n[ "$LC_ALL" = C.UTF-8 ] || exit 1\nfor last; do :; done\n/bin/cat "{tmp_path}/$last"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    return script


def test_sinks_and_sources_with_their_monitors(tool: Path) -> None:
    assert sinks() == (
        PulseDevice("alsa_output.pci", "Built-in Audio", 2, 44_100),
        PulseDevice("usb", "Headset: left ear", 1, 48_000, is_default=True),
    )
    assert sources() == (
        PulseDevice("alsa_output.pci.monitor", "Monitor of Built-in Audio", 2, 44_100, monitor=True),
        PulseDevice("mic", "Microphone (mic)", 1, 16_000, is_default=True),
        PulseDevice("mic2", "Microphone (mic2)", 2, 48_000),
    )


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexec /bin/sleep 600\n", ""])
def test_no_server_no_tool_and_one_that_hangs_are_no_devices(
    tool: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse_devices, "_LIMIT_S", 0.3)
    if script:
        tool.write_text(script)
    else:
        tool.unlink()
    assert sources() == () == sinks()


def test_what_is_chosen_holds_inside_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SINK", "mine")
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    with pytest.raises(RuntimeError), chosen(source="a.monitor", sink="b"):
        assert (os.environ["PULSE_SOURCE"], os.environ["PULSE_SINK"]) == ("a.monitor", "b")
        raise RuntimeError
    assert "PULSE_SOURCE" not in os.environ and os.environ["PULSE_SINK"] == "mine"
    with chosen(source="a"):
        assert os.environ["PULSE_SINK"] == "mine"
