"""The adversarial part of a recipe: discriminators, their optimiser, and what they ask of the codec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.training.optimisers import make_optimiser
from speefeare_core.training.recipe_parts import AdversarialRecipe, DiscriminatorGroup, Term


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
        first = DiscriminatorGroup(recipe.discriminators, recipe.generator, recipe.feature)
        self.panels = [Panel(group) for group in (first, *recipe.groups)]
        self.parts = nn.ModuleList(part for panel in self.panels for part in panel.parts)
        self.optimiser = make_optimiser(self.parts.named_parameters(), recipe.optimiser)

    def judge(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Outputs of all sub-discriminators for audio [B, C, T], in float32."""
        return [output for panel in self.panels for output in panel.judge(audio)]

    def listen(self, decoded: Tensor, target: Tensor, learn: bool) -> Judgement:
        """Judge decoded and target [B, C, T]; with `learn` so that the discriminators can learn from it."""
        with parametrize.cached():  # weights under weight norm are the same for both
            with torch.set_grad_enabled(learn):
                real = self.judge(target)
            self.parts.requires_grad_(learn)
            fake = self.judge(decoded)
            self.parts.requires_grad_(True)
        return Judgement(real, fake)

    def generator_terms(self, judgement: Judgement) -> dict[str, tuple[float, Tensor]]:
        """Weight and value of the losses that the codec gets from the discriminators; of a group `_2`, `_3` …"""
        terms = {}
        for number, (panel, real, fake) in enumerate(self._panels(judgement), start=1):
            ending = f"_{number}" if number > 1 else ""
            terms[f"adversarial{ending}"] = (panel.group.generator.weight, panel.adversarial.generator(fake))
            if panel.feature is not None and panel.group.feature is not None:
                terms[f"feature_matching{ending}"] = (panel.group.feature.weight, panel.feature(real, fake))
        return terms

    def discriminator_loss(self, judgement: Judgement) -> Tensor:
        """Scalar; small where real and decoded audio are told apart. Of several groups the sum."""
        return torch.stack(
            [panel.adversarial.discriminator(real, fake) for panel, real, fake in self._panels(judgement)]
        ).sum()

    def _panels(
        self, judgement: Judgement
    ) -> Iterator[tuple[Panel, Sequence[DiscriminatorOutput], Sequence[DiscriminatorOutput]]]:
        start = 0
        for panel in self.panels:
            end = start + panel.outputs
            yield panel, judgement.real[start:end], judgement.fake[start:end]
            start = end

    def loss_without_knowledge(self, judgement: Judgement) -> float:
        """The discriminators' loss where every logit lies half-way between what is wanted of real and of decoded.

        The best that can be done by one answer for both; far below it they tell the two apart.
        """
        with torch.no_grad():
            return sum(
                min(
                    float(panel.adversarial.discriminator(_all(real, level), _all(fake, level))) for level in (0.0, 0.5)
                )
                for panel, real, fake in self._panels(judgement)
            )


class Panel:
    """The discriminators of one group, which have an adversarial loss together."""

    def __init__(self, group: DiscriminatorGroup) -> None:
        self.group = group
        for term in group.discriminators:
            if term.weight != 1:
                raise SpeefeareError(
                    f"The recipe gives the discriminator {term.key} the weight {term.weight:g}, but weights belong to"
                    " the losses of a group: make it one of adversarial.groups, and weigh its generator and feature."
                )
        self.parts: list[nn.Module] = [_build(DISCRIMINATORS, term) for term in group.discriminators]
        self.adversarial = _build(LOSSES, group.generator)
        self.feature = _build(LOSSES, group.feature) if group.feature is not None else None
        self.outputs = 0  # sub-discriminators, known once they have judged

    def judge(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Outputs of all sub-discriminators for audio [B, C, T], in float32."""
        found = [_whole(output) for part in self.parts for output in part(audio)]
        self.outputs = len(found)
        return found


def mean_logits(outputs: Sequence[DiscriminatorOutput]) -> Tensor:
    """Mean over all sub-discriminators of their mean logit."""
    return torch.stack([output.logits.detach().mean() for output in outputs]).mean()


def _all(outputs: Sequence[DiscriminatorOutput], level: float) -> list[DiscriminatorOutput]:
    """The same, had every logit been `level`."""
    return [output._replace(logits=torch.full_like(output.logits, level)) for output in outputs]


def _whole(output: DiscriminatorOutput) -> DiscriminatorOutput:
    return DiscriminatorOutput(output.logits.float(), [feature.float() for feature in output.features])


def _build(table: dict[str, Any], term: Term) -> Any:
    if term.key not in table:
        raise SpeefeareError(f"The recipe asks for {term.key}; known are {', '.join(table)}.")
    try:
        return table[term.key](**term.options)
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"{term.key} does not take the recipe's options: {error}.") from error
