"""Weights in seven eighths of their room: every bit comes back, and the products are those of the weight."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear

from speefeare_core.native.packed import Packed, PackedRows, block_of, can_pack

pytestmark = pytest.mark.skipif(not can_pack(), reason="this processor has no AVX-512")


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def room(count: int) -> Tensor:
    return torch.full((count,), 255, dtype=torch.uint8)


def uneven(outputs: int, inputs: int) -> Tensor:
    """Of many sizes: lines of their own level, zeros, values far below the others."""
    weight = drawn(outputs, inputs) * torch.logspace(-6, 2, outputs)[:, None]
    weight[0] = 0
    weight[1, ::7] = 0
    weight[-1, 3], weight[-1, 9], weight[-1, 11] = 1e-30, -1e-38, 1e-44
    return weight


@pytest.mark.parametrize("across", [False, True], ids=["lines together", "lines across"])
@pytest.mark.parametrize(("outputs", "inputs"), [(2, 128), (33, 512), (100, 1536), (17, 640), (65, 2304)])
def test_every_bit_comes_back(outputs: int, inputs: int, across: bool) -> None:
    weight = uneven(outputs, inputs)
    given = weight.t().contiguous().t() if across else weight
    packed = Packed(given, room)
    assert torch.equal(packed.unpacked().view(torch.int32), weight.view(torch.int32))
    assert 3 <= packed.apart.shape[0] <= max(16, weight.numel() // 256)
    assert packed.bytes.numel() < 0.875 * weight.numel() * 4 + 2000


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 9, 16])
@pytest.mark.parametrize(("outputs", "inputs"), [(1, 128), (40, 1024), (65, 896), (129, 2048)])
@pytest.mark.parametrize("add", [False, True])
def test_products(rows: int, outputs: int, inputs: int, add: bool) -> None:
    weight, x = drawn(outputs, inputs), drawn(rows, inputs, seed=2)
    weight[0, 5] = 1e-9
    bias, out = drawn(outputs, seed=3), drawn(rows, outputs, seed=4)
    wanted = linear(x.double(), weight.double(), bias.double()) + (out if add else 0)
    PackedRows(Packed(weight, room), bias, add=add).bind(x, out)()
    torch.testing.assert_close(out.double(), wanted, rtol=0, atol=1e-6 * inputs**0.5)


def test_a_value_apart_counts() -> None:
    weight = torch.full((3, 256), 1e-12)
    weight[:, 0] = 1.0
    x, out = torch.zeros(2, 256), torch.empty(2, 3)
    x[:, 1:3] = 1
    with pytest.raises(ValueError, match="too far"):  # nearly all of them
        Packed(weight, room)
    weight[:, 3:] = 0.5
    assert PackedRows(Packed(weight, room), None)(x, out)
    torch.testing.assert_close(out, torch.full((2, 3), 2e-12))


def test_small_and_great_inputs_keep_their_size() -> None:
    weight = drawn(20, 256) * 0.05
    for level in (1e-25, 1e-10, 1e10):
        x, out = drawn(2, 256, seed=5) * level, torch.empty(2, 20)
        assert PackedRows(Packed(weight, room), None)(x, out)
        torch.testing.assert_close(out / level, linear(x, weight) / level, rtol=0, atol=2e-6)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e30])
def test_what_has_no_place_is_refused(value: float) -> None:
    weight = drawn(4, 128)
    weight[2, 100] = value
    with pytest.raises(ValueError, match="no numbers"):
        Packed(weight, room)


def test_sizes() -> None:
    assert [block_of(inputs) for inputs in (128, 512, 640, 1536, 2304, 100, 192)] == [128, 512, 640, 512, 768, 0, 0]
    with pytest.raises(ValueError, match="100"):
        Packed(drawn(4, 100), room)
    product, out = PackedRows(Packed(drawn(20, 128), room), None), torch.full((17, 20), 7.0)
    assert not product(drawn(17, 128), out) and not product(drawn(128, 2).t(), out[:2])
    with pytest.raises(ValueError, match="17, 128"):
        product.bind(drawn(17, 128), out)
    with pytest.raises(ValueError, match="bias"):
        PackedRows(Packed(drawn(20, 128), room), drawn(19))
    assert bool((out == 7).all())
