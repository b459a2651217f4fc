"""The form of a recipe and the list of runs as figures, to be taken out."""

from __future__ import annotations

import numpy as np

from speefeare_core.training.form import text_of
from workbench.widgets.figure import Figure, Table
from workbench.widgets.recipe_model import NOT_THERE, RecipeModel
from workbench.widgets.recipe_tree import RecipeTree
from workbench.widgets.runs_table import RunsTable


def recipe_figure(tree: RecipeTree, source: str) -> Figure:
    """Every entry: yours, those of the family's recipes, and why they are so."""
    model: RecipeModel = tree.recipe
    columns = ("entry", "unit", "yours", *(c.title for c in model.columns), "why")

    def lines() -> list[tuple[str, ...]]:
        found = []
        for _, rows in model.groups:
            for row in rows:
                others = (column.values.get(row.path, NOT_THERE) for column in model.columns)
                texts = ("" if value is NOT_THERE else text_of(value) for value in others)
                why = " ".join(dict.fromkeys(c.reasons[row.path] for c in model.columns if row.path in c.reasons))
                found.append((row.path, row.help.unit, text_of(model.yours.get(row.path)), *texts, why))
        return found

    return Figure(
        "recipe", f"The recipe {source} and those of its family", tree,
        lambda: {name: np.array(values) for name, values in zip(columns, zip(*lines(), strict=True), strict=True)},
        lambda: Table(columns, lines()),
    )  # fmt: skip


def runs_figure(table: RunsTable) -> Figure:
    """The runs and how they stand."""
    columns = ("run", "state", "progress", "step", "left", "mel_distance", "recipe", "folder")

    def lines() -> list[tuple[str | float, ...]]:
        return [
            (row.name, row.state, row.progress, row.step, row.left, row.distance, row.recipe, row.folder)
            for row in table.runs.rows
        ]

    return Figure(
        "runs", "Training runs", table,
        lambda: {"progress": np.array([row.progress for row in table.runs.rows])},
        lambda: Table(columns, lines()),
    )  # fmt: skip
