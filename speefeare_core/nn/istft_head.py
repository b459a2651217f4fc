"""From frames to sound by an inverse short-time Fourier transform whose magnitudes and phases a layer gives.

Vocos (arXiv 2306.00814, section 3.3).
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Padding = Literal["same", "center"]
LARGEST_MAGNITUDE = 100.0  # the exponential of a wild input must not blow up
LEAST_WINDOW = 1e-11


class Istft(nn.Module):
    """Spectra `[B, n_fft/2 + 1, F]` → samples `[B, T]`, Hann window.

    "same": T = F·hop, as a convolution would pad. "center": T = (F - 1)·hop, the first frame's middle is the first
    sample, as in `torch.istft`. Raises ValueError for a padding or hop that cannot work.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop_samples: int, padding: Padding = "same") -> None:
        super().__init__()
        if padding not in ("same", "center"):
            raise ValueError(f"the padding of an inverse Fourier transform is same or center, not {padding}")
        if not 1 <= hop_samples < n_fft:
            raise ValueError(f"a hop of {hop_samples} samples leaves holes between windows of {n_fft}")
        self.n_fft, self.hop_samples, self.padding = n_fft, hop_samples, padding
        self.trim = n_fft // 2 if padding == "center" else (n_fft - hop_samples) // 2
        self.register_buffer("window", torch.hann_window(n_fft))
        if float(self._weights(1 if padding == "same" else 2).min()) < LEAST_WINDOW:
            raise ValueError(f"a hop of {hop_samples} samples leaves holes between windows of {n_fft}")

    def forward(self, spectra: Tensor) -> Tensor:
        """`[B, n_fft/2 + 1, F]` complex → `[B, T]`."""
        frames = torch.fft.irfft(spectra, self.n_fft, dim=1) * self.window[:, None]
        return self._overlapped(frames) / self._weights(spectra.shape[-1])

    def _weights(self, count: int) -> Tensor:
        """What the squared windows of that many frames add up to, `[1, T]`."""
        return self._overlapped(self.window.square()[None, :, None].expand(1, -1, count))

    def _overlapped(self, frames: Tensor) -> Tensor:
        """`[B, n_fft, F]` → overlapped and added, the ends trimmed, `[B, T]`."""
        batch, _, count = frames.shape
        pieces = -(-self.n_fft // self.hop_samples)
        whole = F.pad(frames.transpose(1, 2), (0, pieces * self.hop_samples - self.n_fft))
        split = whole.reshape(batch, count, pieces, self.hop_samples)
        total = sum(F.pad(split[:, :, piece], (0, 0, piece, pieces - 1 - piece)) for piece in range(pieces))
        assert isinstance(total, Tensor)
        length = (count - 1) * self.hop_samples + self.n_fft
        return total.reshape(batch, -1)[:, self.trim : length - self.trim]


class IstftHead(nn.Module):
    """Frames `[B, F, D]` → samples `[B, T]`: a linear layer gives log magnitudes and phases, see `Istft`."""

    def __init__(self, dim: int, n_fft: int, hop_samples: int, padding: Padding = "same") -> None:
        super().__init__()
        self.out = nn.Linear(dim, n_fft + 2)
        self.istft = Istft(n_fft, hop_samples, padding)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, F, D]` → `[B, T]`."""
        told: Tensor = self.out(x).float()  # complex numbers have no half precision
        log_magnitude, phase = told.transpose(1, 2).chunk(2, dim=1)
        magnitude = log_magnitude.exp().clamp(max=LARGEST_MAGNITUDE)
        sound: Tensor = self.istft(torch.complex(magnitude * phase.cos(), magnitude * phase.sin()))
        return sound
