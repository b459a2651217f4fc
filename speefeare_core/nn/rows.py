"""Causal convolutions for inference over rows `[B, T, C]`: weights read once, in the order in which they lie.

A stream of single frames multiplies large matrices by a handful of rows, so its time is the time of reading weights.
With time before channels a convolution is a sum of matrix products of whole slices of the signal, without unfolding,
and weights whose input axes come first in memory are read straight through. `rows_layout` puts them there without
changing their shapes, names or number: a parameter keeps its official shape over permuted strides, so loading, training
and saving notice nothing, and there is no second copy to keep up to date.

Sums are cut into slices and lone rows doubled, as in `stable_matmul`, so that every way to cut a signal into pieces
gives the same bits. That is measured with MKL on AVX-512; on other processors pieces agree to rounding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLICE = 512  # terms of a sum that stay together
NARROW = 32  # values of a window slice below which unfolding is cheaper than one product for each tap


def rows_layout(module: nn.Module) -> None:
    """Lay the weights of all linear layers and (ungrouped) convolutions inside `module` out for the functions here."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            part.weight.data = part.weight.data.t().contiguous().t()
        elif isinstance(part, nn.Conv1d) and part.groups == 1:
            part.weight.data = part.weight.data.permute(2, 1, 0).contiguous().permute(2, 1, 0)
        elif isinstance(part, nn.ConvTranspose1d) and part.groups == 1:
            part.weight.data = part.weight.data.permute(0, 2, 1).contiguous().permute(0, 2, 1)


def linear_rows(x: Tensor, weight: Tensor) -> Tensor:
    """`[B, T, Cin]` and a weight `[Cout, Cin]` → `[B, T, Cout]`."""
    out = _product([x.reshape(-1, x.shape[-1])], weight.t(), None)
    return out.view(*x.shape[:-1], -1)


def conv_rows(conv: nn.Conv1d, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """A convolution `[B, n·stride, Cin]` → `[B, n, Cout]`, and the rows `[B, context, Cin]` that its next piece needs.

    `past` are those rows of the piece before; context = span of the kernel - stride. Raises ValueError for a piece that
    is no multiple of the stride.
    """
    kernel, stride, dilation = conv.kernel_size[0], conv.stride[0], conv.dilation[0]
    if x.shape[1] % stride:
        raise ValueError(f"a piece of {x.shape[1]} samples is no multiple of the stride {stride}")
    weight = conv.weight.permute(2, 1, 0).reshape(kernel * conv.in_channels, conv.out_channels)
    joined = torch.cat([past, x], dim=1) if past.shape[1] else x
    if not joined.is_contiguous():
        joined = joined.contiguous()
    batch, length, width = joined.shape
    count = x.shape[1] // stride
    # Consecutive taps lie side by side as far as one stride reaches; dilated ones lie alone.
    together = stride if dilation == 1 else 1
    if width * together < NARROW and dilation == 1:
        together = kernel
    pieces = []
    for first in range(0, kernel, together):
        taps = min(together, kernel - first)
        window = joined.as_strided(
            (batch, count, taps * width),
            (length * width, stride * width, 1),
            joined.storage_offset() + first * dilation * width,
        )
        pieces.append(window.reshape(batch * count, taps * width))
    out = _product(pieces, weight, conv.bias).view(batch, count, conv.out_channels)
    return out, joined[:, length - past.shape[1] :].clone()


def conv_transpose_rows(conv: nn.ConvTranspose1d, x: Tensor, future: Tensor) -> tuple[Tensor, Tensor]:
    """A transposed convolution `[B, n, Cin]` → `[B, n·stride, Cout]`, and what of it falls into the future.

    `future` `[B, hops - 1, stride·Cout]` is that of the piece before, without bias; hops = ⌈kernel / stride⌉.
    """
    kernel, stride, width = conv.kernel_size[0], conv.stride[0], conv.out_channels
    batch, count, _ = x.shape
    hops = future.shape[1] + 1
    weight = conv.weight.permute(0, 2, 1).reshape(conv.in_channels, kernel * width)
    spread = _product([x.reshape(batch * count, -1)], weight, None).view(batch, count, kernel * width)
    if hops * stride > kernel:
        spread = F.pad(spread, (0, (hops * stride - kernel) * width))
    out, after = overlap_rows(spread, future)
    out = out.view(batch, count * stride, width)
    return (out if conv.bias is None else out.add_(conv.bias)), after


def overlap_rows(spread: Tensor, future: Tensor) -> tuple[Tensor, Tensor]:
    """Hops `[B, n, hops·W]` that each reach over the next ones, added up: `[B, n, W]` and the rest `[B, hops - 1, W]`.

    Oldest first, so that the order of a sum does not depend on the pieces.
    """
    batch, count, _ = spread.shape
    reach, width = future.shape[1], future.shape[2]
    if reach == 1:  # kernels of twice the stride, as everywhere in SEANet
        out = torch.cat([future, spread[:, :-1, width:]], dim=1).add_(spread[:, :, :width])
        return out, spread[:, -1:, width:].clone()
    total = spread.new_zeros(batch, count + reach, width)
    total[:, :reach] = future
    for hop in reversed(range(reach + 1)):
        total[:, hop : hop + count] += spread[:, :, hop * width : (hop + 1) * width]
    return total[:, :count].contiguous(), total[:, count:].clone()


def _product(pieces: list[Tensor], weight: Tensor, bias: Tensor | None) -> Tensor:
    """The pieces side by side, `[M, ΣK]`, times `[ΣK, N]`, plus bias `[N]`."""
    rows, columns = pieces[0].shape[0], weight.shape[1]
    if columns == 1:  # a lone row or column would take another kernel, which sums in another order
        return _product(pieces, weight.expand(-1, 2), None if bias is None else bias.expand(2))[:, :1].contiguous()
    if rows == 1:
        return _product([piece.expand(2, -1) for piece in pieces], weight, bias)[:1]
    factors = [weight] if len(pieces) == 1 else weight.split([piece.shape[1] for piece in pieces])
    out: Tensor | None = None
    for piece, factor in zip(pieces, factors, strict=True):
        for part, its in zip(piece.split(SLICE, 1), factor.split(SLICE), strict=True):
            if out is not None:
                out.addmm_(part, its)
            else:
                out = torch.mm(part, its) if bias is None else torch.addmm(bias, part, its)
    assert out is not None
    return out
