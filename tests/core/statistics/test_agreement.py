"""Agreement of two sets of codes, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.statistics import agreement
from speefeare_core.statistics.agreement import matched, mean_known, same, told_by


def test_frames_are_matched_at_their_middles() -> None:
    slow, fast = np.array([7, 8, 9]), np.arange(6)
    assert list(matched(6, 20.0, slow, 10.0)) == [7, 7, 8, 8, 9, 9]
    assert list(matched(3, 10.0, fast, 20.0)) == [1, 3, 5]
    assert list(matched(4, 10.0, slow, 10.0)) == [7, 8, 9, -1]
    assert list(matched(2, 10.0, slow[:0], 10.0)) == [-1, -1]


def test_same_entries_and_where_the_other_has_ended() -> None:
    found = same(np.array([1, 2, 3, 4]), 10.0, np.array([1, 5, 3]), 10.0)
    assert list(found[:3]) == [1.0, 0.0, 1.0] and np.isnan(found[3])
    assert mean_known(found) == pytest.approx(2 / 3)
    assert mean_known(np.array([np.nan])) is None


def test_a_pair_seen_once_does_not_vouch_for_itself() -> None:
    mine = np.array([5, 5, 6, 7])
    other = np.array([1, 1, 1, 2])
    found = told_by(mine, 10.0, other, 10.0)
    # The other says 1 three times: with a 5 the two others give 5 once, with the 6 never; its 2 comes only once.
    assert list(found[:3]) == [0.5, 0.5, 0.0] and np.isnan(found[3])


def test_a_renamed_book_foretells_everything() -> None:
    mine = np.random.default_rng(2).integers(0, 8, 500)
    found = told_by(mine, 50.0, (mine * 3 + 1) % 8, 50.0)
    assert np.nanmin(found) == 1.0
    chance = told_by(mine, 50.0, np.random.default_rng(3).integers(0, 8, 500), 50.0)
    assert mean_known(chance) == pytest.approx(1 / 8, abs=0.03)


def test_many_kinds_of_pairs_are_counted_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = np.random.default_rng(4).integers(0, 40, (2, 300))
    monkeypatch.setattr(agreement, "CHUNK", 70)
    before = told_by(mine, 50.0, other, 50.0)
    monkeypatch.setattr(agreement, "MOST_BINS", 1)
    assert np.array_equal(told_by(mine, 50.0, other, 50.0), before, equal_nan=True)
