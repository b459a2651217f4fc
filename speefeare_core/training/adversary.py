"""The adversarial part of a recipe: discriminators, their optimiser, and what they ask of the codec."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.training.recipe_parts import AdversarialRecipe, Term


class Adversary(nn.Module):
    """All discriminators of a recipe, seen as one list of outputs."""

    def __init__(self, recipe: AdversarialRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.parts = nn.ModuleList(_build(DISCRIMINATORS, term) for term in recipe.discriminators)
        self.adversarial = _build(LOSSES, recipe.generator)
        self.feature = _build(LOSSES, recipe.feature) if recipe.feature is not None else None
        self.optimiser = torch.optim.AdamW(
            self.parts.parameters(),
            lr=recipe.optimiser.rate,
            betas=recipe.optimiser.betas,
            weight_decay=recipe.optimiser.weight_decay,
        )

    def judge(self, audio: Tensor) -> list[Any]:
        """Outputs of all sub-discriminators for audio [B, C, T]."""
        return [output for part in self.parts for output in part(audio)]

    def generator_terms(self, decoded: Tensor, target: Tensor) -> dict[str, tuple[float, Tensor]]:
        """Weight and value of the losses that the codec gets from the discriminators."""
        self.parts.requires_grad_(False)
        fake = self.judge(decoded)
        terms = {"adversarial": (self.recipe.generator.weight, self.adversarial.generator(fake))}
        if self.feature is not None and self.recipe.feature is not None:
            with torch.no_grad():
                real = self.judge(target)
            terms["feature_matching"] = (self.recipe.feature.weight, self.feature(real, fake))
        self.parts.requires_grad_(True)
        return terms

    def learn(self, decoded: Tensor, target: Tensor) -> float:
        """One step of the discriminators on detached audio; the value of their loss."""
        loss: Tensor = self.adversarial.discriminator(self.judge(target), self.judge(decoded))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parts.parameters(), self.recipe.optimiser.clip_norm)
        self.optimiser.step()
        return float(loss.detach())


def _build(table: dict[str, Any], term: Term) -> Any:
    if term.key not in table:
        raise SpeefeareError(f"The recipe asks for {term.key}; known are {', '.join(table)}.")
    try:
        return table[term.key](**term.options)
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"{term.key} does not take the recipe's options: {error}.") from error
