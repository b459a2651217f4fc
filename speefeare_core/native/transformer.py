"""All layers of a causal transformer in one call (`transformer.c`)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.native import is_plain, needed
from speefeare_core.native.attention import GROUP, LANES, fits
from speefeare_core.native.products import MOST_ROWS, RowsProduct

_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_ssize_t


@dataclass(frozen=True)
class Layer:
    """One layer: its norms, its products without the addition that two of them end in, its ring `[2, H, S, D]`."""

    before: nn.LayerNorm
    between: nn.LayerNorm
    projected: RowsProduct
    out: RowsProduct
    widen: RowsProduct
    narrow: RowsProduct
    ring: Tensor


class _Product(ctypes.Structure):
    _fields_ = (
        *((name, _POINTER) for name in ("weight", "scales", "bias", "apart")),
        *((name, _SIZE) for name in ("found", "outputs", "inputs", "block", "half")),
    )


class _Norm(ctypes.Structure):
    _fields_ = (("weight", _POINTER), ("bias", _POINTER), ("least", ctypes.c_double))


class _Layer(ctypes.Structure):
    _fields_ = (
        *((name, _Norm) for name in ("before", "between")),
        *((name, _Product) for name in ("projected", "out", "widen", "narrow")),
        ("ring", _POINTER),
    )


def transformer(layers: Sequence[Layer], x: Tensor, turns: Tensor, mask: Tensor) -> Callable[[int], None]:
    """`run(slot)`: rows `x` `[T, C]` through all layers, in place; turns `[T, 2, 1, D / 2]` complex, mask `[T, S]`.

    Raises ValueError for what does not fit: more than 16 rows, heads of an odd width, norms of one kind alone.
    """
    rows, width = x.shape
    _, heads, slots, depth = layers[0].ring.shape
    turning = torch.view_as_real(turns)
    norms = [norm for layer in layers for norm in (layer.before, layer.between)]
    weights = [weight.detach() for norm in norms for weight in (norm.weight, norm.bias)]
    shapes: list[tuple[Sequence[int], Sequence[int]]]
    shapes = [(turning.shape, (rows, 2, 1, depth // 2, 2)), (mask.shape, (rows, slots))]
    shapes += [(weight.shape, (width,)) for weight in weights]
    for layer in layers:
        shapes.append((layer.ring.shape, layers[0].ring.shape))
        hidden = layer.widen.shape[0]
        wanted = [(3 * width, width), (width, width), (hidden, width), (width, hidden)]
        shapes += list(zip((its.shape for its in _products(layer)), wanted, strict=True))
    rings = [layer.ring for layer in layers]
    if not fits(depth) or rows > MOST_ROWS or any(tuple(is_) != tuple(be) for is_, be in shapes):
        raise ValueError(f"shapes {shapes}")
    if not is_plain(x, turning, mask, *rings, *weights):
        raise ValueError("not contiguous float32")
    room = x.new_zeros(rows * (5 * width + max(layer.widen.shape[0] for layer in layers)))
    scores = x.new_zeros(GROUP * (slots + LANES))
    table = (_Layer * len(layers))(*(_described(layer) for layer in layers))
    kept = (x, turning, mask, scores, room, layers, table)
    given, function = [tensor.data_ptr() for tensor in (x, turning, mask, scores, room)], needed().transformer
    at, count = ctypes.addressof(table), len(layers)

    def run(slot: int) -> None:
        _ = kept  # so that their memory stays
        function(at, count, *given, rows, heads, slots, depth, slot)

    return run


def _products(layer: Layer) -> tuple[RowsProduct, ...]:
    return layer.projected, layer.out, layer.widen, layer.narrow


def _described(layer: Layer) -> _Layer:
    norms = [_Norm(norm.weight.data_ptr(), norm.bias.data_ptr(), norm.eps) for norm in (layer.before, layer.between)]
    return _Layer(*norms, *(_Product(*its.fields()) for its in _products(layer)), layer.ring.data_ptr())
