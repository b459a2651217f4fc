"""Differences that are summed where they are read, and the numbers of takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.state.derived_takes import KINDS, TakeKey, key_of, number_of, terms_of
from workbench.state.mixed import Mixed
from workbench.state.take_names import needed_for, slug_of
from workbench.widgets.envelope_plot import EnvelopeLane


class Watched:
    """An array that remembers the most it was asked for at once."""

    def __init__(self, samples: np.ndarray) -> None:
        self.samples, self.shape, self.most = samples, samples.shape, 0

    def __getitem__(self, where: Any) -> np.ndarray:
        piece = self.samples[where]
        self.most = max(self.most, np.size(piece))
        return piece


@pytest.fixture
def parts() -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.standard_normal((2, 9000)).astype(np.float32) for _ in range(2)]


def test_it_reads_like_the_sum(parts: list[np.ndarray]) -> None:
    mixed, whole = Mixed([(parts[0], 1.0), (parts[1], -0.5)]), parts[0] - np.float32(0.5) * parts[1]
    assert mixed.shape == whole.shape and len(mixed) == 2 and mixed.size == whole.size
    np.testing.assert_allclose(mixed[:, 10:50], whole[:, 10:50], rtol=1e-6)
    np.testing.assert_allclose(mixed[1], whole[1], rtol=1e-6)
    assert float(mixed[0, 7]) == pytest.approx(float(whole[0, 7]))
    assert mixed[:, 8990:9999].shape == (2, 10)
    with pytest.raises(ValueError, match="shapes"):
        Mixed([(parts[0], 1.0), (parts[1][:, :5], 1.0)])


@pytest.mark.parametrize("span", [(0.1, 0.2), (0.5, 2.0), (1.1, 1.125), (1.2, 1.4)])
def test_a_waveform_of_a_difference_looks_at_what_is_in_sight(
    parts: list[np.ndarray], span: tuple[float, float]
) -> None:
    watched = Watched(parts[0])
    mixed: Any = Mixed([(watched, 1.0), (parts[1], -1.0)])
    found = EnvelopeLane("", "decoded", 8000, mixed).envelope(*span, 100)
    wanted = EnvelopeLane("", "decoded", 8000, parts[0] - parts[1]).envelope(*span, 100)
    assert found is not None and wanted is not None
    assert np.array_equal(found[0], wanted[0]) and np.array_equal(found[1], wanted[1])
    assert watched.most <= 2 * ((span[1] - span[0]) * 8000 + 4)


def test_every_kind_has_numbers_of_its_own_and_back() -> None:
    seen = set()
    for column in (0, 1, 12):
        for kind in KINDS:
            for of in (0, 1, 46, 999):
                number = number_of(kind, of, column)
                assert key_of(number) == TakeKey(kind, of, column)
                seen.add(number)
    assert len(seen) == 3 * len(KINDS) * 4
    with pytest.raises(ValueError, match="no take"):
        number_of("take", 1000)
    with pytest.raises(ValueError, match="no take"):
        key_of(9_999)
    assert key_of(7) == TakeKey("take", 7)


def test_differences_need_their_terms_and_have_files_of_their_own() -> None:
    assert terms_of(number_of("missing", 3, 2)) == ((0, 1.0), (20_003, -1.0))
    assert needed_for(key_of(number_of("added", 3, 2))) == (20_003, 20_002)
    assert needed_for(key_of(number_of("added", 1))) == (1,) and needed_for(key_of(5)) == ()
    slugs = [slug_of(key_of(number)) for number in (4, number_of("added", 2), number_of("take", 8, 1))]
    assert slugs == ["depth_04", "added_02", "column_1_depth_08"]
