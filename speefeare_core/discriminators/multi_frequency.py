"""X-Codec's discriminators on mel magnitudes, plain and in dB."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.discriminators.normed import normed
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.losses.mel import mel_filters
from speefeare_core.nn.spectra import magnitudes

HOPS = (32, 64, 128, 256, 512, 1024)
CHANNELS = (64, 128, 256, 512, 512, 512)
FLOOR = 1e-7  # of a squared magnitude
REFERENCE_DB, RANGE_DB = 20.0, 100.0
LEAST_FILTER = 1e-6
SLOPE = 0.2


class FrequencyDiscriminator(nn.Module):
    """Six 3 x 3 convolutions on mirrored edges, strides 1, 2, 1, 2, 1, 2, doubling the channels up to `channels`."""

    window: Tensor
    filters: Tensor

    def __init__(self, rate_hz: int, hop: int, channels: int) -> None:
        super().__init__()
        self.hop, size = hop, 4 * hop
        self.register_buffer("window", torch.hann_window(size), persistent=False)
        filters = mel_filters(rate_hz, size, size // 2 + 1).clamp(LEAST_FILTER, 1)
        self.register_buffer("filters", filters, persistent=False)
        widths = [2, *(max(1, channels // part) for part in (32, 16, 8, 4, 2, 1))]
        self.layers = nn.ModuleList(
            normed(nn.Conv2d(a, b, 3, stride=2 if index % 2 else 1)) for index, (a, b) in enumerate(pairwise(widths))
        )
        self.logits = normed(nn.Conv2d(widths[-1], 1, 3))

    def spectrogram(self, audio: Tensor) -> Tensor:
        """`[N, T]` → `[N, 2, mels, frames]`: magnitudes, and their dB from -100 to 0 as 0 ... 1, 20 dB taken off."""
        size = 4 * self.hop
        found = magnitudes(audio, self.window, size, self.hop) / size**0.5
        mel = self.filters @ found.clamp(min=FLOOR**0.5)
        decibels = ((20 * mel.log10() - REFERENCE_DB + RANGE_DB) / RANGE_DB).clamp(0, 1)
        return torch.stack([mel, decibels], dim=1)

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """`[N, T]` → logits `[N, 1, mels / 8, frames / 8]` and six features."""
        x = self.spectrogram(audio)
        features: list[Tensor] = []
        for layer in self.layers:
            x = F.leaky_relu(layer(_mirrored(x)), SLOPE)
            features.append(x)
        return DiscriminatorOutput(self.logits(_mirrored(x)), features)


class MultiFrequencyDiscriminator(nn.Module):
    """Hops of 32 to 1024 samples, windows four times as long, as many mel bands as bins (X-Codec, arXiv 2408.17175;
    modules/discriminators/frequency_discriminator.py with config/codec_16k_6kbps_v3_vqdp.yaml).

    `channels` are the widths of each one's last layer.
    """

    def __init__(self, rate_hz: int = 16000, hops: Sequence[int] = HOPS, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            FrequencyDiscriminator(rate_hz, hop, width) for hop, width in zip(hops, channels, strict=True)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each hop."""
        x = audio.flatten(0, 1)
        return [part(x) for part in self.parts]


def _mirrored(x: Tensor) -> Tensor:
    """One row and one column more on every side of `[N, C, H, W]`; a single one is repeated, there is no mirror."""
    if min(x.shape[-2:]) > 1:
        return F.pad(x, (1, 1, 1, 1), "reflect")
    x = F.pad(x, (1, 1, 0, 0), "reflect" if x.shape[-1] > 1 else "replicate")
    return F.pad(x, (0, 0, 1, 1), "reflect" if x.shape[-2] > 1 else "replicate")
