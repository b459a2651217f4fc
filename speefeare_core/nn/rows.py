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
ELU_ELEMENTS = 1 << 15  # of a signal that go through all steps of an ELU inside the cache
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
        elif isinstance(part, nn.LSTM):  # what many frames bring at once; the recurrent weights go row by row
            for name, weight in part.named_parameters():
                if name.startswith("weight_ih"):
                    weight.data = weight.data.t().contiguous().t()


def linear_rows(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`[B, T, Cin]`, a weight `[Cout, Cin]` and a bias `[Cout]` → `[B, T, Cout]`."""
    out = _product([x.reshape(-1, x.shape[-1])], weight.t(), bias)
    return out.view(*x.shape[:-1], -1)


def conv_rows(conv: nn.Conv1d, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """A convolution `[B, n·stride, Cin]` → `[B, n, Cout]`, and the rows `[B, context, Cin]` that its next piece needs.

    `past` are those rows of the piece before; context = span of the kernel - stride. Raises ValueError for a piece that
    is no multiple of the stride.
    """
    if x.shape[1] % conv.stride[0]:
        raise ValueError(f"a piece of {x.shape[1]} samples is no multiple of the stride {conv.stride[0]}")
    joined = torch.cat([past, x], dim=1) if past.shape[1] else x
    out = window_rows(conv, joined, x.shape[1] // conv.stride[0])
    return out, joined[:, joined.shape[1] - past.shape[1] :].clone()


def joined_rows(pieces: list[Tensor], *, elu: bool = False) -> Tensor:
    """Signals `[B, C, T]` one after the other, in memory as rows; with `elu`, the ELU of the last one.

    Itself where there is but one that is not empty.
    """
    if not elu:
        pieces = [piece for piece in pieces if piece.shape[-1]] or pieces[:1]
        if len(pieces) == 1:
            return pieces[0]
        return torch.cat([piece.transpose(1, 2) for piece in pieces], 1).transpose(1, 2)
    *before, last = (piece.transpose(1, 2) for piece in pieces)
    out = last.new_empty(last.shape[0], sum(piece.shape[-1] for piece in pieces), last.shape[2])
    at = 0
    for piece in before:
        out[:, at : at + piece.shape[1]] = piece
        at += piece.shape[1]
    # expm1 takes three times as long as exp, which is as good where the result is not multiplied up.
    count = max(1, ELU_ELEMENTS // max(1, last.shape[0] * last.shape[2]))
    for given, made in zip(torch.split(last, count, 1), torch.split(out[:, at:], count, 1), strict=True):
        torch.clamp(given, max=0, out=made)
        torch.maximum(given, made.exp_().sub_(1), out=made)
    return out.transpose(1, 2)


def window_rows(conv: nn.Conv1d, joined: Tensor, count: int) -> Tensor:
    """A convolution without padding, `[B, T, Cin]` → its first outputs `[B, count, Cout]`."""
    kernel, stride, dilation = conv.kernel_size[0], conv.stride[0], conv.dilation[0]
    joined = joined.contiguous()
    batch, length, width = joined.shape
    if stride == 1 and conv.out_channels * kernel < width:
        return _tap_by_tap(conv, joined, count)
    weight = conv.weight.permute(2, 1, 0).reshape(kernel * width, conv.out_channels)
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
    return _product(pieces, weight, conv.bias).view(batch, count, conv.out_channels)


def _tap_by_tap(conv: nn.Conv1d, joined: Tensor, count: int) -> Tensor:
    """Few outputs of many channels: one product for all taps, then their sum."""
    kernel, dilation = conv.kernel_size[0], conv.dilation[0]
    batch, length, width = joined.shape
    weight = conv.weight.permute(1, 2, 0).reshape(width, kernel * conv.out_channels)
    taps = _product([joined.view(batch * length, width)], weight, None)
    taps = taps.view(batch, length, kernel, conv.out_channels)
    out = taps[:, :count, 0].clone() if conv.bias is None else taps[:, :count, 0] + conv.bias
    for tap in range(1, kernel):
        out += taps[:, tap * dilation : tap * dilation + count, tap]
    return out


def conv_transpose_rows(conv: nn.ConvTranspose1d, x: Tensor, future: Tensor) -> tuple[Tensor, Tensor]:
    """A transposed convolution `[B, n, Cin]` → `[B, n·stride, Cout]`, and what of it falls into the future.

    `future` `[B, hops - 1, stride·Cout]` is that of the piece before, without bias; hops = ⌈kernel / stride⌉.
    """
    kernel, stride, width = conv.kernel_size[0], conv.stride[0], conv.out_channels
    batch, count, _ = x.shape
    hops = future.shape[1] + 1
    weight = conv.weight.permute(0, 2, 1).reshape(conv.in_channels, kernel * width)
    bias = None if conv.bias is None else F.pad(conv.bias.repeat(stride), (0, (kernel - stride) * width))
    spread = _product([x.reshape(batch * count, -1)], weight, bias).view(batch, count, kernel * width)
    if hops * stride > kernel:
        spread = F.pad(spread, (0, (hops * stride - kernel) * width))
    out, after = overlap_rows(spread, future)
    return out.view(batch, count * stride, width), after


def overlap_rows(spread: Tensor, future: Tensor) -> tuple[Tensor, Tensor]:
    """Hops `[B, n, hops·W]` that each reach over the next ones, added up: `[B, n, W]` and the rest `[B, hops - 1, W]`.

    Oldest first, so that the order of a sum does not depend on the pieces.
    """
    batch, count, _ = spread.shape
    reach, width = future.shape[1], future.shape[2]
    if reach == 1:  # kernels of twice the stride, as everywhere in SEANet
        out = spread.new_empty(batch, count, width)
        torch.add(future, spread[:, :1, :width], out=out[:, :1])
        torch.add(spread[:, :-1, width:], spread[:, 1:, :width], out=out[:, 1:])
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
    factors = [weight] if len(pieces) == 1 else torch.split(weight, [piece.shape[1] for piece in pieces])
    out: Tensor | None = None
    for piece, factor in zip(pieces, factors, strict=True):
        for part, its in zip(torch.split(piece, SLICE, 1), torch.split(factor, SLICE), strict=True):
            if out is not None:
                out.addmm_(part, its)
            else:
                out = torch.mm(part, its) if bias is None else torch.addmm(bias, part, its)
    assert out is not None
    return out
