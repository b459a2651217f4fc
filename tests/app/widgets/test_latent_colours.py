from __future__ import annotations

import numpy as np
import pytest

from workbench.state.latents import FrameValues
from workbench.widgets import trajectory_figure
from workbench.widgets.latent_colours import colouring_of
from workbench.widgets.point_colours import (
    Colouring,
    Range,
    label_colours,
    label_pixels,
    number_colours,
    number_marks,
    path_table,
)
from workbench.widgets.trajectory import Trajectory


def phones(names: tuple[str, ...], values: list[float]) -> FrameValues:
    return FrameValues("phone", "Phone", "", np.array(values, np.float32), names)


def test_one_odd_frame_does_not_take_the_colours_from_all_others() -> None:
    values = np.append(np.linspace(-60, -20, 1000), [500.0, np.nan])
    span = Range.of([values])
    assert span.low == pytest.approx(-59.6, abs=0.5) and span.high == pytest.approx(-20, abs=0.6)
    pixels = number_colours(values, span, False, 7)
    assert pixels[-1] == 7 and pixels[-2] == path_table()[255] and len(np.unique(pixels)) > 200


def test_nothing_known_and_all_alike_have_a_range_all_the_same() -> None:
    assert Range.of([]) == Range.of([np.full(3, np.nan)]) == Range(0.0, 1.0)
    assert Range.of([np.full(3, 5.0)]) == Range(5.0, 6.0)


def test_octaves_of_pitch_are_even() -> None:
    span = Range(100.0, 400.0)
    low, middle, high = number_colours(np.array([100.0, 200.0, 400.0]), span, True, 0)
    assert (low, high) == (path_table()[0], path_table()[255])
    assert middle == path_table()[127]
    marks = number_marks(span, True)
    assert marks[0] == (0.0, "100") and (pytest.approx(0.5), "200") in marks


def test_labels_of_two_recordings_have_one_list_of_names() -> None:
    first, second = phones(("a", "b"), [0, 1, np.nan]), phones(("b", "c"), [0, 1])
    found = colouring_of("phone", (first, None, second))
    assert found.names == ("a", "b", "c") and found.kind == "label"
    np.testing.assert_array_equal(found.values[0], [0, 1, np.nan])
    assert found.values[1] is None
    np.testing.assert_array_equal(found.values[2], [1, 2])
    assert found.value_text(2, 1) == "Phone c" and found.value_text(0, 2) == "" and found.value_text(1, 0) == ""


def test_until_values_are_there_colours_mean_time() -> None:
    assert colouring_of("loudness", (None,)) == Colouring()
    level = FrameValues("loudness", "Loudness", "LUFS", np.array([-20.0]))
    assert colouring_of("loudness", (level,)).value_text(0, 0) == "Loudness −20 LUFS"
    assert colouring_of("clip", (None,)).kind == "time" and colouring_of("clip", (None, None)).kind == "clip"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("count", [1, 8, 60, 5000])
def test_labels_are_told_apart(dark: bool, count: int) -> None:
    colours = label_colours(count, dark)
    assert len(np.unique(colours)) > 0.7 * min(count, 4096)
    pixels = label_pixels(np.array([0.0, count - 1, np.nan]), colours, 9)
    assert pixels[0] == colours[0] and pixels[2] == 9


def test_what_is_in_sight_as_arrays_and_as_a_table() -> None:
    points = np.arange(30, dtype=np.float32).reshape(10, 3)
    own = Trajectory(points, points + 0.5, 10.0, ("a", "b", "c"), "one.wav")
    other = Trajectory(points[:2], None, 10.0, ("a", "b", "c"), "two.wav")
    colouring = colouring_of("phone", (phones(("a", "b"), [0, 1] * 5), None))
    arrays = trajectory_figure.arrays((own, other), colouring, (0.2, 0.5))
    np.testing.assert_allclose(arrays["time_s"], [0.2, 0.3, 0.4])
    assert np.array_equal(arrays["before"], points[2:5]) and np.array_equal(arrays["after"], points[2:5] + 0.5)
    assert arrays["phone"].tolist() == [0, 1, 0] and len(arrays["time_s_2"]) == 2
    table = trajectory_figure.table((own, other), colouring, (0.2, 0.5))
    rows = list(table.rows)
    assert len(rows) == 5 and all(len(row) == len(table.columns) for row in rows)
    assert rows[0][:3] == ("one.wav", 2, 0.2) and rows[0][-1] == "a" and rows[3][-1] == ""
