"""What scrolls and moves while live runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import colour_at, rgb
from workbench.widgets.colormap import code_table
from workbench.widgets.counter_row import Counter, CounterRow
from workbench.widgets.latency_bar import LatencyBar
from workbench.widgets.latent_trail import LatentTrail
from workbench.widgets.level_meter import FLOOR_DB, LevelMeter
from workbench.widgets.live_scroll import SECONDS, LiveScroll
from workbench.widgets.running_spectrum import RunningSpectrum
from workbench.widgets.scroll_image import ScrollImage

RATE = 16_000


@pytest.mark.parametrize("steps", [(1,) * 25, (3, 3, 4, 7, 8), (25,), (40, 2)])
def test_a_scroll_image_keeps_the_newest_columns_in_order(qapp: object, steps: tuple[int, ...]) -> None:
    image = ScrollImage(10, 2, 0xFF000000)
    at = 0
    for step in steps:
        columns = 0xFF000000 | np.arange(at, at + step, dtype=np.uint32)
        image.push(np.stack([columns, columns]))
        at += step
    assert (image.pixels()[0] & 0xFFFFFF).tolist() == list(range(at - 10, at))


def test_a_tone_stands_at_its_frequency() -> None:
    spectrum = RunningSpectrum(RATE, 160.0, 100)
    tone = 0.5 * np.sin(2 * np.pi * 2000 * np.arange(RATE) / RATE)
    shade = spectrum.feed(tone)
    assert shade.shape == (100, 100)
    assert abs(int(shade[:, 50].argmax()) - 75) <= 1, "2 kHz of 8 kHz, counted from the top"


@pytest.mark.parametrize("hop", [160.0, 133.7, 40.1])
def test_columns_do_not_depend_on_how_sound_comes_in(hop: float) -> None:
    audio = np.random.default_rng(4).normal(size=9000).astype(np.float32)
    whole = RunningSpectrum(RATE, hop, 50).feed(audio)
    pieces, at = RunningSpectrum(RATE, hop, 50), 0
    parts = []
    for size in (1, 7, 500, 2000, 33, 6459):
        parts.append(pieces.feed(audio[at : at + size]))
        at += size
    assert at == len(audio)
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_tokens_scroll_in_time_and_beyond_the_depth_they_are_dimmed(show: Show) -> None:
    scroll = LiveScroll()
    show(scroll, 900, 500)
    scroll.start(RATE, 50.0, 4)
    scroll.heard = frozenset({0, 1, 2})
    width, height = scroll.view.lane_pixels("codes")
    frames = int(SECONDS * 50)
    codes = np.arange(frames)[None] + 100 * np.arange(4)[:, None]
    for at in range(0, frames, 7):
        scroll.feed_codes(codes[:, at : at + 7])
    pixels = scroll.view.images["codes"].pixels()
    newest = pixels[:, -1]
    assert newest[2] == code_table(False)[frames - 1], "book 1, last frame, on the right"
    assert newest[height // 4 + 2] == code_table(False)[100 + frames - 1]
    assert newest[-2] != code_table(False)[300 + frames - 1], "book 4 is beyond the depth"
    assert pixels[2, 0] == code_table(False)[0], "the first frame on the left"
    assert width > 100


def test_sound_lanes_fill_from_the_right(show: Show) -> None:
    scroll = LiveScroll()
    show(scroll, 900, 500)
    scroll.start(RATE, 50.0, 0)
    before = scroll.view.images["input"].pixels()
    scroll.feed_sound("input", np.random.default_rng(0).normal(size=RATE).astype(np.float32) * 0.3)
    after = scroll.view.images["input"].pixels()
    changed = (before != after).any(axis=0)
    width = len(changed)
    assert changed[-width // 8 :].all()
    assert not changed[: width * 4 // 5].any(), "a second of six fills a sixth"


def test_the_trail_keeps_the_newest_points(show: Show) -> None:
    trail = LatentTrail("Latents")
    show(trail, 200, 200)
    for at in range(10):
        trail.push(np.full((3, 2), float(at)), 12)
    assert len(trail.points) == 12 and trail.points[-1, 0] == 9.0
    assert not trail.grab().isNull()


def test_the_peak_is_held_and_then_falls(show: Show) -> None:
    meter = LevelMeter("Input")
    show(meter, 400, 50)
    meter.set_level(0.1, 0.5, 0.0)
    assert meter.rms_db == pytest.approx(-20.0) and meter.hold_db == pytest.approx(-6.02, abs=0.01)
    meter.set_level(0.0, 0.0, 1.0)
    assert meter.hold_db == pytest.approx(-6.02, abs=0.01) and meter.rms_db == FLOOR_DB
    meter.set_level(0.0, 0.0, 1.6)
    meter.set_level(0.0, 0.0, 2.1)
    assert meter.hold_db == pytest.approx(-6.02 - 20 * 0.6, abs=0.01)
    assert not meter.clipped


def test_clipping_is_told(show: Show) -> None:
    meter = LevelMeter("Input")
    show(meter, 400, 50)
    meter.set_level(0.5, 1.0, 0.0)
    assert meter.clipped
    meter.set_level(0.1, 0.1, 3.0)
    assert not meter.clipped


def test_the_latency_is_the_sum_of_its_parts(show: Show) -> None:
    bar = LatencyBar()
    show(bar, 400, 120)
    assert bar.sum_text == "not running"
    bar.set_parts([("framing", 320), ("codec", 160), ("queue", 320)], RATE)
    assert bar.sum_text == "50.0 ms · 800 samples"
    assert "50.0 ms" in bar.accessibleName()
    line = bar.fontMetrics().height() + 2
    first, last = colour_at(bar, 5, line * 1.5 + 2), colour_at(bar, 395, line * 1.5 + 2)
    middle = colour_at(bar, 400 * 400 / 800, line + 5)
    assert len({rgb(first), rgb(middle), rgb(last)}) == 3


def test_losses_are_marked_by_more_than_colour(show: Show) -> None:
    row = CounterRow()
    show(row, 400, 60)
    row.set_counters((Counter("Overruns", "0"),))
    quiet = row.grab().toImage()
    row.set_counters((Counter("Overruns", "0", bad=True),))
    assert row.grab().toImage() != quiet
    assert row.accessibleDescription() == "Overruns 0"
