"""The mel loss of SpeechTokenizer, which is HiFi-GAN's at four windows."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from speefeare_core.losses.mel import MelSpectrum

FLOOR = 1e-5


class SpeechTokenizerMelLoss(nn.Module):
    """sum_s w_s mean | ln max(M_s(x), 1e-5) - ln max(M_s(y), 1e-5) |.

    M_s is the mel magnitude spectrogram, 80 bands with triangles of equal area, at windows of 1024, 512, 256 and 128
    samples, hops 240, 120, 60, 30. The weights 45, 1, 1, 1 are the official ones (SpeechTokenizer, config/
    spt_base_cfg.json and speechtokenizer/trainer/loss.py), so the term's own weight in a recipe is 1. With one window
    and weight 45 it is the loss of HiFi-GAN, arXiv 2010.05646, section 2.4.
    """

    def __init__(
        self,
        rate_hz: int,
        windows: Sequence[int] = (1024, 512, 256, 128),
        hops: Sequence[int] = (240, 120, 60, 30),
        weights: Sequence[float] = (45.0, 1.0, 1.0, 1.0),
        bands: int = 80,
    ) -> None:
        super().__init__()
        self.weights = tuple(weights)
        self.scales = nn.ModuleList(
            MelSpectrum(rate_hz, size, hop, bands, equal_area=True, padding="hop")
            for size, hop, _ in zip(windows, hops, self.weights, strict=True)
        )

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        total = decoded.new_zeros(())
        for weight, scale in zip(self.weights, self.scales, strict=True):
            ours, theirs = scale(decoded).clamp(min=FLOOR), scale(target).clamp(min=FLOOR)
            total = total + weight * (ours.log() - theirs.log()).abs().mean()
        return total
