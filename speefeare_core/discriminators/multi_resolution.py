"""Discriminators on magnitude spectrograms of several resolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from speefeare_core.discriminators.normed import Layers, conv2d, normed
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.nn.spectra import magnitudes


class ResolutionDiscriminator(nn.Module):
    """Bins by frames: a 3 x 9 convolution, three that halve the frames, a 3 x 3 one, and a 3 x 3 one to the logits."""

    window: Tensor

    def __init__(self, fft: int, window: int, hop: int, channels: int, slope: float, hann: bool) -> None:
        super().__init__()
        self.fft, self.hop = fft, hop
        self.register_buffer("window", torch.hann_window(window) if hann else torch.ones(window), persistent=False)
        halving = [conv2d(channels, channels, (3, 9), stride=(1, 2)) for _ in range(3)]
        self.inner = Layers([conv2d(1, channels, (3, 9)), *halving, conv2d(channels, channels, (3, 3))], slope)
        self.logits = normed(conv2d(channels, 1, (3, 3)))

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """`[N, T]` → logits `[N, 1, bins, frames / 8]` and five features."""
        features = self.inner(magnitudes(audio, self.window, self.fft, self.hop, "hop")[:, None])
        return DiscriminatorOutput(self.logits(features[-1]), features)


class MultiResolutionDiscriminator(nn.Module):
    """Magnitudes at FFT 1024, 2048, 512, windows 600, 1200, 240, hops 120, 240, 50 (UnivNet, arXiv 2106.07889, section
    2.2; BigVGAN, arXiv 2206.04658, discriminators.py, whose windows are rectangular: `hann` false).
    """

    def __init__(
        self,
        ffts: Sequence[int] = (1024, 2048, 512),
        windows: Sequence[int] = (600, 1200, 240),
        hops: Sequence[int] = (120, 240, 50),
        channels: int = 32,
        slope: float = 0.1,
        hann: bool = False,
    ) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            ResolutionDiscriminator(fft, window, hop, channels, slope, hann)
            for fft, window, hop in zip(ffts, windows, hops, strict=True)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each resolution."""
        x = audio.flatten(0, 1)
        return [part(x) for part in self.parts]
