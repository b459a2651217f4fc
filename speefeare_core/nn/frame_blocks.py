"""Causal residual blocks at the frame rate, on frames [B, F, C], with carried history.

The block is ConvNeXt's (arXiv 2201.03545) made causal over frames: depthwise convolution over
the present and past frames, normalisation, and a two-layer network. Its last layer starts at
zero, so that a fresh stack is the identity.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def row_matmul(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """[..., K] times contiguous weight [K, N] plus bias [N], each row alike in any company.

    A lone row would take the matrix-vector kernel, which sums in another order than the
    matrix-matrix kernel does; a stream of single frames would then differ from the whole file.
    """
    flat = rows.reshape(-1, rows.shape[-1])
    lone = flat.shape[0] == 1
    if lone:
        flat = flat.expand(2, -1)
    out = flat @ weight if bias is None else torch.addmm(bias, flat, weight)
    if lone:
        out = out[:1]
    return out.view(*rows.shape[:-1], weight.shape[1])


class FrameLinear(nn.Module):
    """Affine map of each frame, weight stored [in, out]."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True, zero: bool = False) -> None:
        super().__init__()
        scale = 0.0 if zero else inputs**-0.5
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * scale)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, frames: Tensor) -> Tensor:
        """[B, F, in] -> [B, F, out]."""
        return row_matmul(frames, self.weight, self.bias)


class CausalFrameBlock(nn.Module):
    """One residual block of width `dim`; sees the last (kernel - 1) * dilation frames."""

    def __init__(self, dim: int, hidden: int, *, kernel: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.history_frames = (kernel - 1) * dilation
        taps = torch.zeros(kernel, dim)
        taps[-1] = 1.0
        self.taps = nn.Parameter(taps + 0.02 * torch.randn(kernel, dim))
        self.norm = nn.LayerNorm(dim)
        self.widen = FrameLinear(dim, hidden)
        self.narrow = FrameLinear(hidden, dim, zero=True)

    def forward(self, frames: Tensor, history: Tensor) -> tuple[Tensor, Tensor]:
        """Frames [B, F, dim] after history [B, H, dim] -> the same shape, and the new history."""
        past = torch.cat([history, frames], dim=1)
        count = frames.shape[1]
        mixed = past[:, :count] * self.taps[0]
        for index in range(1, self.taps.shape[0]):
            start = index * self.dilation
            mixed = mixed + past[:, start : start + count] * self.taps[index]
        update = self.narrow(nn.functional.silu(self.widen(self.norm(mixed))))
        return frames + update, past[:, count:].clone()


class FrameStack(nn.Module):
    """Blocks one after the other with the given dilations; the state is a list of histories."""

    def __init__(self, dim: int, hidden: int, *, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.dim = dim
        self.blocks = nn.ModuleList(
            CausalFrameBlock(dim, hidden, kernel=kernel, dilation=dilation) for dilation in dilations
        )

    def silence(self, like: Tensor) -> list[Tensor]:
        """Histories [B, H, dim] before the first frame, for a batch like `like` [B, ...]."""
        return [like.new_zeros(like.shape[0], block.history_frames, self.dim) for block in self._blocks()]

    def forward(self, frames: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Frames [B, F, dim] after state -> frames [B, F, dim] and the state after them."""
        after = []
        for block, history in zip(self._blocks(), state, strict=True):
            frames, kept = block(frames, history)
            after.append(kept)
        return frames, after

    def _blocks(self) -> list[CausalFrameBlock]:
        return [block for block in self.blocks if isinstance(block, CausalFrameBlock)]
