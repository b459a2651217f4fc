"""Triangular mel filters, and mel spectrograms of one window length."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from speefeare_core.nn.spectra import Padding, magnitudes

MelScale = Literal["htk", "slaney"]
# Slaney's scale is straight below 1 kHz, 3 mel in 200 Hz, and takes 27 mel for a factor of 6.4 above.
SLANEY_STEP_HZ, SLANEY_CORNER_HZ, SLANEY_OCTAVE = 200 / 3, 1000.0, math.log(6.4) / 27


def mel_filters(
    rate_hz: int,
    n_fft: int,
    bands: int,
    low_hz: float = 0.0,
    high_hz: float | None = None,
    scale: MelScale = "htk",
    equal_area: bool = False,
) -> Tensor:
    """`[bands, n_fft // 2 + 1]`: triangles of height 1, evenly spaced in mel.

    "htk": mel = 2595 log10(1 + f / 700); "slaney": straight below 1 kHz (librosa's default). `equal_area` divides each
    triangle by half of its base in Hz. A filter narrower than the distance of two bins may hold no bin at all; it is
    then zero everywhere.
    """
    high = rate_hz / 2 if high_hz is None else high_hz
    edges_hz = _hertz(torch.linspace(_mel(low_hz, scale), _mel(high, scale), bands + 2, dtype=torch.float64), scale)
    bins_hz = torch.linspace(0, rate_hz / 2, n_fft // 2 + 1, dtype=torch.float64)
    low, centre, top = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - low) / (centre - low)
    falling = (top - bins_hz) / (top - centre)
    filters = torch.minimum(rising, falling).clamp(min=0)
    if equal_area:
        filters = filters * (2 / (top - low))
    return filters.float()


def _mel(frequency_hz: float, scale: MelScale) -> float:
    if scale == "htk":
        return 2595 * math.log10(1 + frequency_hz / 700)
    if frequency_hz < SLANEY_CORNER_HZ:
        return frequency_hz / SLANEY_STEP_HZ
    return SLANEY_CORNER_HZ / SLANEY_STEP_HZ + math.log(frequency_hz / SLANEY_CORNER_HZ) / SLANEY_OCTAVE


def _hertz(mel: Tensor, scale: MelScale) -> Tensor:
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    corner = SLANEY_CORNER_HZ / SLANEY_STEP_HZ
    above = SLANEY_CORNER_HZ * torch.exp(SLANEY_OCTAVE * (mel - corner).clamp(min=0))
    return torch.where(mel < corner, mel * SLANEY_STEP_HZ, above)


class MelSpectrum(nn.Module):
    """Hann-windowed STFT magnitudes (`power` 1) or their squares (2) through mel filters, at one window length."""

    window: Tensor
    filters: Tensor

    def __init__(
        self,
        rate_hz: int,
        size: int,
        hop: int,
        bands: int,
        low_hz: float = 0.0,
        high_hz: float | None = None,
        scale: MelScale = "htk",
        equal_area: bool = False,
        power: int = 1,
        padding: Padding = "reflect",
        normalised: bool = False,
    ) -> None:
        super().__init__()
        self.size, self.hop, self.power, self.padding = size, hop, power, padding
        window = torch.hann_window(size)
        self.register_buffer("window", window, persistent=False)
        filters = mel_filters(rate_hz, size, bands, low_hz, high_hz, scale, equal_area)
        if normalised:  # by the window's length, which may as well be done here
            filters = filters / float(window.square().sum()) ** (power / 2)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """`[N, T]` → `[N, bands, frames]`."""
        found = magnitudes(audio, self.window, self.size, self.hop, self.padding)
        return self.filters @ (found.square() if self.power == 2 else found)
