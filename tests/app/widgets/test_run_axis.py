"""The axis of training runs, and how numbers are written on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speefeare_core.training.run_history import RunHistory
from tests.core.training.made_run import made_run
from workbench.widgets.run_alarms import countdown
from workbench.widgets.run_axis import RunAxis, count_text, value_text
from workbench.widgets.run_charts import CHARTS, charts_of
from workbench.widgets.run_lines import ChartLine, trace
from workbench.widgets.run_strip import duration


@pytest.fixture
def run(tmp_path: Path) -> RunHistory:
    made_run(tmp_path / "run")
    history = RunHistory(tmp_path / "run")
    history.read()
    return history


@pytest.mark.parametrize("unit", ["steps", "hours"])
def test_places_and_steps_are_inverse(run: RunHistory, unit: str) -> None:
    axis = RunAxis()
    axis.set_unit(unit, (run,))
    axis.follow((run,))
    steps = np.array([50.0, 123.0, 1000.0])
    np.testing.assert_allclose(axis.step_at(run, axis.place(run, steps)), steps, atol=1e-6)


def test_a_view_stays_inside_and_follows_while_it_is_whole(run: RunHistory) -> None:
    axis = RunAxis()
    axis.follow((run,))
    assert (axis.start, axis.end, axis.whole) == (0, 1000, True)
    axis.show(-500, 200)
    assert (axis.start, axis.end) == (0, 700) and not axis.whole
    axis.pan(5)
    assert axis.end == 1000
    axis.zoom(1e-9, 900)
    assert axis.end - axis.start == pytest.approx(0.01) and axis.start <= 900 <= axis.end
    run.step = 2000
    axis.follow((run,))
    assert axis.end < 1000 and axis.last == 2000
    axis.show_all()
    assert (axis.start, axis.end, axis.whole) == (0, 2000, True)
    axis.set_cursor(5000)
    assert axis.cursor == 2000


def test_a_run_without_anything_has_an_axis(tmp_path: Path) -> None:
    axis, empty = RunAxis(), RunHistory(tmp_path)
    axis.follow((empty,))
    axis.set_unit("hours", (empty,))
    assert axis.end > axis.start and charts_of((empty,)) == ()


def test_few_points_stand_at_their_own_steps(run: RunHistory) -> None:
    axis = RunAxis()
    axis.follow((run,))
    axis.show(200, 400)
    line = ChartLine("mel", run.series["losses/mel"], run, 0, 1)
    found = trace(line, axis, 300)
    assert (found.x * 200 + 200).round(6).tolist() == [150, 200, 250, 300, 350, 400, 450], "and one beyond each end"
    np.testing.assert_allclose(found.mean, run.series["losses/mel"].values[2:9])


def test_every_row_of_the_table_says_what_it_shows(run: RunHistory) -> None:
    assert len({row.key for row in CHARTS}) == len(CHARTS)
    assert all(row.tip.endswith(".") and row.title for row in CHARTS)
    assert {chart.key for chart in charts_of((run,))} == {row.key for row in CHARTS}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (5000, "5k"), (1234, "1234"), (12_000, "12k"), (1_250_000, "1.25M")],
)
def test_steps_are_short(value: float, text: str) -> None:
    assert count_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (float("nan"), "–"), (1.23456, "1.23"), (-0.5, "−0.5"), (3.1e-5, "3.1e−5"), (151.4, "151"),
        (16_234.0, "16.2k"), (0.00909, "0.00909"), (3.0, "3"),
    ],
)  # fmt: skip
def test_values_are_short(value: float | None, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(40, "40 s"), (720, "12 min"), (12_000, "3 h 20 min"), (187_200, "2 d 4 h")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_countdown_of_overfitting(run: RunHistory) -> None:
    assert countdown(run) == ""
    run.take({"event": "validation", "step": 1000, "mel_distance": 0.2, "worse_for": 0})
    assert "best at step 1 000: no sign" in countdown(run)
    run.take({"event": "validation", "step": 1100, "mel_distance": 0.4, "worse_for": 2})
    assert "2 of 5 checkpoints" in countdown(run)
