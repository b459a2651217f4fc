from __future__ import annotations

import numpy as np
import pytest

from workbench.widgets.pixels import edges, from_image, reduce_axis0, to_image


def _slow(values: np.ndarray, start: float, end: float, pieces: int, how: np.ufunc) -> np.ndarray:
    first = edges(start, end, pieces)
    out = []
    for index in range(pieces):
        low = int(np.clip(first[index], 0, len(values) - 1))
        high = first[index + 1] if index + 1 < pieces else int(np.ceil(end))
        out.append(how.reduce(values[low : max(low + 1, min(int(high), len(values)))], axis=0))
    return np.array(out)


@pytest.mark.parametrize("shape", [(997,), (997, 5)])
@pytest.mark.parametrize("how", [np.maximum, np.minimum])
@pytest.mark.parametrize(
    ("start", "end", "pieces"), [(0, 997, 100), (0, 997, 20), (3.4, 500.2, 90), (10, 30, 300), (600, 997, 397)]
)
def test_reduces_like_a_plain_loop(
    shape: tuple[int, ...], how: np.ufunc, start: float, end: float, pieces: int
) -> None:
    values = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    assert np.array_equal(reduce_axis0(values, start, end, pieces, how), _slow(values, start, end, pieces, how))


def test_one_loud_sample_is_seen_at_every_zoom() -> None:
    values = np.zeros((100_000, 3), np.uint8)
    values[54_321] = 255
    for pieces in (10, 700, 8_000, 50_000):
        assert reduce_axis0(values, 0, 100_000, pieces).max() == 255


def test_pixels_survive_the_way_through_an_image() -> None:
    pixels = (0xFF000000 | np.arange(35, dtype=np.uint32) * 1234).astype(np.uint32).reshape(5, 7)
    assert np.array_equal(from_image(to_image(pixels, 2.0)), pixels)
