"""The optimisers of a recipe, and how their rates rise and fall."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import OptimiserRecipe

_LENGTH, _DIRECTION = "parametrizations.weight.original0", "parametrizations.weight.original1"


def make_optimiser(
    named: Iterable[tuple[str, nn.Parameter]], recipe: OptimiserRecipe, rate_shares: dict[str, float] | None = None
) -> torch.optim.Optimizer:
    """Adam or AdamW, its parameters grouped by their share of the rate and by weight decay; a share of 0 freezes.

    `even_lengths`: Adam moves every number by about the rate, so that n weights together grow √n times as fast as their
    one length under weight norm; with √n times the rate both grow alike.
    Raises `SpeefeareError` where nothing is left to train.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    parameters = dict(named)
    for name, parameter in parameters.items():
        shares = [share for start, share in (rate_shares or {}).items() if name.startswith(start)]
        share = shares[-1] if shares else 1.0
        if recipe.even_lengths and name.endswith(_LENGTH):
            share *= math.sqrt(parameters[name.removesuffix(_LENGTH) + _DIRECTION].numel() / parameter.numel())
        parameter.requires_grad_(share > 0)
        if share > 0:
            decays = not recipe.decay_only or name.startswith(recipe.decay_only)
            groups.setdefault((share, recipe.weight_decay if decays else 0.0), []).append(parameter)
    if not groups:
        raise SpeefeareError("The recipe freezes everything; raise one of its rate_shares.")
    kind = torch.optim.AdamW if recipe.kind == "adamw" else torch.optim.Adam
    return kind(
        [{"params": group, "share": share, "weight_decay": decay} for (share, decay), group in groups.items()],
        lr=recipe.rate,
        betas=recipe.betas,
        fused=True,  # one pass over everything, on a CPU too
    )


def rate_at(recipe: OptimiserRecipe, step: int, progress: float) -> float:
    """Learning rate of a step: a linear warm-up, times the schedule.

    cosine: from the rate to `final_share` of it at the end of the budget (`progress` 1, however it is limited);
    exponential: rate · gamma^step; constant: the rate.
    """
    warm = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    if recipe.schedule == "exponential":
        return recipe.rate * warm * recipe.gamma**step
    if recipe.schedule == "constant":
        return recipe.rate * warm
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return recipe.rate * warm * (recipe.final_share + (1 - recipe.final_share) * cosine)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of a rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("share", 1.0)


def clip(parameters: Iterable[nn.Parameter], longest: float) -> Tensor:
    """Shorten the gradient of all parameters together to `longest` (0: never); its length before."""
    return nn.utils.clip_grad_norm_(list(parameters), longest or math.inf)
