"""The residual search in C: the codes of plain sums, or an honest "too near to say"."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from speefeare_core.native.nearest import fits, nearest, slack_of

ENTRIES, WIDTH, BOOKS = 100, 32, 6


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def chain(seed: int = 1) -> tuple[list[Tensor], list[Tensor]]:
    books = [drawn(ENTRIES, WIDTH, seed=seed + index) * 0.6**index for index in range(BOOKS)]
    return books, [book.square().sum(dim=1) / -2 for book in books]


def plain(books: list[Tensor], biases: list[Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Codes `[K, n]`, and what is left, by sums of doubles."""
    codes, rest = [], x.double()
    for book, bias in zip(books, biases, strict=True):
        codes.append((rest @ book.double().t() + bias).argmax(dim=1))
        rest = rest - book.double()[codes[-1]]
    return torch.stack(codes), rest


@pytest.mark.parametrize("rows", [1, 2, 4, 7, 16])
def test_the_codes_of_plain_sums(rows: int) -> None:
    (books, biases), x = chain(), drawn(rows, WIDTH, seed=40)
    rest, codes = x.clone(), torch.zeros(BOOKS, rows, dtype=torch.int64)
    assert nearest(books, biases, rest, codes, None)(0) == BOOKS
    wanted, left = plain(books, biases, x)
    assert torch.equal(codes, wanted)
    torch.testing.assert_close(rest.double(), left, rtol=0, atol=1e-5)


def test_it_goes_on_where_it_is_told() -> None:
    (books, biases), x = chain(), drawn(3, WIDTH, seed=41)
    rest, codes = x.clone(), torch.zeros(BOOKS, 3, dtype=torch.int64)
    run = nearest(books, biases, rest, codes, None)
    run(0)
    rest.copy_(x)
    again = codes.clone()
    codes.zero_()
    assert run(2) == BOOKS
    assert bool((codes[:2] == 0).all())
    assert not torch.equal(codes, again)


def test_two_equal_entries_are_not_decided() -> None:
    (books, biases), x = chain(), drawn(2, WIDTH, seed=42)
    wanted, _ = plain(books, biases, x)
    books[3][(wanted[3, 1] + 5) % ENTRIES] = books[3][wanted[3, 1]]
    biases[3] = books[3].square().sum(dim=1) / -2
    rest, codes = x.clone(), torch.zeros(BOOKS, 2, dtype=torch.int64)
    assert nearest(books, biases, rest, codes, slack_of(books))(0) == 3
    assert torch.equal(codes[:3], wanted[:3])
    left = x - books[0][wanted[0]] - books[1][wanted[1]] - books[2][wanted[2]]
    torch.testing.assert_close(rest, left, rtol=0, atol=0)


def test_slack_is_more_than_orders_of_summing_differ() -> None:
    books, biases = chain(seed=7)
    x = drawn(1000, WIDTH, seed=43)
    slack = slack_of(books)
    for book, bias, (of_length, least) in zip(books, biases, slack, strict=True):
        exact = x.double() @ book.double().t() + bias.double()
        one_by_one = torch.zeros(1000, ENTRIES)
        for column in range(WIDTH):
            one_by_one += x[:, column : column + 1] * book[:, column]
        off = (one_by_one + bias - exact).abs().amax(dim=1)
        assert bool((2 * off < of_length * x.norm(dim=1) + least).all())


def test_what_is_no_number_is_not_decided() -> None:
    books, biases = chain()
    rest, codes = torch.full((1, WIDTH), torch.nan), torch.zeros(BOOKS, 1, dtype=torch.int64)
    assert nearest(books, biases, rest, codes, slack_of(books))(0) == 0


def test_what_does_not_fit_is_refused() -> None:
    books, biases = chain()
    assert fits(books, 16) and not fits(books, 17) and not fits([*books, drawn(5, WIDTH, seed=3)], 1)
    with pytest.raises(ValueError, match="books"):
        nearest(books, biases, drawn(2, WIDTH, seed=1), torch.zeros(BOOKS, 3, dtype=torch.int64), None)
