"""EnCodec's spectral loss."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from speefeare_core.losses.mel import MelSpectrum

CODE_WINDOWS = (64, 128, 256, 512, 1024)
PAPER_WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)


class EncodecMelLoss(nn.Module):
    """1/(2|s|) sum_s [ mean |S_s(x) - S_s(y)| + mean (log10(e + S_s(x)) - log10(e + S_s(y)))^2 ].

    S_s is the 64-band mel power spectrogram from 64 Hz up, window s and hop s / 4, of an STFT divided by the root of
    the window's energy, e = 1e-5. So it is in the official trainer (audiocraft, losses/specloss.py with the values of
    config/solver/compression/default.yaml: windows 2^6 ... 2^10, both terms alike). EnCodec, arXiv 2210.13438, section
    3.4 has s = 2^5 ... 2^11 (`windows`), an L2 norm for the second term, and does not write a logarithm.
    """

    def __init__(
        self,
        rate_hz: int,
        windows: Sequence[int] = CODE_WINDOWS,
        bands: int = 64,
        low_hz: float = 64.0,
        floor: float = 1e-5,
    ) -> None:
        super().__init__()
        self.floor = floor
        self.scales = nn.ModuleList(
            MelSpectrum(rate_hz, size, size // 4, bands, low_hz, power=2, padding="whole", normalised=True)
            for size in windows
        )

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        total = decoded.new_zeros(())
        for scale in self.scales:
            ours, theirs = scale(decoded), scale(target)
            logs = (ours + self.floor).log10() - (theirs + self.floor).log10()
            total = total + (ours - theirs).abs().mean() + logs.square().mean()
        return total / (2 * len(self.scales))
