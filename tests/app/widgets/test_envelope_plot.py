from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import colour_at, rgb
from workbench.widgets.envelope_plot import EnvelopeLane, EnvelopePlot, round_full_scale

RATE = 8000


def _lane(audio: np.ndarray | None, block: int = 80, title: str = "Original") -> EnvelopeLane:
    """A lane with the peaks of its audio."""
    if audio is None:
        return EnvelopeLane(title, "decoded", RATE, waiting="not made yet")
    blocks = audio[0].reshape(-1, block)
    return EnvelopeLane(title, "original", RATE, audio, np.stack([blocks.min(1), blocks.max(1)]), block)


@pytest.fixture
def plot(show: Show) -> EnvelopePlot:
    """Two seconds: silence, then −0.25 … +0.5."""
    plot = EnvelopePlot()
    show(plot, 800, 300)
    audio = np.zeros((1, 2 * RATE), np.float32)
    audio[0, RATE::2], audio[0, RATE + 1 :: 2] = 0.5, -0.25
    plot.set_lanes([_lane(audio), _lane(None)], 1.0)
    plot.set_range(0.0, 2.0, 2.0)
    return plot


def _is_signal(plot: EnvelopePlot, seconds: float, value: float) -> bool:
    rect = plot.lane_rect(0)
    y = rect.top() + (1.0 - value) / 2 * rect.height()
    return rgb(colour_at(plot, plot.x_of(seconds), y)) == rgb(plot.theme.original)


def test_the_envelope_reaches_from_the_lowest_to_the_highest_sample(plot: EnvelopePlot) -> None:
    assert _is_signal(plot, 1.5, 0.4) and _is_signal(plot, 1.5, -0.2)
    assert not _is_signal(plot, 1.5, 0.6) and not _is_signal(plot, 1.5, -0.35)
    assert not _is_signal(plot, 0.5, 0.2)


def test_deep_zoom_reads_the_samples_themselves(plot: EnvelopePlot) -> None:
    plot.set_range(0.8, 1.2, 2.0)
    assert _is_signal(plot, 1.02, 0.4) and not _is_signal(plot, 0.98, 0.4)
    plot.set_range(0.999, 1.002, 2.0)
    assert not plot.grab().isNull(), "lines with dots"


def test_peaks_and_samples_give_the_same_envelope() -> None:
    rng = np.random.default_rng(3)
    lane = _lane(rng.normal(size=(1, 80 * 400)).astype(np.float32))
    from_peaks = lane.envelope(0.0, 4.0, 400)
    from_audio = EnvelopeLane("", "original", RATE, lane.audio).envelope(0.0, 4.0, 400)
    assert from_peaks is not None and from_audio is not None
    assert np.array_equal(from_peaks[0], from_audio[0]) and np.array_equal(from_peaks[1], from_audio[1])


def test_hover_reads_the_sample(plot: EnvelopePlot) -> None:
    place = QPointF(plot.x_of(1.5), 50)
    sample = int(plot.time_at(place.x()) * RATE)
    value = "+0.5000" if sample % 2 == 0 else "−0.2500"
    assert plot.describe_at(place).endswith(f"Original {value}")


@pytest.mark.parametrize(("peak", "full"), [(0.0, 1.0), (0.9, 1.0), (0.5, 0.5), (0.3, 0.5), (0.004, 0.005), (1.3, 1.3)])
def test_the_scale_is_round_and_holds_the_signal(peak: float, full: float) -> None:
    assert round_full_scale(peak) == pytest.approx(full)
