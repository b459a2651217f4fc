"""When a run ends, how far it is, and how long it still takes. Without torch."""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.training.recipe_parts import BudgetRecipe


@dataclass(frozen=True)
class Spent:
    """What a run has used so far, all sittings together."""

    step: int = 0
    seconds: float = 0.0  # of training, validation and checkpoints included
    heard_s: float = 0.0  # seconds of speech in all batches of all processes


class Budget:
    """The limits of a recipe; the first that is reached ends the run."""

    def __init__(self, recipe: BudgetRecipe, speech_s: float) -> None:
        self.recipe, self.speech_s = recipe, speech_s

    def progress(self, spent: Spent) -> float:
        """Share 0..1 of the limit that is nearest; the learning rate's schedule follows it."""
        return min(1.0, max(self._shares(spent)))

    def left_s(self, spent: Spent, step_s: float) -> float:
        """Seconds until the first limit, where a step takes `step_s` now."""
        shares = self._shares(spent)
        left = [(self.recipe.steps - spent.step) * step_s]
        if self.recipe.minutes:
            left.append(self.recipe.minutes * 60 - spent.seconds)
        if self.recipe.epochs and spent.step:
            left.append((1 - shares[2]) / max(shares[2], 1e-9) * spent.step * step_s)
        return max(0.0, min(left))

    def _shares(self, spent: Spent) -> list[float]:
        recipe = self.recipe
        minutes = spent.seconds / 60 / recipe.minutes if recipe.minutes else 0.0
        epochs = spent.heard_s / self.speech_s / recipe.epochs if recipe.epochs and self.speech_s else 0.0
        return [spent.step / recipe.steps, minutes, epochs]
