"""A whole transformer in one call against its layers in torch."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from speefeare_core.native.packed import Packed, PackedRows, can_pack
from speefeare_core.native.products import FewRows, RowsProduct, blocks
from speefeare_core.native.transformer import Layer, transformer
from speefeare_core.nn.transformer import CausalTransformer, TransformerLayer

WIDTH, HEADS, HIDDEN, SLOTS = 128, 4, 256, 30


def plain(weight: Tensor) -> RowsProduct:
    return FewRows(blocks(weight).contiguous(), None)


def packed(weight: Tensor) -> RowsProduct:
    return PackedRows(Packed(weight, lambda count: torch.empty(count, dtype=torch.uint8)), None)


def layers_of(model: CausalTransformer, product: object) -> list[Layer]:
    made = []
    for layer in model.layers:
        assert isinstance(layer, TransformerLayer) and callable(product)
        weights = (
            layer.in_proj.weight,
            layer.out_proj.weight * layer.scale1[:, None],
            layer.linear1.weight,
            layer.linear2.weight * layer.scale2[:, None],
        )
        its = [product(weight.detach()) for weight in weights]
        made.append(Layer(layer.norm1, layer.norm2, *its, torch.zeros(2, HEADS, SLOTS, WIDTH // HEADS)))
    return made


def model_of(seed: int = 1) -> CausalTransformer:
    torch.manual_seed(seed)
    model = CausalTransformer(WIDTH, 3, HEADS, HIDDEN, context=SLOTS - 5, layer_scale=0.3)
    for layer in model.layers:
        assert isinstance(layer, TransformerLayer)
        for norm in (layer.norm1, layer.norm2):
            torch.nn.init.normal_(norm.weight, 1.0, 0.2)
            torch.nn.init.normal_(norm.bias, 0.0, 0.2)
    return model.requires_grad_(False).eval()


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("product", [plain, packed] if can_pack() else [plain])
def test_as_the_layers_of_torch(rows: int, product: object) -> None:
    model, x = model_of(), torch.empty(rows, WIDTH)
    turns, mask = model._turns(torch.arange(rows)).clone(), torch.zeros(rows, SLOTS)
    layers = layers_of(model, product)
    run = transformer(layers, x, turns, mask)
    state = None
    for step in range(SLOTS // rows):
        given = torch.randn(rows, WIDTH, generator=torch.Generator().manual_seed(step))
        wanted, state = model.step_rows(given[None], state)
        turns.copy_(model._turns(torch.arange(step * rows, (step + 1) * rows)))
        ago = torch.arange(step * rows, (step + 1) * rows)[:, None] - torch.arange(SLOTS)
        mask.zero_().masked_fill_((ago < 0) | (ago >= model.context), -math.inf)
        x.copy_(given)
        run(step * rows)
        torch.testing.assert_close(x, wanted[0], rtol=0, atol=1e-5)


def test_what_does_not_fit_is_refused() -> None:
    model = model_of()
    layers = layers_of(model, plain)
    turns, mask = model._turns(torch.arange(2)), torch.zeros(2, SLOTS)
    with pytest.raises(ValueError, match="shapes"):
        transformer(layers, torch.zeros(2, WIDTH), turns, torch.zeros(2, SLOTS + 1))
    with pytest.raises(ValueError, match="shapes"):
        transformer(layers_of(model, lambda weight: plain(weight[:, :64])), torch.zeros(2, WIDTH), turns, mask)
    with pytest.raises(ValueError, match="contiguous"):
        transformer(layers, torch.zeros(2, WIDTH).double(), turns, mask)
