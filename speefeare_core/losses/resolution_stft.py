"""STFT loss at several resolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from speefeare_core.nn.spectra import magnitudes

FLOOR = 1e-7  # of a squared magnitude


class MultiResolutionStftLoss(nn.Module):
    """mean_s [ ||X_s - Y_s||_F / ||Y_s||_F + mean |ln X_s - ln Y_s| ] of STFT magnitudes.

    X_s of the decoded audio, Y_s of the target: spectral convergence over the whole batch, and log magnitude (Yamamoto
    et al., arXiv 1910.11480, section 3.2). The default resolutions are those of X-Codec (config/codec_16k_6kbps_v3_
    vqdp.yaml); the paper's are FFT 1024, 2048, 512, windows 600, 1200, 240, hops 120, 240, 50.
    """

    def __init__(
        self,
        rate_hz: int,
        ffts: Sequence[int] = (512, 1024, 2048),
        windows: Sequence[int] = (480, 960, 1200),
        hops: Sequence[int] = (120, 240, 300),
        convergence_weight: float = 1.0,
        magnitude_weight: float = 1.0,
        floor: float = FLOOR,
    ) -> None:
        super().__init__()
        self.resolutions = tuple(zip(ffts, windows, hops, strict=True))
        self.convergence_weight, self.magnitude_weight = convergence_weight, magnitude_weight
        self.floor = floor**0.5
        for index, (_, window, _) in enumerate(self.resolutions):
            self.register_buffer(f"window_{index}", torch.hann_window(window), persistent=False)

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        total = decoded.new_zeros(())
        for index, (fft, _, hop) in enumerate(self.resolutions):
            window: Tensor = getattr(self, f"window_{index}")
            ours, theirs = (magnitudes(x, window, fft, hop).clamp(min=self.floor) for x in (decoded, target))
            distance = torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs)
            logs = (ours.log() - theirs.log()).abs().mean()
            total = total + self.convergence_weight * distance + self.magnitude_weight * logs
        return total / len(self.resolutions)
