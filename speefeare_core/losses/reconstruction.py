"""SoundStream's reconstruction loss: mel spectrograms at six window lengths."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.losses.mel import mel_filters

PAPER_WINDOWS = (64, 128, 256, 512, 1024, 2048)
FLOOR = 1e-5  # added before the logarithm; the paper gives none


class MultiScaleMelLoss(nn.Module):
    """sum_s [ mean_t |S_t(x) - S_t(y)|_1 + sqrt(s / 2) · mean_t |log S_t(x) - log S_t(y)|_2 ].

    S is the 64-band mel spectrogram with window s and hop s / 4, s = 2^6 ... 2^11; the norms run over the bands
    (SoundStream, arXiv 2107.03312, section III-E, after Gritsenko et al., arXiv 2008.01160). The paper sums over
    the frames t; the mean is the same for clips of one length and keeps the weight independent of that length.
    The spectrogram is the magnitude of the Hann-windowed STFT, not normalised. Bands that a short window cannot
    resolve hold no bin and add nothing.
    """

    def __init__(self, rate_hz: int, windows: Sequence[int] = PAPER_WINDOWS, bands: int = 64) -> None:
        super().__init__()
        self.windows = tuple(windows)
        for size in self.windows:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)
            self.register_buffer(f"filters_{size}", mel_filters(rate_hz, size, bands), persistent=False)

    def spectrogram(self, audio: Tensor, size: int) -> Tensor:
        """Mel magnitudes `[N, bands, frames]` of `[N, T]` with one of the windows."""
        padded = F.pad(audio, (size // 2, size // 2))
        window: Tensor = getattr(self, f"window_{size}")
        filters: Tensor = getattr(self, f"filters_{size}")
        spectrum = torch.stft(padded, size, size // 4, window=window, center=False, return_complex=True)
        return filters @ spectrum.abs()

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        total = decoded.new_zeros(())
        for size in self.windows:
            ours, theirs = self.spectrogram(decoded, size), self.spectrogram(target, size)
            linear = (ours - theirs).abs().sum(dim=1).mean()
            logs = (ours + FLOOR).log() - (theirs + FLOOR).log()
            total = total + linear + (size / 2) ** 0.5 * torch.linalg.vector_norm(logs, dim=1).mean()
        return total
