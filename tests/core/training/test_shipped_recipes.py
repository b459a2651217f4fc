"""Every shipped recipe: its networks, losses and discriminators can be built, and it says where its values are from."""

from __future__ import annotations

import pytest
import torch

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.losses import LOSSES
from speefeare_core.training.columns import ABSENT, columns, differences, families, flat_entries, missing
from speefeare_core.training.recipe import COLUMNS, Recipe, read_recipe, shipped_recipes
from speefeare_core.training.trainable import TRAINABLES, build_trainable

NAMES = shipped_recipes()
ALL = pytest.mark.parametrize("name", NAMES)
FAMILIES = pytest.mark.parametrize("family", families())


def wholes(recipe: Recipe) -> set[str]:
    """Entries and all that they are part of."""
    found = set(flat_entries(recipe)) | set(recipe.to_dict()) | {f"data.{name}" for name in ("sources", "workers")}
    for entry in list(found):
        parts = entry.split(".")
        found |= {".".join(parts[:length]) for length in range(1, len(parts))}
    return found


def rate_of(recipe: Recipe) -> int:
    """Builds the network at its published size without the memory for it; one of its layers cannot do without."""
    if recipe.family == "wavtokenizer":
        return build_trainable(recipe.family, recipe.network | {"dim": 64, "inner_dim": 64, "n_filters": 2}).rate_hz
    with torch.device("meta"):
        return build_trainable(recipe.family, recipe.network).rate_hz


@ALL
def test_what_a_recipe_names_can_be_built(name: str) -> None:
    recipe = read_recipe(name)
    rate_hz = rate_of(recipe)
    with torch.device("meta"):
        for term in (*recipe.losses, *([recipe.semantic] if recipe.semantic else [])):
            row = LOSSES[term.key]
            assert row.kind == ("semantic" if term is recipe.semantic else "reconstruction")
        for discriminator in recipe.adversarial.discriminators:
            DISCRIMINATORS[discriminator.key](**discriminator.options)
    for term in recipe.losses:
        LOSSES[term.key](rate_hz=rate_hz, **term.options)
    LOSSES[recipe.adversarial.generator.key](**recipe.adversarial.generator.options)
    if recipe.adversarial.feature is not None:
        LOSSES[recipe.adversarial.feature.key](**recipe.adversarial.feature.options)


@ALL
def test_reasons_are_of_entries_and_are_sentences(name: str) -> None:
    recipe = read_recipe(name)
    known = wholes(recipe)
    for other in columns(recipe.family).values() if recipe.column else ():
        known |= wholes(other)
    for entry, words in recipe.reasons.items():
        place = entry.replace(".options.", ".")
        assert entry in known or place in known or entry.split(".")[0] == "network", f"{entry} is no entry"
        assert words.endswith(".") and len(words) > 8


@ALL
def test_names_say_family_rate_and_column(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    if recipe.column:
        family, rate, column = name.rsplit("-", 2)
        assert (family, column) == (recipe.family, recipe.column)
        assert rate == f"{rate_of(recipe) // 1000}k"
        assert recipe.title


@FAMILIES
def test_a_family_has_every_column_or_says_why_not(family: str) -> None:
    have, gone = columns(family), missing(family)
    assert family in TRAINABLES
    assert [*have, *gone] == sorted([*have, *gone], key=[*have, *gone].index)
    assert set(have) | set(gone) == set(COLUMNS)
    assert "small" in have
    assert all("code" in words for words in gone.values())  # not only that there is none


@FAMILIES
def test_every_difference_has_its_reason(family: str) -> None:
    rows = differences(family)
    assert rows
    for row in rows:
        assert set(row.values) == set(columns(family))
        assert row.reason, f"{family}: {row.entry} differs without a word"
        assert len({str(value) for value in row.values.values()}) > 1
    silent = [
        (row.entry, column) for row in rows for column, value in row.values.items()
        if value not in (ABSENT, row.values.get("paper")) and column not in row.reasons
    ]  # fmt: skip
    assert silent == []


@FAMILIES
def test_small_recipes_fit_a_desk(family: str) -> None:
    recipe = columns(family)["small"]
    assert recipe.data.sources == ()
    assert recipe.budget.minutes == 5.0
    trainable = build_trainable(recipe.family, recipe.network)
    assert trainable.rate_hz == 16_000
    assert sum(weight.numel() for weight in trainable.module.parameters()) < 4e6
    assert recipe.adversarial.discriminators
