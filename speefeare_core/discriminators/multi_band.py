"""Discriminators on the bands of complex spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from speefeare_core.discriminators.levelling import levelled
from speefeare_core.discriminators.normed import Layers, conv2d, normed
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.nn.padding import pad_signal
from speefeare_core.nn.spectra import spectrum

WINDOWS = (2048, 1024, 512)
BANDS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
EDGE_FRAMES = 2  # that DAC leaves out at each end, where the padding is


class BandDiscriminator(nn.Module):
    """A network of its own for each band of the bins, joined again for the logits."""

    window: Tensor

    def __init__(self, window: int, channels: int, slope: float, edges: Sequence[float], stride_edges: bool) -> None:
        super().__init__()
        self.stride_edges = stride_edges
        self.register_buffer("window", torch.hann_window(window), persistent=False)
        bins = window // 2 + 1
        self.bands = [(int(low * bins), int(high * bins)) for low, high in pairwise(edges)]
        if any(low >= high for low, high in self.bands):
            raise ValueError(f"the bands {', '.join(map(str, edges))} do not rise, or one holds no bin of {bins}")
        self.networks = nn.ModuleList(self._network(channels, slope) for _ in self.bands)
        self.logits = normed(conv2d(channels, 1, (3, 3)))

    @staticmethod
    def _network(channels: int, slope: float) -> Layers:
        halving = [conv2d(channels, channels, (3, 9), stride=(1, 2)) for _ in range(3)]
        return Layers([conv2d(2, channels, (3, 9)), *halving, conv2d(channels, channels, (3, 3))], slope)

    def spectrogram(self, audio: Tensor) -> Tensor:
        """`[N, T]` → `[N, 2, frames, bins]`."""
        size = self.window.shape[0]
        hop = size // 4
        if not self.stride_edges:
            found = spectrum(audio, self.window, size, hop, "reflect")
        else:
            found = spectrum(_as_strides(audio, size, hop), self.window, size, hop, "reflect")
            found = found[..., EDGE_FRAMES:-EDGE_FRAMES]
        return torch.view_as_real(found).permute(0, 3, 2, 1)

    def forward(self, audio: Tensor, features_from: int) -> DiscriminatorOutput:
        """`[N, T]` → logits `[N, 1, frames, …]` and the features of all bands."""
        x = self.spectrogram(audio)
        outputs = [network(x[..., low:high]) for network, (low, high) in zip(self.networks, self.bands, strict=True)]
        features = [feature for output in outputs for feature in output[features_from:]]
        return DiscriminatorOutput(self.logits(torch.cat([output[-1] for output in outputs], dim=-1)), features)


def _as_strides(audio: Tensor, size: int, hop: int) -> Tensor:
    """Mirrored at both ends so that, without the edge frames, there are T / hop frames where strides would be."""
    side = (size - hop) // 2
    return pad_signal(audio[:, None], side, side + -audio.shape[-1] % hop, "reflect")[:, 0]


class MultiBandStftDiscriminator(nn.Module):
    """Complex STFT at windows of 2048, 1024 and 512, hop a quarter, in five bands split at 0.1, 0.25, 0.5 and 0.75 of
    the bins (DAC, arXiv 2306.06546, section 3.4; dac/model/discriminator.py, MRD).

    Vocos (vocos/discriminators.py) and WavTokenizer use the same network under the name of multi-resolution
    discriminator, with frames centred at multiples of the hop (`stride_edges` false) and without each band's first
    layer among the features (`features_from` 1). Both level the audio (`level`).
    """

    def __init__(
        self,
        windows: Sequence[int] = WINDOWS,
        channels: int = 32,
        slope: float = 0.1,
        bands: Sequence[float] = BANDS,
        level: bool = True,
        stride_edges: bool = True,
        features_from: int = 0,
    ) -> None:
        super().__init__()
        self.level, self.features_from = level, features_from
        self.parts = nn.ModuleList(
            BandDiscriminator(window, channels, slope, bands, stride_edges) for window in windows
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """`[B, C, T]` → one output for each window."""
        x = audio.flatten(0, 1)
        x = levelled(x) if self.level else x
        return [part(x, self.features_from) for part in self.parts]
