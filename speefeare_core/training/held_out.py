"""The clips that a run validates on: never trained on, the same at every checkpoint and in every run on these data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import ValidationRecipe
from speefeare_core.training.speech.pool import SpeechPool


@dataclass(frozen=True)
class ValidationClip:
    """One of them, or its beginning."""

    name: str  # `source/clip`
    audio: Samples  # [n] float32


def hold_out(pool: SpeechPool, recipe: ValidationRecipe) -> tuple[SpeechPool, SpeechPool]:
    """What is trained on, and what validation hears; the same pool twice where the recipe's share is 0."""
    training, held = pool.split(recipe.share, max(1, recipe.clips))
    return training, held if len(held) else training


def validation_clips(held: SpeechPool, recipe: ValidationRecipe, count: int | None = None) -> list[ValidationClip]:
    """`count` (the recipe's `clips`) clips, each at most `seconds` long, taken in turn from every source.

    A clip that cannot be read is passed over. Raises `SpeefeareError` where none can.
    """
    wanted = recipe.clips if count is None else count
    length = max(1, round(recipe.seconds * held.rate_hz))
    found: list[ValidationClip] = []
    problem = "there is none"
    for index in _in_turn(held, length):
        if len(found) == wanted:
            break
        try:
            found.append(ValidationClip(held.name(index), held.read(index, 0, length)))
        except SpeefeareError as error:
            problem = str(error)
    if wanted and not found:
        raise SpeefeareError(f"No clip can be read to validate on ({problem}); check the data.")
    return found


def _in_turn(pool: SpeechPool, length: int) -> list[int]:
    """Clips of all sources in turn; those that are long enough before the shorter ones, in the order of names."""
    ranks = np.zeros(len(pool))
    order = sorted(range(len(pool)), key=lambda index: (pool.lengths[index] < length, pool.name(index)))
    seen: dict[int, int] = {}
    for index in order:
        source = int(pool.source_of[index])
        ranks[index] = seen.get(source, 0)
        seen[source] = seen.get(source, 0) + 1
    return sorted(order, key=lambda index: (pool.lengths[index] < length, ranks[index], pool.source_of[index]))
