"""Attention over a ring in C against the same in torch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from speefeare_core.native.attention import attention, fits

HEADS, SLOTS = 3, 29


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def turned(x: Tensor, turns: Tensor) -> Tensor:
    """Queries or keys `[T, H, D]`, by `[T, 1, D / 2]`."""
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * turns).flatten(-2)


@pytest.mark.parametrize("rows", [1, 2, 4, 5, 9])
@pytest.mark.parametrize("depth", [32, 64])
def test_as_torch_computes_it(rows: int, depth: int) -> None:
    angles = drawn(rows, 2, 1, depth // 2, seed=1)
    turns, ring = torch.polar(torch.ones_like(angles), angles), drawn(2, HEADS, SLOTS, depth, seed=2)
    mask, out = torch.zeros(rows, SLOTS), torch.empty(rows, HEADS, depth)
    projected = torch.empty(rows, 3, HEADS, depth)
    run, expected = attention(projected, turns, mask, ring, out), ring.clone()
    for step, slot in enumerate((0, 6, 20)):
        given = drawn(rows, 3, HEADS, depth, seed=10 + step)
        projected.copy_(given)
        mask.zero_()[:, slot + rows : slot + rows + 7] = -torch.inf
        run(slot)
        expected[0][:, slot : slot + rows] = turned(given[:, 1], turns[:, 1]).transpose(0, 1)
        expected[1][:, slot : slot + rows] = given[:, 2].transpose(0, 1)
        queries = turned(given[:, 0], turns[:, 0]).transpose(0, 1)
        wanted = torch.softmax(mask + queries @ expected[0].transpose(1, 2), -1) @ expected[1]
        torch.testing.assert_close(ring, expected, rtol=0, atol=1e-6)
        torch.testing.assert_close(out, wanted.transpose(0, 1), rtol=0, atol=2e-5)


def test_what_does_not_fit_is_refused() -> None:
    assert fits(64) and not fits(48) and not fits(512)
    turns = torch.zeros(1, 2, 1, 16, dtype=torch.complex64)
    ring, out, projected = torch.zeros(2, HEADS, SLOTS, 32), torch.zeros(1, HEADS, 32), torch.zeros(1, 3, HEADS, 32)
    with pytest.raises(ValueError, match="shapes"):
        attention(projected, turns, torch.zeros(1, SLOTS + 1), ring, out)
