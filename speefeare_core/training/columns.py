"""The recipes of a family side by side: after the paper, after the official code, for a desk. Without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe import COLUMNS, Recipe, entries, read_recipe, shipped_recipes

# Of these a comparison says nothing: names, words, and what any run may choose without becoming another recipe.
ASIDE = (
    "name", "title", "column", "reasons", "notes", "licence", "seed", "threads", "log_every", "checkpoint_every",
    "keep_checkpoints", "data.sources", "data.workers", "teacher.source", "teacher.cache", "start_from", "validation",
    "tensorboard",
)  # fmt: skip
ABSENT = "—"  # an entry that a column does not have

# Why a family has no recipe in a column.
MISSING = {
    ("soundstream", "official"): (
        "There is no official code: the only public weights are those of Lyra v2, made for inference, at 16 kHz."
    ),
    ("mimi", "official"): (
        "The code that trained Mimi is not public; kyutai-labs/moshi has the network and its weights alone."
    ),
    ("audiovae", "official"): (
        "The code that trained VoxCPM's AudioVAE is not public; OpenBMB/VoxCPM has the network and its weights alone."
    ),
}


@dataclass(frozen=True)
class Difference:
    """One entry in which a family's recipes differ."""

    entry: str  # dotted; a loss or discriminator by its key, as `losses.dac_mel.weight`
    values: dict[str, Any]  # by column; `ABSENT` where the column's recipe has no such entry
    reasons: dict[str, str]  # by column: where the value is from, or why it differs; columns without words left out

    @property
    def reason(self) -> str:
        """The reasons of all columns in one line."""
        return " ".join(dict.fromkeys(self.reasons.values()))


def families() -> tuple[str, ...]:
    """Families that have a recipe in some column."""
    return tuple(sorted({recipe.family for recipe in _shipped() if recipe.column}))


def columns(family: str) -> dict[str, Recipe]:
    """The recipes of a family by column, in the order of `COLUMNS`.

    Of several in one column, the first of their names. Raises `SpeefeareError` for a family without recipes.
    """
    found: dict[str, Recipe] = {}
    for column in COLUMNS:
        for recipe in _shipped():
            if recipe.family == family and recipe.column == column:
                found.setdefault(column, recipe)
    if not found:
        raise SpeefeareError(f"There are no recipes of {family}; there are those of {', '.join(families())}.")
    return found


def missing(family: str) -> dict[str, str]:
    """Columns that a family has no recipe in, and why."""
    have = columns(family)
    return {
        column: MISSING.get((family, column), f"There is no {column} recipe of {family}.")
        for column in COLUMNS
        if column not in have
    }


def differences(family: str) -> tuple[Difference, ...]:
    """What differs between the columns of a family, in the order of the entries. Raises as `columns`."""
    return compare(columns(family))


def compare(recipes: dict[str, Recipe]) -> tuple[Difference, ...]:
    """What differs between recipes, by any names for them."""
    flat = {name: flat_entries(recipe) for name, recipe in recipes.items()}
    rows = []
    for entry in sorted({entry: None for values in flat.values() for entry in values}, key=_place):
        values = {name: found.get(entry, ABSENT) for name, found in flat.items()}
        first, *others = values.values()
        if all(_same(first, other) for other in others):
            continue
        reasons = {name: words for name, recipe in recipes.items() if (words := reason_of(recipe, entry))}
        rows.append(Difference(entry, values, reasons))
    return tuple(rows)


def reason_of(recipe: Recipe, entry: str) -> str:
    """What a recipe says of an entry, or of the nearest part of it that it says something of; empty: nothing."""
    parts = entry.split(".")
    for length in range(len(parts), 0, -1):
        words = recipe.reasons.get(".".join(parts[:length]))
        if words:
            return words
    return ""


def flat_entries(recipe: Recipe) -> dict[str, Any]:
    """Entries by dotted name, without those that a comparison leaves aside; losses and discriminators by their keys."""
    flat: dict[str, Any] = {}
    for name, value in entries(recipe).items():
        if name.startswith(ASIDE) and any(name == aside or name.startswith(f"{aside}.") for aside in ASIDE):
            continue
        if isinstance(value, list) and value and all(isinstance(item, dict) and "key" in item for item in value):
            flat |= _terms(name, value)
        elif value not in ([], {}):
            flat[name] = value
    return flat


def _terms(name: str, terms: list[dict[str, Any]]) -> dict[str, Any]:
    """A list of terms by key; of several with one key, the later ones by key and number."""
    flat: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for term in terms:
        key = str(term["key"])
        seen[key] = seen.get(key, 0) + 1
        place = f"{name}.{key}" if seen[key] == 1 else f"{name}.{key} {seen[key]}"
        flat[f"{place}.weight"] = term["weight"]
        flat |= {f"{place}.{option}": value for option, value in term["options"].items()}
    return flat


def _place(entry: str) -> tuple[int, str]:
    """In the order of a recipe's parts, and inside them by name."""
    names = [item.name for item in dataclasses.fields(Recipe)]
    return names.index(entry.split(".")[0]), entry


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


@lru_cache(maxsize=1)
def _shipped() -> tuple[Recipe, ...]:
    return tuple(read_recipe(name) for name in shipped_recipes())
