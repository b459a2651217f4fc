"""Feature-wise linear modulation by a mode."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Film(nn.Module):
    """x · gamma[mode] + beta[mode], channel by channel (arXiv 1709.07871).

    A linear layer on the one-hot mode, as in SoundStream's switchable denoising (arXiv 2107.03312, section III-F).
    Starts as the identity in every mode.
    """

    def __init__(self, modes: int, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(modes, channels))
        self.beta = nn.Parameter(torch.zeros(modes, channels))

    def forward(self, x: Tensor, mode: Tensor) -> Tensor:
        """`[B, C, F]` with modes `[B]` int64 → `[B, C, F]`."""
        return x * self.gamma[mode, :, None] + self.beta[mode, :, None]
