"""Recipes side by side."""

from __future__ import annotations

import pytest

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.columns import ABSENT, columns, compare, flat_entries, reason_of
from speefeare_core.training.recipe import Recipe


def recipe(**values: object) -> Recipe:
    return Recipe.from_dict({"name": "one", "family": "soundstream"} | values)


MEL = {"key": "dac_mel", "weight": 15.0, "options": {"floor": 1e-5}}


def test_only_what_differs_is_a_row_in_the_order_of_a_recipe() -> None:
    ours = recipe(data={"batch": 4}, optimiser={"rate": 0.1}, seed=3, network={"books": 8})
    theirs = recipe(data={"batch": 8}, optimiser={"rate": 0.2}, seed=4, network={"books": 8, "channels": 2})
    rows = compare({"small": ours, "paper": theirs})
    assert [(row.entry, row.values) for row in rows] == [
        ("data.batch", {"small": 4, "paper": 8}),
        ("network.channels", {"small": ABSENT, "paper": 2}),
        ("optimiser.rate", {"small": 0.1, "paper": 0.2}),
    ]


def test_losses_are_compared_by_their_keys() -> None:
    twice = [MEL, {"key": "time_l1", "weight": 0.1}, MEL | {"weight": 2.0}]
    rows = compare({"a": recipe(losses=[MEL]), "b": recipe(losses=twice)})
    assert {row.entry: tuple(row.values.values()) for row in rows} == {
        "losses.time_l1.weight": (ABSENT, 0.1),
        "losses.dac_mel 2.weight": (ABSENT, 2.0),
        "losses.dac_mel 2.floor": (ABSENT, 1e-5),
    }
    assert flat_entries(recipe(losses=[MEL]))["losses.dac_mel.weight"] == 15.0


def test_the_nearest_reason_speaks_for_an_entry() -> None:
    one = recipe(losses=[MEL], reasons={"losses": "Of all.", "losses.dac_mel": "Of the mel.", "data.batch": "Small."})
    assert reason_of(one, "losses.dac_mel.weight") == "Of the mel."
    assert reason_of(one, "losses.time_l1.weight") == "Of all."
    assert reason_of(one, "data.gain_low_db") == ""
    row = compare({"a": one, "b": recipe(losses=[MEL | {"weight": 1.0}])})[0]
    assert row.reason == "Of the mel."


def test_a_family_without_recipes_is_refused() -> None:
    with pytest.raises(SpeefeareError, match="no recipes of opus; there are those of .*soundstream"):
        columns("opus")
    assert list(columns("encodec")) == ["paper", "official", "small"]
