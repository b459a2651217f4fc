"""ConvNeXt in one dimension, as in Vocos (arXiv 2306.00814, section 3.2): a convolution of each channel over time,
a norm, and two layers that look at one frame, with a residual connection whose branch is scaled for each channel.

Attributes bear the names of the published checkpoints.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KERNEL = 7
EPS = 1e-6
INITIAL_SPREAD = 0.02


class AdaLayerNorm(nn.Module):
    """Layer norm over channels whose scale and shift are those of a condition (a bit rate), one row a condition."""

    def __init__(self, conditions: int, dim: int) -> None:
        super().__init__()
        self.scale = nn.Embedding(conditions, dim)
        self.shift = nn.Embedding(conditions, dim)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`[B, F, D]`, condition `[B]` or `[1]` int64 → `[B, F, D]`."""
        normed = F.layer_norm(x, x.shape[-1:], eps=EPS)
        scale: Tensor = self.scale(condition)
        shift: Tensor = self.shift(condition)
        return torch.addcmul(shift[:, None], normed, scale[:, None])


def conditioned_norm(dim: int, conditions: int) -> nn.Module:
    """The norm of a block: adaptive where there are conditions, plain where there are none."""
    return AdaLayerNorm(conditions, dim) if conditions else nn.LayerNorm(dim, eps=EPS)


def normed(norm: nn.Module, x: Tensor, condition: Tensor | None) -> Tensor:
    """`[B, F, D]` through such a norm. Raises ValueError where it needs a condition and there is none."""
    out: Tensor
    if not isinstance(norm, AdaLayerNorm):
        out = norm(x)
    elif condition is None:
        raise ValueError("an adaptive norm needs a condition")
    else:
        out = norm(x, condition)
    return out


class ConvNextBlock(nn.Module):
    """x + gamma · MLP(norm(depthwise convolution(x))). It sees `KERNEL // 2` frames to either side."""

    def __init__(self, dim: int, inner_dim: int, *, conditions: int, branch_scale: float) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = conditioned_norm(dim, conditions)
        self.pwconv1 = nn.Linear(dim, inner_dim)
        self.pwconv2 = nn.Linear(inner_dim, dim)
        self.gamma = nn.Parameter(torch.full((dim,), branch_scale))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """`[B, D, F]`, condition `[B]` or `[1]` → `[B, D, F]`."""
        frames = normed(self.norm, self.dwconv(x).transpose(1, 2), condition)
        branch: Tensor = self.pwconv2(F.gelu(self.pwconv1(frames)))
        return x + (self.gamma * branch).transpose(1, 2)


def initialise(module: nn.Module) -> None:
    """Convolutions and linear layers from a narrow normal distribution, biases at zero: where training starts."""
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Linear):
            nn.init.trunc_normal_(part.weight, std=INITIAL_SPREAD)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
