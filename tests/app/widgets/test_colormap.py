from __future__ import annotations

import numpy as np
import pytest

from workbench.widgets.colormap import MAPS, blend, code_table, table


def _channels(pixels: np.ndarray) -> np.ndarray:
    return np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], axis=-1).astype(int)


@pytest.mark.parametrize(("name", "published"), [*((name, name) for name in MAPS), ("difference", "CET-CBD1")])
def test_is_the_published_map(name: str, published: str) -> None:
    import pyqtgraph

    expected = pyqtgraph.colormap.get(published).getLookupTable(0, 1, 256)[:, :3].astype(int)
    assert np.abs(_channels(table(name)) - expected).max() <= 5


@pytest.mark.parametrize("name", MAPS)
def test_lightness_rises_all_the_way(name: str) -> None:
    lightness = _channels(table(name)) @ np.array([0.299, 0.587, 0.114])
    assert np.diff(lightness[::8]).min() > 0


@pytest.mark.parametrize(("name", "way"), [("difference", 1), ("difference-dark", -1)])
def test_differences_are_alike_to_both_sides_of_their_middle(name: str, way: int) -> None:
    lightness = way * (_channels(table(name)) @ np.array([0.299, 0.587, 0.114]))
    assert lightness[127] > lightness[20] and lightness[127] > lightness[235]


@pytest.mark.parametrize("dark", [True, False])
def test_neighbouring_codes_look_different(dark: bool) -> None:
    channels = _channels(code_table(dark))
    assert np.abs(np.diff(channels, axis=0)).max(axis=1).min() > 30
    assert len({tuple(c) for c in channels[:1024]}) > 900


def test_blending_ends_at_both_colours() -> None:
    pixels = np.array([0xFF123456, 0xFFFFFFFF], np.uint32)
    assert np.array_equal(blend(pixels, 0xFF000000, 0.0), pixels)
    assert (blend(pixels, 0xFF808080, 1.0) == 0xFF808080).all()
    assert _channels(blend(pixels, 0xFF000000, 0.5))[1].tolist() == [127, 127, 127]
