"""Self-attention inside windows that do not overlap (SNAC, snac/attention.py), with rotary positions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_DIM = 64
_BASE = 10000.0


class LocalAttention(nn.Module):
    """x + attention(norm(x)) on `[B, C, n·window]`: each window of frames attends to itself alone.

    Names of the weights as in the official files (`norm`, `to_qkv`, `to_out`). Raises ValueError where `channels` is no
    multiple of 64, the width of a head.
    """

    def __init__(self, channels: int, window: int) -> None:
        super().__init__()
        if channels % HEAD_DIM or window < 1:
            raise ValueError(
                f"windows of {window} frames of {channels} channels cannot be split into heads of {HEAD_DIM}"
            )
        self.heads, self.window = channels // HEAD_DIM, window
        self.norm = nn.LayerNorm(channels)
        self.to_qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.to_out = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`. Raises ValueError for a length that is no multiple of the window."""
        batch, channels, length = x.shape
        if length % self.window:
            raise ValueError(f"{length} frames are no whole number of windows of {self.window}")
        projected = self.to_qkv(self.norm(x.transpose(1, 2)))
        split = projected.view(-1, self.window, 3, self.heads, HEAD_DIM).permute(2, 0, 3, 1, 4)
        cosines, sines = self._angles(x)
        query, key = (part * cosines + _turned(part) * sines for part in split[:2])
        heard = F.scaled_dot_product_attention(query, key, split[2])  # [B·n, heads, window, 64]
        mixed: Tensor = self.to_out(heard.transpose(1, 2).reshape(batch, length, channels))
        return x + mixed.transpose(1, 2)

    def _angles(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines `[window, 64]`; both halves of a head turn by the same angles."""
        rates = _BASE ** -(torch.arange(0, HEAD_DIM, 2, device=like.device, dtype=like.dtype) / HEAD_DIM)
        angles = torch.arange(self.window, device=like.device, dtype=like.dtype)[:, None] * rates
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos(), angles.sin()


def _turned(x: Tensor) -> Tensor:
    """The halves of the last axis as a point of the plane, turned by a quarter: (a, b) → (-b, a)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([-second, first], dim=-1)
