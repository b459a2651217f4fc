"""EnCodec's discriminators on complex spectrograms of several windows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.discriminators.normed import conv2d, normed
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.nn.spectra import spectrum

WINDOWS = (1024, 2048, 512, 256, 128)
DILATIONS = (1, 2, 4)


class StftDiscriminator(nn.Module):
    """Real and imaginary part, frames by bins: a 3 x 9 convolution, three that halve the bins with dilation 1, 2 and 4
    in time, a 3 x 3 one, and a 3 x 3 one to the logits. The first has no weight norm, as in the official code."""

    window: Tensor

    def __init__(self, window: int, channels: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.register_buffer("window", torch.hann_window(window), persistent=False)
        layers: list[nn.Module] = [conv2d(2, channels, (3, 9))]
        layers += [
            normed(conv2d(channels, channels, (3, 9), stride=(1, 2), dilation=(dilation, 1))) for dilation in DILATIONS
        ]
        layers.append(normed(conv2d(channels, channels, (3, 3))))
        self.layers = nn.ModuleList(layers)
        self.logits = normed(conv2d(channels, 1, (3, 3)))

    def spectrogram(self, audio: Tensor) -> Tensor:
        """`[N, T]` → `[N, 2, frames, window / 2 + 1]`, divided by the root of the window's energy, not padded."""
        size = self.window.shape[0]
        scaled = self.window / self.window.square().sum().sqrt()
        return torch.view_as_real(spectrum(audio, scaled, size, size // 4, "none")).permute(0, 3, 2, 1)

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """`[N, T]` → logits `[N, 1, frames, window / 16 + 1]` and five features."""
        x = self.spectrogram(audio)
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), self.slope)
            features.append(x)
        return DiscriminatorOutput(self.logits(x), features)


class MultiScaleStftDiscriminator(nn.Module):
    """Windows of 128 to 2048 samples, hop a quarter (EnCodec, arXiv 2210.13438, section 3.4; encodec/msstftd.py).

    32 `channels`; leaky ReLU of slope 0.2 as in the paper and encodec; the official trainer (audiocraft) has 0.3.
    SpeechTokenizer's is the same. Mono: the channels of stereo audio are judged one by one.
    """

    def __init__(self, windows: Sequence[int] = WINDOWS, channels: int = 32, slope: float = 0.2) -> None:
        super().__init__()
        self.parts = nn.ModuleList(StftDiscriminator(window, channels, slope) for window in windows)

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each window."""
        x = audio.flatten(0, 1)
        return [part(x) for part in self.parts]
