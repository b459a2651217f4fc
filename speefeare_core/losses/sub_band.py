"""STFT loss in the sub-bands of a pseudo-QMF bank."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.losses.resolution_stft import MultiResolutionStftLoss

TAPS, BETA = 62, 9.0
# By number of bands: the prototype's cut-off over half the sampling rate. With it the powers of all bands add up to 1
# within 0.2 %. Of 4, 6 and 8 bands they are published (Parallel WaveGAN, X-Codec), of 2 found here.
CUTOFFS = {2: 0.267, 4: 0.142, 6: 0.10032791, 8: 0.07949452}


def pseudo_qmf(bands: int) -> Tensor:
    """Analysis filters `[bands, 1, 63]`: a Kaiser-windowed low pass, moved to the middle of each band by a cosine.

    h_k[n] = 2 p[n] cos((2k + 1) pi / (2 K) (n - 31) + (-1)^k pi / 4) (Nguyen, IEEE TSP 42(1), 1994; the prototype after
    Lin and Vaidyanathan, IEEE SPL 5(6), 1998). Raises ValueError for another number of bands than 2, 4, 6 or 8.
    """
    if bands not in CUTOFFS:
        raise ValueError(f"the filter bank has 2, 4, 6 or 8 bands, not {bands}")
    time = torch.arange(TAPS + 1, dtype=torch.float64) - TAPS / 2
    prototype = CUTOFFS[bands] * torch.sinc(CUTOFFS[bands] * time)
    prototype = prototype * torch.kaiser_window(TAPS + 1, periodic=False, beta=BETA, dtype=torch.float64)
    band = torch.arange(bands, dtype=torch.float64)[:, None]
    phase = (2 * band + 1) * math.pi / (2 * bands) * time + (-1.0) ** band * math.pi / 4
    return (2 * prototype * torch.cos(phase)).float()[:, None]


class SubBandStftLoss(nn.Module):
    """The multi-resolution STFT loss of K critically sampled sub-bands, all bands together.

    Multi-band MelGAN, arXiv 2005.05106, section 3.2; the defaults are X-Codec's: 6 bands, FFT 128, 256, 256, windows
    80, 120, 200, hops 20, 40, 50.
    """

    filters: Tensor

    def __init__(
        self,
        rate_hz: int,
        bands: int = 6,
        ffts: Sequence[int] = (128, 256, 256),
        windows: Sequence[int] = (80, 120, 200),
        hops: Sequence[int] = (20, 40, 50),
    ) -> None:
        super().__init__()
        self.bands = bands
        self.register_buffer("filters", pseudo_qmf(bands), persistent=False)
        self.stft = MultiResolutionStftLoss(rate_hz, ffts, windows, hops)

    def analysis(self, audio: Tensor) -> Tensor:
        """`[B, C, T]` → `[B·C, bands, T // bands]`, what is left over at the end not counted."""
        x = audio.flatten(0, 1)[:, None]
        found = F.conv1d(x, self.filters, stride=self.bands, padding=TAPS // 2)
        return found[..., : max(1, x.shape[-1] // self.bands)]

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        value: Tensor = self.stft(self.analysis(decoded), self.analysis(target))
        return value
