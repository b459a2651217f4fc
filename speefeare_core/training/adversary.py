"""The adversarial part of a recipe: discriminators, their optimiser, and what they ask of the codec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.training.optimisers import make_optimiser
from speefeare_core.training.recipe_parts import AdversarialRecipe, Term


@dataclass(frozen=True)
class Judgement:
    """What all sub-discriminators say of the same examples, as they are and as they were decoded."""

    real: Sequence[DiscriminatorOutput]
    fake: Sequence[DiscriminatorOutput]


class Adversary(nn.Module):
    """All discriminators of a recipe, seen as one list of outputs.

    One judgement serves codec and discriminators where the codec learns first: the discriminators have not changed
    in between, so that judging again would give the same numbers.
    """

    def __init__(self, recipe: AdversarialRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.parts = nn.ModuleList(_build(DISCRIMINATORS, term) for term in recipe.discriminators)
        self.adversarial = _build(LOSSES, recipe.generator)
        self.feature = _build(LOSSES, recipe.feature) if recipe.feature is not None else None
        self.optimiser = make_optimiser(self.parts.named_parameters(), recipe.optimiser)

    def judge(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Outputs of all sub-discriminators for audio [B, C, T], in float32."""
        return [_whole(output) for part in self.parts for output in part(audio)]

    def listen(self, decoded: Tensor, target: Tensor, learn: bool) -> Judgement:
        """Judge decoded and target [B, C, T]; with `learn` so that the discriminators can learn from it."""
        with torch.set_grad_enabled(learn):
            real = self.judge(target)
        self.parts.requires_grad_(learn)
        fake = self.judge(decoded)
        self.parts.requires_grad_(True)
        return Judgement(real, fake)

    def generator_terms(self, judgement: Judgement) -> dict[str, tuple[float, Tensor]]:
        """Weight and value of the losses that the codec gets from the discriminators."""
        terms = {"adversarial": (self.recipe.generator.weight, self.adversarial.generator(judgement.fake))}
        if self.feature is not None and self.recipe.feature is not None:
            terms["feature_matching"] = (self.recipe.feature.weight, self.feature(judgement.real, judgement.fake))
        return terms

    def discriminator_loss(self, judgement: Judgement) -> Tensor:
        """Scalar; small where real and decoded audio are told apart."""
        value: Tensor = self.adversarial.discriminator(judgement.real, judgement.fake)
        return value

    def loss_without_knowledge(self, judgement: Judgement) -> float:
        """The discriminators' loss where every logit lies half-way between what is wanted of real and of decoded.

        The best that can be done by one answer for both; far below it they tell the two apart.
        """
        with torch.no_grad():
            constant = [
                float(
                    self.adversarial.discriminator(
                        [output._replace(logits=torch.full_like(output.logits, level)) for output in judgement.real],
                        [output._replace(logits=torch.full_like(output.logits, level)) for output in judgement.fake],
                    )
                )
                for level in (0.0, 0.5)
            ]
        return min(constant)


def mean_logits(outputs: Sequence[DiscriminatorOutput]) -> Tensor:
    """Mean over all sub-discriminators of their mean logit."""
    return torch.stack([output.logits.detach().mean() for output in outputs]).mean()


def _whole(output: DiscriminatorOutput) -> DiscriminatorOutput:
    return DiscriminatorOutput(output.logits.float(), [feature.float() for feature in output.features])


def _build(table: dict[str, Any], term: Term) -> Any:
    if term.key not in table:
        raise SpeefeareError(f"The recipe asks for {term.key}; known are {', '.join(table)}.")
    try:
        return table[term.key](**term.options)
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"{term.key} does not take the recipe's options: {error}.") from error
