"""Losses brought to one scale by their gradients, so that a weight is a share and not a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from speefeare_core.training.recipe_parts import BalancerRecipe

SMALLEST = 1e-12  # added to every length that is divided by


class Balancer:
    """Gradient of a sum of losses with respect to the decoded audio, each loss at its share.

        G = sum_i (w_i / sum_j w_j) · g_i / <|g_i|>,     g_i = d l_i / d decoded

    EnCodec, arXiv 2210.13438, section 3.4, and encodec/balancer.py: <> is a running mean over steps (decay 0.999
    there, its weights summing to 1 from the first step on), |g_i| the mean over the examples of their gradients'
    lengths (`per_example`) or the length for the whole batch. Beyond the paper, `longest` shortens single examples to
    that multiple of the mean so far: near silence compressed spectra have very steep gradients. 0 turns it off, and
    the gradient is then the official one. `mean` averages numbers over all processes.
    """

    def __init__(
        self, recipe: BalancerRecipe | None = None, mean: Callable[[Tensor], Tensor] = lambda values: values
    ) -> None:
        self.recipe = recipe or BalancerRecipe()
        self.mean = mean
        self.sums: dict[str, float] = {}  # decaying sums of lengths, by loss
        self.counts: dict[str, float] = {}  # decaying numbers of steps
        self.shares: dict[str, float] = {}  # of the gradient that was made last, by loss; 1 together

    @property
    def norms(self) -> dict[str, float]:
        """Running mean length of each loss's gradient."""
        return {name: total / self.counts[name] for name, total in self.sums.items()}

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"sums": dict(self.sums), "counts": dict(self.counts)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state`."""
        self.sums, self.counts = dict(state["sums"]), dict(state["counts"])

    def gradient(self, losses: Mapping[str, tuple[float, Tensor]], decoded: Tensor, scale: float = 1.0) -> Tensor:
        """Gradient `[B, C, T]` of weighted losses, each a scalar computed from decoded `[B, C, T]`.

        The losses are multiplied by `scale` on the way back, and their gradients divided by it, so that they survive
        arithmetic in half precision.
        """
        losses = {name: term for name, term in losses.items() if term[1].requires_grad}
        if not losses:
            return torch.zeros_like(decoded)
        slopes = {}
        for name, (_, value) in losses.items():
            (slope,) = torch.autograd.grad(value if scale == 1 else value * scale, [decoded], retain_graph=True)
            slopes[name] = slope if scale == 1 else slope / scale
        lengths = torch.stack([slope.flatten(1).norm(dim=1) for slope in slopes.values()])  # [losses, B]
        before = torch.tensor([self.norms.get(name, 0.0) for name in losses], device=lengths.device)
        known = torch.where(before > 0, before, lengths.median(dim=1).values)  # one steep example says nothing yet
        limits = self.recipe.longest * known if self._shortens else torch.full_like(known, torch.inf)
        shortened = torch.minimum(lengths, limits[:, None])
        added = lengths.square().sum(dim=1).sqrt() if not self.recipe.per_example else shortened.mean(dim=1)
        if self._shortens:
            added = torch.where(before > 0, added, known)
        told = torch.stack([self.mean(added), shortened.mean(dim=1)]).tolist()
        means = self._remember(tuple(losses), told[0])
        whole = sum(weight for weight, _ in losses.values()) or 1.0
        factors = {name: weight / whole / (means[name] + SMALLEST) for name, (weight, _) in losses.items()}
        sizes = {name: factors[name] * length for name, length in zip(losses, told[1], strict=True)}
        together = sum(sizes.values()) or 1.0
        self.shares = {name: size / together for name, size in sizes.items()}
        total = torch.zeros_like(decoded)
        for index, (name, slope) in enumerate(slopes.items()):
            if self._shortens:
                slope = slope * (limits[index] / lengths[index].clamp(min=SMALLEST)).clamp(max=1.0)[:, None, None]
            total.add_(slope, alpha=factors[name])
        return total

    @property
    def _shortens(self) -> bool:
        return self.recipe.per_example and self.recipe.longest > 0

    def _remember(self, names: tuple[str, ...], lengths: list[float]) -> dict[str, float]:
        decay = self.recipe.decay
        for name, length in zip(names, lengths, strict=True):
            self.sums[name] = decay * self.sums.get(name, 0.0) + length
            self.counts[name] = decay * self.counts.get(name, 0.0) + 1
        return self.norms
