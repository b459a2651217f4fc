"""Fine-tuning: a recipe takes over network, licence and weights of the codec that it starts from."""

from __future__ import annotations

import dataclasses

from speefeare_core.checkpoints.load import load_codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe import Recipe, shipped_recipes
from speefeare_core.training.trainable import TRAINABLES

PREFIX = "finetune-"


def taken_over(recipe: Recipe) -> Recipe:
    """The recipe with the network of its `start_from` filled in, as far as it does not say otherwise itself.

    A codec of another family is left to the family's own way of starting from it, if the recipe says its network.
    Raises `SpeefeareError` where the codec cannot be loaded or is of a family that the recipe is not for.
    """
    codec = load_codec(recipe.start_from, "cpu")
    if not hasattr(codec, "to_native"):
        raise SpeefeareError(f"{recipe.start_from} is of the family {codec.info.family}: {_other_recipe('')}.")
    file = codec.to_native()
    if file.family != recipe.family:
        if recipe.network:
            return recipe
        raise SpeefeareError(
            f"{recipe.start_from} is of the family {file.family}, and the recipe {recipe.name} is for {recipe.family}:"
            f" {_other_recipe(file.family)}."
        )
    words = f"Trained further from {file.name or recipe.start_from}."
    return dataclasses.replace(
        recipe,
        network={**file.config, **recipe.network},
        licence=file.licence if recipe.licence == "unknown" else recipe.licence,
        notes=recipe.notes if words in recipe.notes else (*recipe.notes, words),
    )


def recipe_for(source: str) -> str:
    """Name of the recipe that fine-tunes a codec. Raises `SpeefeareError` where there is none for its family."""
    family = load_codec(source, "cpu").info.family
    name = f"{PREFIX}{family}"
    if name not in shipped_recipes():
        raise SpeefeareError(f"{source} is of the family {family}: {_other_recipe(family)}.")
    return name


def _other_recipe(family: str) -> str:
    if family not in TRAINABLES:
        return f"codecs of this family cannot be trained here, only {', '.join(TRAINABLES)}"
    shipped = f"{PREFIX}{family}"
    return f"take {shipped}" if shipped in shipped_recipes() else "there is no recipe that fine-tunes it"
