"""A discriminator on the complex spectrogram."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.discriminators.output import DiscriminatorOutput

SLOPE = 0.2
# (time stride, channel multiplier) of the six residual units; in frequency each one halves.
UNITS = ((1, 2), (2, 2), (1, 1), (2, 2), (1, 1), (2, 2))


class ResidualUnit2d(nn.Module):
    """A 3 x 3 convolution, a strided one of kernel stride + 2, and a strided 1 x 1 beside them.

    The strided 1 x 1 is written as slicing and a plain 1 x 1, the same function: oneDNN writes past its workspace in
    the backward pass of a strided 1 x 1 convolution with few channels (oneDNN issue 6035; seen as a crash).
    """

    def __init__(self, channels: int, wider: int, time_stride: int) -> None:
        super().__init__()
        self.time_stride = time_stride
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, wider, (time_stride + 2, 4), stride=(time_stride, 2), padding=1)
        self.beside = nn.Conv2d(channels, wider, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[N, C, T, F]` → `[N, C', T / time_stride, F / 2]`."""
        inner = F.leaky_relu(self.first(F.leaky_relu(x, SLOPE)), SLOPE)
        out: Tensor = self.second(inner) + self.beside(x[:, :, :: self.time_stride, ::2].contiguous())
        return out


class ComplexStftDiscriminator(nn.Module):
    """Real and imaginary part of the STFT as two channels of a 2-D network (arXiv 2107.03312, section III-D).

    A 7 x 7 convolution, six residual units with strides (1, 2) and (2, 2) in turn, and a convolution over all
    frequencies that are left. The paper's figure 4 gives the widths; leaky ReLU is a choice made here.
    Raises ValueError for a window that six halvings do not divide.
    """

    def __init__(self, window: int = 1024, hop: int = 256, channels: int = 32) -> None:
        super().__init__()
        if window % 128:
            raise ValueError(f"the STFT discriminator wants a window that is a multiple of 128, not {window}")
        self.window_samples, self.hop_samples = window, hop
        self.hann: Tensor
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        self.first = nn.Conv2d(2, channels, 7, padding=3)
        units, width = [], channels
        for time_stride, multiplier in UNITS:
            units.append(ResidualUnit2d(width, width * multiplier, time_stride))
            width *= multiplier
        self.units = nn.ModuleList(units)
        self.logits = nn.Conv2d(width, 1, (1, window // 128))

    def spectrogram(self, audio: Tensor) -> Tensor:
        """`[B, C, T]` → `[B·C, 2, frames, window / 2]`, frames a multiple of 8; the Nyquist bin is left out."""
        x = F.pad(audio.flatten(0, 1), (self.window_samples // 2, self.window_samples // 2))
        spectrum = torch.stft(
            x, self.window_samples, self.hop_samples, window=self.hann, center=False, normalized=True,
            return_complex=True,
        )  # fmt: skip
        parts = torch.view_as_real(spectrum[:, :-1]).permute(0, 3, 2, 1)
        return F.pad(parts, (0, 0, 0, -parts.shape[2] % 8)).contiguous()

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output: logits `[B·C, 1, frames / 8, 1]` and seven features."""
        x = self.first(self.spectrogram(audio))
        features = [x]
        for unit in self.units:
            x = unit(x)
            features.append(x)
        return [DiscriminatorOutput(self.logits(F.leaky_relu(x, SLOPE)), features)]
