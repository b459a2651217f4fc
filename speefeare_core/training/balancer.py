"""Losses brought to one scale by their gradients, so that a weight is a share and not a unit."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

DECAY = 0.99
LONGEST = 3.0  # times the running mean: longer gradients of single examples are shortened to it


class Balancer:
    """Gradient of a sum of losses with respect to the decoded audio, each loss at its share.

    After EnCodec (arXiv 2210.13438, section 3.4): the gradient of each loss is divided by the running mean of its
    norm per example, and multiplied by its weight over the sum of the weights. Beyond the paper, an example whose
    gradient is far longer than that mean is shortened: near silence compressed spectra have very steep gradients.
    """

    def __init__(self) -> None:
        self.norms: dict[str, float] = {}

    def gradient(self, losses: Mapping[str, tuple[float, Tensor]], decoded: Tensor) -> Tensor:
        """Gradient [B, C, T] of weighted losses, each a scalar computed from decoded [B, C, T]."""
        total = torch.zeros_like(decoded)
        shares = sum(weight for weight, _ in losses.values())
        for name, (weight, value) in losses.items():
            (gradient,) = torch.autograd.grad(value, [decoded], retain_graph=True)
            norms = gradient.flatten(1).norm(dim=1)
            before = self.norms.get(name)
            now = float(norms.median() if before is None else norms.clamp(max=LONGEST * before).mean())
            mean = now if before is None else DECAY * before + (1 - DECAY) * now
            self.norms[name] = mean
            mean = max(mean, 1e-12)
            short = (LONGEST * mean / norms.clamp(min=1e-12)).clamp(max=1.0)
            total += gradient * (short * weight / shares / mean)[:, None, None]
        return total
