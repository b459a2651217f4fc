"""Audio as some discriminators want it: without offset, at one peak level."""

from __future__ import annotations

from torch import Tensor

PEAK = 0.8


def levelled(audio: Tensor) -> Tensor:
    """`[..., T]` without its mean and with peak 0.8, as DAC and Vocos feed their discriminators."""
    audio = audio - audio.mean(dim=-1, keepdim=True)
    return PEAK * audio / (audio.abs().amax(dim=-1, keepdim=True) + 1e-9)
