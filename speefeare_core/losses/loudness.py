"""Disturbance of the loudness that is heard: a differentiable relative of PESQ."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

WINDOW, HOP, RATE_HZ = 512, 256, 16000  # frames of 32 ms
BANDS = 49
LEVEL = 1e7  # mean square of 16-bit samples between 350 and 3250 Hz that PESQ brings every signal to
POWER_SCALE = 6.910853e-6  # squared STFT magnitudes to power density at that level
LOUDNESS_SCALE, ZWICKER_POWER = 0.1866, 0.23
# Threshold of hearing in the standard's units, log10, at a few places of the Bark scale; straight between them.
THRESHOLD_BARK = (0.1, 0.5, 1.0, 1.5, 2.0, 2.7, 3.5, 4.5, 6.0, 8.0, 11.0, 14.0, 18.0, 19.5, 20.5, 21.5)
THRESHOLD_LOG = (7.7, 5.5, 3.7, 2.8, 2.0, 1.4, 0.85, 0.35, 0.0, -0.3, -0.6, -0.55, -0.3, -0.28, -0.43, -0.3)


class LoudnessDisturbanceLoss(nn.Module):
    """0.1 D + 0.0309 A, the two terms that PESQ subtracts from its raw score 4.5 (ITU-T P.862, P.862.2).

    Both signals are scaled by what brings the target to PESQ's level, the target is filtered as the decoded signal was
    on the whole, the decoded signal follows slow changes of gain, and their specific loudness after Zwicker is compared
    in 49 Bark bands: D is the symmetric disturbance, with a dead zone of a quarter of the smaller loudness; A weighs
    what was added more than what is missing. Time alignment is left out and the standard's tables are approximated. A
    codec trained with it is trained towards PESQ, and its card has to say so. Raises ValueError for another rate than
    16 kHz.
    """

    filters: Tensor  # [bins, bands]
    widths: Tensor  # [bands], in Bark; 0 for the lowest, which does not count
    threshold: Tensor  # [bands]
    power: Tensor  # [bands]
    level_bins: Tensor  # [bins]
    window: Tensor

    def __init__(self, rate_hz: int) -> None:
        super().__init__()
        if rate_hz != RATE_HZ:
            raise ValueError(f"the loudness loss is made for {RATE_HZ} Hz, not {rate_hz}")
        hertz = np.linspace(0, RATE_HZ / 2, WINDOW // 2 + 1)
        bark = 7 * np.arcsinh(hertz / 650)
        edges = np.linspace(0, bark[-1], BANDS + 1)
        middle = (edges[1:] + edges[:-1]) / 2
        step = edges[1] - edges[0]
        # A bin's power goes to the two nearest bands: narrow low bands would hold no bin at all otherwise.
        filters = np.maximum(0, 1 - np.abs(bark[:, None] - middle[None]) / step)
        density = np.where(middle < 7, 100.0, 65.0)
        filters = filters * _input_filter(hertz)[:, None] * density * POWER_SCALE
        widths = np.full(BANDS, step)
        widths[0] = 0
        low = np.minimum(6 / (middle + 2), 2.0) ** 0.15
        self._buffer("filters", filters)
        self._buffer("widths", widths)
        self._buffer("threshold", 10 ** np.interp(middle, THRESHOLD_BARK, THRESHOLD_LOG))
        self._buffer("power", ZWICKER_POWER * np.where(middle < 4, low, 1.0))
        self._buffer("level_bins", ((hertz >= 350) & (hertz <= 3250)).astype(float))
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    def _buffer(self, name: str, values: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(values).float(), persistent=False)

    def spectra(self, audio: Tensor) -> Tensor:
        """`[N, T]` → squared STFT magnitudes `[N, frames, bins]`."""
        spectrum = torch.stft(audio, WINDOW, HOP, window=self.window, center=False, return_complex=True)
        return torch.view_as_real(spectrum).square().sum(-1).transpose(1, 2)

    def level(self, powers: Tensor) -> Tensor:
        """Mean square `[N, 1, 1]` of the samples between 350 and 3250 Hz (Parseval; 0.375 is the Hann window's)."""
        return (2 * (powers @ self.level_bins).mean(dim=1) / (0.375 * WINDOW**2)).clamp(min=1e-5)[:, None, None]

    def loudness(self, powers: Tensor) -> Tensor:
        """Specific loudness of band powers; below the threshold of hearing 0."""
        ratio = (powers / self.threshold).clamp(min=1.0)
        scale = LOUDNESS_SCALE * (self.threshold / 0.5) ** self.power
        return scale * ((0.5 + 0.5 * ratio) ** self.power - 1)

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar: about 4 for noise, 2 for a fair codec, 0 for equal signals."""
        ours, theirs = self.spectra(decoded.flatten(0, 1)), self.spectra(target.flatten(0, 1))
        gain = LEVEL / self.level(theirs)
        ours, theirs = (ours * gain) @ self.filters, (theirs * gain) @ self.filters
        active = (theirs.sum(dim=-1, keepdim=True) > 1e4).to(theirs.dtype)
        # Both corrections are taken as given: with a gradient the network learns to hide behind them.
        ours_mean, their_mean = (active * ours.detach()).mean(dim=1), (active * theirs).mean(dim=1)
        theirs = theirs * ((ours_mean + 1000) / (their_mean + 1000)).clamp(0.01, 100.0)[:, None]
        ours = ours * _slow_gain(self._audible(theirs), self._audible(ours.detach()))
        our_loudness, their_loudness = self.loudness(ours), self.loudness(theirs)
        gap = (our_loudness - their_loudness).abs()
        density = (gap - 0.25 * torch.minimum(our_loudness, their_loudness)).clamp(min=0)
        ratio = ((ours + 50) / (theirs + 50)) ** 1.2
        asymmetry = torch.where(ratio < 3, torch.zeros_like(ratio), ratio.clamp(max=12))
        total = self.widths.sum()
        symmetric = ((density * self.widths).square().sum(-1) / total + 1e-6).sqrt() * total
        asymmetric = (density * asymmetry * self.widths).sum(-1)
        weight = ((theirs.sum(-1) + 1e5) / 1e7) ** -0.04
        symmetric, asymmetric = (symmetric * weight).clamp(max=45), (asymmetric * weight).clamp(max=45)
        return (0.1 * _over_time(symmetric) + 0.0309 * _over_time(asymmetric)).mean()

    def _audible(self, powers: Tensor) -> Tensor:
        return torch.where(powers > self.threshold, powers, torch.zeros_like(powers)).sum(-1, keepdim=True)


def _input_filter(hertz: np.ndarray) -> np.ndarray:
    """Squared gain of the high pass that P.862.2 puts before everything: 12 dB an octave below about 100 Hz."""
    z = np.exp(-2j * np.pi * hertz / RATE_HZ)
    gain = np.abs((1 - z) ** 2 / (1 - 1.9444777 * z + 0.94597794 * z**2)) ** 2
    normalised: np.ndarray = gain / gain[WINDOW // 16]
    return normalised


def _slow_gain(wanted: Tensor, given: Tensor) -> Tensor:
    """Gain `[N, frames, 1]` that brings `given` powers to `wanted` ones, smoothed over three frames."""
    gain = ((wanted + 5e3) / (given + 5e3)).clamp(3e-4, 5.0)
    before = torch.cat([gain[:, :1], gain[:, :1], gain], dim=1)
    return 0.8 * gain + 0.16 * before[:, 1:-1] + 0.04 * before[:, :-2]


def _over_time(disturbance: Tensor) -> Tensor:
    """Of `[N, frames]`: sixth-power mean over 20 frames (0.32 s), root mean square of those `[N]`."""
    stretch = min(20, disturbance.shape[1])
    worst = ((disturbance + 1e-3).unfold(1, stretch, max(1, stretch // 2)).pow(6).mean(dim=2)).pow(1 / 6)
    return (worst.square().mean(dim=1) + 1e-6).sqrt()
