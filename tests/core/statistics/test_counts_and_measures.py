"""Counts, entropy and surprisal against what can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from speefeare_core.statistics.counts import TokenCounts, count
from speefeare_core.statistics.measures import entropy_bits, mean_surprisal_bits, surprisal_bits, use_of


def test_every_group_goes_to_its_books_and_lost_tokens_do_not_count() -> None:
    counts = TokenCounts.none([4, 4, 8])
    counts.add([np.array([[0, 1, 1]]), np.array([[3, 3, -1, 0], [7, 7, 7, 7]])])
    assert [list(book) for book in counts.books] == [[1, 2, 0, 0], [1, 0, 0, 2], [0, 0, 0, 0, 0, 0, 0, 4]]
    assert counts.tokens == (3, 3, 4)
    assert (counts + counts).tokens == (6, 6, 8)


def test_fewer_books_are_counted_and_more_are_refused() -> None:
    counts = TokenCounts.none([4, 4])
    counts.add([np.array([[2]])])
    assert counts.tokens == (1, 0)
    with pytest.raises(ValueError, match="3 books"):
        counts.add([np.zeros((3, 1), np.int32)])
    with pytest.raises(ValueError, match="index 4 of a book of 4"):
        count(np.array([4]), 4)


@pytest.mark.parametrize(
    ("counts", "entropy", "perplexity", "dead"),
    [
        ([5, 5, 5, 5], 2.0, 4.0, 0),
        ([7, 0, 0, 0], 0.0, 1.0, 3),
        ([1, 1, 0, 0], 1.0, 2.0, 2),
        ([0, 0, 0, 0], 0.0, 0.0, 4),
    ],
)
def test_use_of_a_book(counts: list[int], entropy: float, perplexity: float, dead: int) -> None:
    use = use_of(np.array(counts), 3)
    assert (use.book, use.size, use.bits, use.tokens) == (3, 4, 2.0, sum(counts))
    assert (use.entropy_bits, use.perplexity) == pytest.approx((entropy, perplexity))
    assert (use.used, use.dead) == (4 - dead, dead)


def test_few_tokens_have_a_ceiling_and_leave_entries_out_by_chance() -> None:
    counts = np.zeros(1024, np.int64)
    counts[:32] = 1
    use = use_of(counts)
    assert use.entropy_bits == pytest.approx(5.0) and use.ceiling_bits == pytest.approx(5.0)
    assert use.dead_if_even == pytest.approx(1024 * (1 - 1 / 1024) ** 32)
    draw = np.random.default_rng(1)
    left = [1024 - len(np.unique(draw.integers(0, 1024, 2000))) for _ in range(30)]
    counts[:] = 0
    counts[0] = 2000
    assert use_of(counts).dead_if_even == pytest.approx(np.mean(left), rel=0.05)


def test_entropy_of_weights_that_fade_is_that_of_their_shares() -> None:
    assert entropy_bits(np.array([0.5, 0.25, 0.25])) == pytest.approx(1.5)


def test_surprisal_is_a_distribution_and_rare_entries_cost_more() -> None:
    counts = np.array([90, 9, 1, 0])
    bits = surprisal_bits(counts)
    assert np.exp2(-bits).sum() == pytest.approx(1.0)
    assert list(np.argsort(bits)) == [0, 1, 2, 3]
    assert bits[3] == pytest.approx(-math.log2(0.5 / 102))
    cost = mean_surprisal_bits(counts, counts)
    assert cost is not None and entropy_bits(counts) < cost < entropy_bits(counts) + 0.1
    assert mean_surprisal_bits(np.zeros(4), counts) is None
