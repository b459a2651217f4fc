"""Entries that a family has no use for: the table, the shipped recipes, and what the families really read."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.entry_use import MOVING, PASSED, TAUGHT, USES, without_use
from speefeare_core.training.recipe import Recipe, entries, read_recipe, shipped_recipes
from speefeare_core.training.recipe_parts import DepthsRecipe
from speefeare_core.training.trainable import TRAINABLES, Trainable, build_trainable

NETWORKS: dict[str, dict[str, Any]] = {
    recipe.family: recipe.network for recipe in map(read_recipe, shipped_recipes()) if recipe.column in ("small", "")
}


def built(family: str) -> Trainable:
    return build_trainable(family, NETWORKS[family])


@pytest.mark.parametrize("name", shipped_recipes())
def test_no_shipped_recipe_sets_what_changes_nothing(name: str) -> None:
    assert without_use(read_recipe(name)) == {}


@pytest.mark.parametrize(
    ("family", "changes", "told"),
    [
        (
            "encodec",
            {"semantic": {"key": "cosine", "weight": 3.0}, "teacher.key": "phones"},
            ["semantic", "teacher.key"],
        ),
        ("xcodec", {"semantic": {"key": "cosine", "weight": 3.0}, "teacher.key": "phones"}, []),
        ("wavtokenizer", {"depths.skew": 2.0, "depths.unquantised_share": 0.5}, ["depths.skew"]),
        ("wavtokenizer", {"depths.kind": "all"}, []),
        ("audiovae", {"latent.kind": "sigma", "books.decay": 0.9}, ["books.decay"]),
        ("dac", {"books.kmeans": False, "depths.full_share": 0.5}, ["books.kmeans"]),
    ],
)
def test_what_changes_nothing_is_named(family: str, changes: dict[str, Any], told: list[str]) -> None:
    found = without_use(Recipe(name="a", family=family).changed(changes))
    assert list(found) == told
    assert all(words.startswith(f"{entry} changes nothing in the family {family}") for entry, words in found.items())


def test_the_table_names_entries_and_families_that_there_are() -> None:
    there = [*entries(Recipe(name="a", family="b")), "semantic"]
    for start, (families, words) in USES.items():
        assert any(entry.startswith(start) for entry in there), start
        assert set(families) <= set(TRAINABLES) and words


@pytest.mark.parametrize("family", sorted(set(TRAINABLES) & set(NETWORKS)))
def test_the_table_says_what_the_networks_do(family: str) -> None:
    from speefeare_core.quantizers.vector import VectorQuantizer

    trainable = built(family)
    learns = family != "linear" and any(isinstance(part, VectorQuantizer) for part in trainable.module.modules())
    assert learns == (family in MOVING)
    assert (trainable.taught_width is not None or trainable.hears_itself) == (family in TAUGHT)


class Asked(DepthDraw):
    """A draw that notes whether it was asked which examples stay unquantised."""

    asked = False

    def unquantised(self, batch: int, device: torch.device | str = "cpu") -> torch.Tensor:
        self.asked = True
        return super().unquantised(batch, device)


@pytest.mark.parametrize("family", sorted((set(TRAINABLES) & set(NETWORKS)) - {"linear"}))
def test_the_table_says_who_asks_what_stays_unquantised(family: str) -> None:
    trainable, draw = built(family), Asked(DepthsRecipe())
    audio = 0.1 * torch.randn(2, 1, 50 * trainable.frame_samples, generator=torch.Generator().manual_seed(1))
    trainable.module.train()
    trainable.reconstruct(audio, draw)
    assert draw.asked == (family in PASSED)
