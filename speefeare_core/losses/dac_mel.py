"""The mel loss of the Descript Audio Codec."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from speefeare_core.losses.mel import MelSpectrum

WINDOWS, BANDS = (32, 64, 128, 256, 512, 1024, 2048), (5, 10, 20, 40, 80, 160, 320)


class DacMelLoss(nn.Module):
    """sum_s mean | log10 max(M_s(x), 1e-5) - log10 max(M_s(y), 1e-5) |.

    M_s is the mel magnitude spectrogram (Slaney's scale, triangles of equal area) at seven windows of 32 ... 2048
    samples with 5 ... 320 bands, hop s / 4. DAC, arXiv 2306.06546, section 3.4, as dac/nn/loss.py computes it with the
    values of conf/final/*.yml (no term of the plain magnitudes, `magnitude_weight`).
    """

    def __init__(
        self,
        rate_hz: int,
        windows: Sequence[int] = WINDOWS,
        bands: Sequence[int] = BANDS,
        floor: float = 1e-5,
        magnitude_weight: float = 0.0,
    ) -> None:
        super().__init__()
        self.floor, self.magnitude_weight = floor, magnitude_weight
        self.scales = nn.ModuleList(
            MelSpectrum(rate_hz, size, size // 4, count, scale="slaney", equal_area=True)
            for size, count in zip(windows, bands, strict=True)
        )

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        total = decoded.new_zeros(())
        for scale in self.scales:
            ours, theirs = scale(decoded), scale(target)
            logs = ours.clamp(min=self.floor).log10() - theirs.clamp(min=self.floor).log10()
            total = total + logs.abs().mean()
            if self.magnitude_weight:
                total = total + self.magnitude_weight * (ours - theirs).abs().mean()
        return total
