"""HiFi-GAN's discriminators at several scales of the waveform."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.discriminators.normed import Layers, normed
from speefeare_core.discriminators.output import DiscriminatorOutput

# (channels, kernel, stride, groups) of the seven layers
LAYERS = (
    (128, 15, 1, 1), (128, 41, 2, 4), (256, 41, 2, 16), (512, 41, 4, 16), (1024, 41, 4, 16), (1024, 41, 1, 16),
    (1024, 5, 1, 1),
)  # fmt: skip


class ScaleDiscriminator(nn.Module):
    """Seven convolutions of the waveform, strides 1, 2, 2, 4, 4, 1, 1, most of them grouped."""

    def __init__(self, channels: int, slope: float, norm: str) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width, kernel, stride, groups in LAYERS:
            after = max(1, width * channels // 128)
            groups = groups if before % groups == 0 and after % groups == 0 else 1
            layers.append(nn.Conv1d(before, after, kernel, stride, padding=kernel // 2, groups=groups))
            before = after
        self.inner = Layers(layers, slope, norm)
        self.logits = normed(nn.Conv1d(before, 1, 3, padding=1), norm)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """`[N, 1, T]` → logits `[N, 1, T / 64]` and seven features."""
        features = self.inner(x)
        return DiscriminatorOutput(self.logits(features[-1]), features)


class MultiScaleDiscriminator(nn.Module):
    """The waveform as it is and averaged down by 2 and by 4 (HiFi-GAN, arXiv 2010.05646, section 2.3).

    The first one has spectral norm, the others weight norm; SpeechTokenizer uses the same (speechtokenizer/
    discriminators.py). `channels` 128 is the published width; it scales all layers. The MelGAN-like one of SoundStream
    and DAC is `multiscale_wave`.
    """

    def __init__(self, scales: int = 3, channels: int = 128, slope: float = 0.1, spectral_first: bool = True) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            ScaleDiscriminator(channels, slope, "spectral" if spectral_first and not index else "weight")
            for index in range(scales)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each scale, finest first."""
        x = audio.flatten(0, 1)[:, None]
        outputs = []
        for index, part in enumerate(self.parts):
            if index:
                x = F.avg_pool1d(x, 4, stride=2, padding=2)
            outputs.append(part(x))
        return outputs
