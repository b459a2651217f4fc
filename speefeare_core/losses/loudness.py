"""Disturbance of the loudness that is heard: a differentiable relative of PESQ."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

WINDOW, HOP = 512, 256  # 32 ms at 16 kHz
BANDS = 49
POWER_SCALE = 6.910853e-6  # squared STFT magnitudes to power density, at the level below
SPEECH_RMS = 3162.0  # PESQ brings every signal to this level of 16-bit samples
LOUDNESS_SCALE, ZWICKER_POWER = 0.1866, 0.23


class LoudnessDisturbanceLoss(nn.Module):
    """0.1 D + 0.0309 A, the two terms that PESQ subtracts from its raw score 4.5 (ITU-T P.862, P.862.2).

    Loudness in 49 Bark bands after Zwicker; D is the symmetric disturbance, with a dead zone of a quarter of the
    smaller loudness; A weighs what was added more than what is missing. Left out against the standard: time
    alignment, the input filter, equalisation of transfer function and gain; the threshold of hearing is Terhardt's
    (1979). A codec trained with it is trained towards PESQ, and its card has to say so.
    """

    filters: Tensor  # [bands, bins]
    widths: Tensor  # [bands], in Bark
    threshold: Tensor  # [bands]
    window: Tensor

    def __init__(self, rate_hz: int) -> None:
        super().__init__()
        if rate_hz != 16000:
            raise ValueError(f"the loudness loss is made for 16000 Hz, not {rate_hz}")
        hertz = torch.linspace(0, rate_hz / 2, WINDOW // 2 + 1, dtype=torch.float64)
        bark = 7 * torch.asinh(hertz / 650)
        edges = torch.linspace(float(bark[1]) * 0.5, float(bark[-1]), BANDS + 1, dtype=torch.float64)
        # Soft band edges: narrow low bands would hold no bin otherwise.
        step = float(edges[1] - edges[0])
        centres = (edges[1:] + edges[:-1]) / 2
        spread = torch.maximum(torch.gradient(bark)[0], torch.tensor(step, dtype=torch.float64))
        filters = (1 - (bark[None] - centres[:, None]).abs() / spread[None]).clamp(min=0)
        filters = filters / filters.sum(dim=0, keepdim=True).clamp(min=1.0)
        kilo = (650 * torch.sinh(centres / 7)).clamp(min=30.0) / 1000
        level = 3.64 * kilo**-0.8 - 6.5 * torch.exp(-0.6 * (kilo - 3.3) ** 2) + 1e-3 * kilo**4
        self.register_buffer("filters", filters.float(), persistent=False)
        self.register_buffer("widths", torch.full((BANDS,), step), persistent=False)
        self.register_buffer("threshold", (0.2 * 10 ** (level / 10)).float(), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    def band_powers(self, audio: Tensor) -> Tensor:
        """`[N, T]` at PESQ's level → `[N, frames, bands]`."""
        spectrum = torch.stft(audio, WINDOW, HOP, window=self.window, center=False, return_complex=True)
        powers = torch.view_as_real(spectrum).square().sum(-1)
        return (self.filters @ powers).transpose(1, 2) * POWER_SCALE

    def loudness(self, powers: Tensor) -> Tensor:
        """Specific loudness of band powers; below the threshold of hearing 0."""
        ratio = (powers / self.threshold).clamp(min=1.0)
        scale = LOUDNESS_SCALE * (self.threshold / 0.5) ** ZWICKER_POWER
        return scale * ((0.5 + 0.5 * ratio) ** ZWICKER_POWER - 1)

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar, about 0 (transparent) to 3."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        gain = SPEECH_RMS / _active_rms(target)
        ours, theirs = self.band_powers(decoded * gain), self.band_powers(target * gain)
        our_loudness, their_loudness = self.loudness(ours), self.loudness(theirs)
        gap = (our_loudness - their_loudness).abs()
        density = (gap - 0.25 * torch.minimum(our_loudness, their_loudness)).clamp(min=0)
        ratio = ((ours + 50) / (theirs + 50)) ** 1.2
        asymmetry = torch.where(ratio < 3, torch.zeros_like(ratio), ratio.clamp(max=12))
        total = float(self.widths.sum())
        symmetric = ((density * self.widths).square().sum(-1) / total + 1e-9).sqrt() * total
        asymmetric = (density * asymmetry * self.widths).sum(-1)
        energy = theirs.sum(-1, keepdim=False)
        weight = ((energy + 1e5) / 1e7) ** -0.04
        symmetric, asymmetric = (symmetric * weight).clamp(max=45), (asymmetric * weight).clamp(max=45)
        return 0.1 * _over_time(symmetric) + 0.0309 * _over_time(asymmetric)


def _active_rms(audio: Tensor) -> Tensor:
    """Level `[N, 1]` of the louder half of 20 ms blocks, so that pauses do not count; at least -60 dB."""
    blocks = audio[:, : audio.shape[1] // 320 * 320].reshape(audio.shape[0], -1, 320).square().mean(-1)
    loud = blocks.sort(dim=1, descending=True).values[:, : math.ceil(blocks.shape[1] / 2)]
    return loud.mean(dim=1, keepdim=True).sqrt().clamp(min=1e-3)


def _over_time(disturbance: Tensor) -> Tensor:
    """Of `[N, frames]`: sixth-power mean over 20 frames (0.32 s), root mean square of those, mean over the batch."""
    stretch = min(20, disturbance.shape[1])
    worst = ((disturbance + 1e-6).unfold(1, stretch, max(1, stretch // 2)).pow(6).mean(dim=2)).pow(1 / 6)
    return (worst.square().mean(dim=1) + 1e-9).sqrt().mean()
