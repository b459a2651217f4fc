"""Distances of the samples themselves."""

from __future__ import annotations

from torch import Tensor, nn


class TimeL1Loss(nn.Module):
    """mean_t |x_t - y_t| (EnCodec, arXiv 2210.13438, section 3.4; SpeechTokenizer, arXiv 2308.16692, section 3.3)."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__()

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        return (decoded - target).abs().mean()


class TimeL2Loss(nn.Module):
    """mean_t (x_t - y_t)^2."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__()

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        return (decoded - target).square().mean()
