"""The mel loss of Vocos and WavTokenizer."""

from __future__ import annotations

from torch import Tensor, nn

from speefeare_core.losses.mel import MelSpectrum

FLOOR = 1e-7


class VocosMelLoss(nn.Module):
    """mean | ln max(M(x), 1e-7) - ln max(M(y), 1e-7) |.

    M is the mel magnitude spectrogram with 100 bands, window 1024 and hop 256 (Vocos, arXiv 2306.00814, vocos/loss.py;
    WavTokenizer, arXiv 2408.16532, decoder/loss.py, with weight 45).
    """

    def __init__(self, rate_hz: int, window: int = 1024, hop: int = 256, bands: int = 100) -> None:
        super().__init__()
        self.scale = MelSpectrum(rate_hz, window, hop, bands)

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        ours, theirs = self.scale(decoded.flatten(0, 1)), self.scale(target.flatten(0, 1))
        distance: Tensor = (ours.clamp(min=FLOOR).log() - theirs.clamp(min=FLOOR).log()).abs().mean()
        return distance
