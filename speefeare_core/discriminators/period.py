"""Discriminators that look at every n-th sample."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from speefeare_core.discriminators.levelling import levelled
from speefeare_core.discriminators.normed import Layers, normed
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.nn.padding import pad_signal

PERIODS = (2, 3, 5, 7, 11)
WIDTHS = (32, 128, 512, 1024, 1024)


class PeriodDiscriminator(nn.Module):
    """The signal in rows of `period` samples; each column goes through the same 1-D network.

    Four convolutions of kernel 5 and stride 3, one of stride 1, and kernel 3 to the logits. The columns stand in the
    batch: a 2-D convolution with a kernel of one column does the same, slower.
    """

    def __init__(self, period: int, channels: int, max_channels: int, slope: float, always_pad: bool) -> None:
        super().__init__()
        self.period, self.always_pad = period, always_pad
        widths = [1, *(min(width * channels // 32, max_channels) for width in WIDTHS)]
        strides = (3, 3, 3, 3, 1)
        self.inner = Layers(
            [
                nn.Conv1d(a, b, 5, stride, padding=2)
                for a, b, stride in zip(widths[:-1], widths[1:], strides, strict=True)
            ],
            slope,
        )
        self.logits = normed(nn.Conv1d(widths[-1], 1, 3, padding=1))

    def columns(self, audio: Tensor) -> Tensor:
        """`[N, T]` → `[N · period, 1, rows]`."""
        missing = -audio.shape[-1] % self.period
        if self.always_pad and not missing:
            missing = self.period
        rows = pad_signal(audio[:, None], 0, missing, "reflect").reshape(audio.shape[0], -1, self.period)
        return rows.transpose(1, 2).reshape(-1, 1, rows.shape[1])

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        """`[N, T]` → logits `[N, 1, rows / 81, period]` and five features."""
        features = self.inner(self.columns(audio))
        logits = self._back(self.logits(features[-1]))
        return DiscriminatorOutput(logits, [self._back(feature) for feature in features])

    def _back(self, x: Tensor) -> Tensor:
        """`[N · period, C, rows]` → `[N, C, rows, period]`."""
        return x.reshape(-1, self.period, *x.shape[1:]).permute(0, 2, 3, 1)


class MultiPeriodDiscriminator(nn.Module):
    """One sub-discriminator for each of the periods 2, 3, 5, 7 and 11 (HiFi-GAN, arXiv 2010.05646, section 2.3).

    DAC (dac/model/discriminator.py) takes off the mean and brings the peak to 0.8 (`level`), and appends a whole period
    where nothing is missing (`always_pad`). Vocos and WavTokenizer leave the first layer out of the features
    (`features_from` 1). `channels` 32 is the published width; it scales all layers.
    """

    def __init__(
        self,
        periods: Sequence[int] = PERIODS,
        channels: int = 32,
        max_channels: int = 1024,
        slope: float = 0.1,
        level: bool = False,
        always_pad: bool = False,
        features_from: int = 0,
    ) -> None:
        super().__init__()
        self.level, self.features_from = level, features_from
        self.parts = nn.ModuleList(
            PeriodDiscriminator(period, channels, max_channels, slope, always_pad) for period in periods
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each period."""
        x = audio.flatten(0, 1)
        x = levelled(x) if self.level else x
        outputs = [part(x) for part in self.parts]
        return [DiscriminatorOutput(output.logits, output.features[self.features_from :]) for output in outputs]
