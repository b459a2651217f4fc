"""Spectral losses: the power-compressed complex STFT and the multi-scale logarithmic mel spectrum."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from speefeare_core.losses.mel import mel_filters

FLOOR = 1e-6  # of a squared magnitude, 50 dB below speech; the root is too steep below


def _spectrum(audio: Tensor, window: Tensor) -> Tensor:
    """`[N, T]` → `[N, bins, frames, 2]`, real and imaginary part, hop a quarter of the window, energy kept."""
    size = window.shape[0]
    spectrum = torch.stft(audio, size, size // 4, window=window, center=False, return_complex=True)
    parts: Tensor = torch.view_as_real(spectrum)
    return parts / math.sqrt(size)


class _ScaleLoss(nn.Module):
    """A loss at several window lengths. In training each call takes one of them by chance (`one_at_a_time`): the
    expectation is the mean over all, at a fraction of the cost."""

    def __init__(self, windows: Sequence[int], one_at_a_time: bool) -> None:
        super().__init__()
        self.windows, self.one_at_a_time = tuple(windows), one_at_a_time
        for size in self.windows:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def at(self, size: int, decoded: Tensor, target: Tensor) -> Tensor:
        """The loss at one window length, of spectra `[N, bins, frames, 2]`."""
        raise NotImplementedError

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """`[B, C, T]` twice → scalar."""
        decoded, target = decoded.flatten(0, 1), target.flatten(0, 1)
        sizes = self.windows
        if self.training and self.one_at_a_time:
            sizes = (sizes[int(torch.randint(len(sizes), (1,)))],)
        terms = []
        for size in sizes:
            window: Tensor = getattr(self, f"window_{size}")
            terms.append(self.at(size, _spectrum(decoded, window), _spectrum(target, window)))
        return torch.stack(terms).mean()


class CompandedStftLoss(_ScaleLoss):
    """mean_s [ mean | |X|^p - |Y|^p | + w · mean | |X|^p e^{i arg X} - |Y|^p e^{i arg Y} |^2 ].

    The compression follows the ear's loudness and weighs quiet bands as well as loud ones (p = 0.3 in Wilson et al.,
    arXiv 1811.08521). X and Y are Hann-windowed STFTs of the windows s. `phase_weight` is w.
    """

    def __init__(
        self,
        rate_hz: int,
        windows: Sequence[int] = (256, 512, 1024),
        power: float = 0.3,
        phase_weight: float = 1.0,
        one_at_a_time: bool = False,
    ) -> None:
        super().__init__(windows, one_at_a_time)
        self.power, self.phase_weight = power, phase_weight

    def at(self, size: int, decoded: Tensor, target: Tensor) -> Tensor:
        """The loss at one window length, of spectra `[N, bins, frames, 2]`."""
        our_energy, their_energy = decoded.square().sum(-1) + FLOOR, target.square().sum(-1) + FLOOR
        our_size, their_size = our_energy.pow(self.power / 2), their_energy.pow(self.power / 2)
        ours = decoded * (our_size * our_energy.rsqrt())[..., None]
        theirs = target * (their_size * their_energy.rsqrt())[..., None]
        distance = (ours - theirs).square().sum(-1).mean()
        return (our_size - their_size).abs().mean() + self.phase_weight * distance


class LogMelLoss(_ScaleLoss):
    """mean_s mean | log10 M_s(x) - log10 M_s(y) | of mel power spectra, floored at -70 dB of full scale.

    Several windows with a band count each, after DAC (arXiv 2306.06546, section 3.4).
    """

    def __init__(
        self,
        rate_hz: int,
        windows: Sequence[int] = (256, 512, 1024),
        bands: Sequence[int] = (32, 48, 80),
        one_at_a_time: bool = False,
    ) -> None:
        super().__init__(windows, one_at_a_time)
        for size, count in zip(self.windows, bands, strict=True):
            filters = mel_filters(rate_hz, size, count, low_hz=20.0)
            filters = filters / filters.sum(dim=1, keepdim=True).clamp(min=1e-9)
            self.register_buffer(f"filters_{size}", filters, persistent=False)

    def at(self, size: int, decoded: Tensor, target: Tensor) -> Tensor:
        """The loss at one window length, of spectra `[N, bins, frames, 2]`."""
        filters: Tensor = getattr(self, f"filters_{size}")
        ours, theirs = filters @ decoded.square().sum(-1), filters @ target.square().sum(-1)
        return ((ours + 1e-7).log10() - (theirs + 1e-7).log10()).abs().mean()
