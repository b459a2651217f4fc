"""Snake at twice the rate, so that the overtones that it makes do not fold back (BigVGAN, arXiv 2206.04658; BigCodec).

Upwards, activation, downwards; both filters have 12 taps. Of the doubled signal each half (even and odd samples) is a
sum of 6 shifted copies of the signal, and so is the way back, so that no zeros are multiplied and no doubled signal is
ever written.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from speefeare_core.nn.pieces import PieceModule, is_plain
from speefeare_core.nn.streaming import ModuleState

TAPS = 12
REACH = 5  # samples on each side that an output depends on
_LEAST = 1e-9  # keeps 1 / β finite


def kaiser_sinc(taps: int = TAPS, cutoff: float = 0.25, half_width: float = 0.3) -> list[float]:
    """A low-pass filter of even length whose taps sum to 1; frequencies as a share of the rate (alias_free_torch)."""
    attenuation = 2.285 * (taps // 2 - 1) * math.pi * 4 * half_width + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    window = torch.kaiser_window(taps, beta=beta, periodic=False, device="cpu")
    time = torch.arange(-(taps // 2), taps // 2, device="cpu") + 0.5
    values = 2 * cutoff * window * torch.sinc(2 * cutoff * time)
    return [float(value) for value in values / values.sum()]


class AliasFreeSnake(PieceModule):
    """x + sin²(αx) / β at twice the rate on `[B, C, T]`; `alpha` and `beta` `[C]` are logarithms. At its edges the
    signal goes on as it begins and ends."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.density = 4 * channels
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        taps = kaiser_sinc()
        self._taps = taps[1::2], taps[0::2]  # those that make and read the even samples, and the odd ones

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → the same shape."""
        return self.push(x, None, True)[0]

    def initial_state(self, batch: int) -> ModuleState:
        """None: the signal has not begun."""
        return None

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """Five samples on each side."""
        return first - REACH, last + REACH

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` → `[B, C, m]`.

        The state is the samples that are still needed, and how many outputs have been given: up to 3, from where on the
        beginning of the signal is out of sight.
        """
        if state is None and x.shape[-1] == 0:
            return x, None
        before, given = (x[..., :1].expand(-1, -1, REACH), 0) if state is None else state
        parts = [before, x]
        if last:
            end = x if x.shape[-1] else before
            parts.append(end[..., -1:].expand(-1, -1, REACH))
        joined = torch.cat(parts, dim=-1)
        count = joined.shape[-1] - 2 * REACH
        if count <= 0:
            return x[..., :0], (joined, given)
        return self._activated(joined, count, given, last), (joined[..., count:].clone(), min(3, given + count))

    def _activated(self, joined: Tensor, count: int, given: int, last: bool) -> Tensor:
        """`[B, C, count + 10]` → `[B, C, count]`, after `given` outputs; `last`: the signal ends here."""
        even, odd = (self._snake(_sum(joined, taps[::-1], count + REACH, 2.0)) for taps in self._taps)
        if given < 3:
            first = even[..., max(0, 2 - given) : 3 - given].clone()
            even[..., : max(0, 2 - given)] = first
            odd[..., : 3 - given] = first
        if last:
            final = odd[..., count + 2 : count + 3].clone()
            even[..., count + 2 :] = final
            odd[..., count + 3 :] = final
        out = _sum(even, self._taps[0], count, 1.0)
        return out.add_(_sum(odd, self._taps[1], count, 1.0))

    def _snake(self, x: Tensor) -> Tensor:
        alpha, inverse = self.alpha.exp()[:, None], (self.beta.exp() + _LEAST).reciprocal()[:, None]
        if is_plain(x, self.alpha, self.beta):
            return x + inverse * torch.sin(alpha * x).square()
        sine = torch.mul(x, alpha).sin_()
        return x.addcmul_(sine.mul_(sine), inverse)


def _sum(x: Tensor, taps: list[float], count: int, gain: float) -> Tensor:
    """Shifted copies of x, the first one unshifted."""
    out = x[..., :count] * (gain * taps[0])
    for shift, tap in enumerate(taps[1:], 1):
        out.add_(x[..., shift : shift + count], alpha=gain * tap)
    return out
