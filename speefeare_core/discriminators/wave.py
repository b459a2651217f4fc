"""Waveform discriminators at several resolutions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speefeare_core.discriminators.output import DiscriminatorOutput

SLOPE = 0.2
GROUP_CHANNELS = 4  # input channels of one group of the downsampling convolutions


class WaveDiscriminator(nn.Module):
    """A plain convolution, four grouped ones that each downsample by 4, and two plain ones to the logits.

    Kernels 15, 41, 5, 3 and weight normalisation are MelGAN's (arXiv 1910.06711, appendix A); the signal is padded
    with zeros, not reflected, so that any length will do.
    """

    def __init__(self, channels: int = 16, max_channels: int = 1024, downsamplings: int = 4) -> None:
        super().__init__()
        layers = [nn.Conv1d(1, channels, 15, padding=7)]
        width = channels
        for _ in range(downsamplings):
            wider = min(width * 4, max_channels)
            groups = max(1, width // GROUP_CHANNELS)
            layers.append(nn.Conv1d(width, wider, 41, stride=4, padding=20, groups=groups))
            width = wider
        layers.append(nn.Conv1d(width, width, 5, padding=2))
        self.layers = nn.ModuleList(weight_norm(layer) for layer in layers)
        self.logits = weight_norm(nn.Conv1d(width, 1, 3, padding=1))

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """`[N, 1, T]` → logits `[N, 1, T / 256]` and six features."""
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            features.append(x)
        return DiscriminatorOutput(self.logits(x), features)


class MultiScaleWaveDiscriminator(nn.Module):
    """Equal discriminators on the waveform as it is and averaged down by 2 and by 4.

    SoundStream (arXiv 2107.03312, section III-D), after MelGAN.
    """

    def __init__(self, scales: int = 3, channels: int = 16, max_channels: int = 1024, downsamplings: int = 4) -> None:
        super().__init__()
        self.scales = nn.ModuleList(WaveDiscriminator(channels, max_channels, downsamplings) for _ in range(scales))

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each scale, finest first."""
        x = audio.flatten(0, 1)[:, None]
        outputs = []
        for index, scale in enumerate(self.scales):
            if index:
                x = F.avg_pool1d(x, 4, stride=2, padding=2, count_include_pad=False)
            outputs.append(scale(x))
        return outputs
