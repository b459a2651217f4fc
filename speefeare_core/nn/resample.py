"""Decimator: a lower rate by a whole factor, with a steep filter of linear phase, whole or as a stream.

A windowed sinc (Kaiser, 96 dB): flat to 0.9 of the new band's edge, and nothing left from the edge on.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from speefeare_core.nn.pieces import PieceModule
from speefeare_core.nn.streaming import ModuleState

STOP_DB = 96.0
FLAT = 0.9  # of the new band


def lowpass(factor: int) -> Tensor:
    """Taps `[N]`, N odd and a multiple of 2·factor plus one, that keep the lowest 1 / factor of the band."""
    width = torch.pi * (1 - FLAT) / factor  # of the transition, radians per sample
    half = -(-int((STOP_DB - 8) / (2.285 * width) / 2 + 1) // factor) * factor
    beta = 0.1102 * (STOP_DB - 8.7)  # Kaiser's formula
    time = torch.arange(-half, half + 1, dtype=torch.float64)
    cutoff = (1 + FLAT) / 2 / factor
    taps = cutoff * torch.sinc(cutoff * time) * torch.kaiser_window(2 * half + 1, False, beta, dtype=torch.float64)
    return (taps / taps.sum()).float()


class Decimator(PieceModule):
    """`[B, C, n·factor]` → `[B, C, n]`, late by `delay_samples` of the input.

    Output i hears input up to sample `(i + 1)·factor - 1`, so it streams. The state is the input's end
    `[B, C, context]`; a signal starts after silence.
    """

    taps: Tensor  # [N]

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.register_buffer("taps", lowpass(factor), persistent=False)
        self.context = self.taps.numel() - factor
        # Output i stands for input i·factor; the middle of its window lies this much before.
        self.delay_samples = self.taps.numel() // 2 - (factor - 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T // factor]`."""
        return self._filter(F.pad(x, (self.context, 0)))

    def initial_state(self, batch: int) -> ModuleState:
        """Silence `[B, 1, context]`."""
        return self.taps.new_zeros(batch, 1, self.context)

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """All taps."""
        return first * self.factor - self.context, last * self.factor + self.factor - 1

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece `[B, 1, n·factor]` → `[B, 1, n]`."""
        joined = torch.cat([state, x], dim=-1)
        return self._filter(joined), joined[..., joined.shape[-1] - self.context :].clone()

    def _filter(self, padded: Tensor) -> Tensor:
        batch, channels, length = padded.shape
        rows = padded.reshape(batch * channels, 1, length)
        return F.conv1d(rows, self.taps[None, None], stride=self.factor).view(batch, channels, -1)
