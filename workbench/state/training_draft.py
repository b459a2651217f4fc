"""The training run that is being made: a recipe, what is changed of it, its data, and where it is to run."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe import COLUMNS, Recipe


class TrainingDraft(QObject):
    """`base` is the recipe as it is written, `recipe` the one with the changes."""

    changed = Signal()  # a value of the draft
    recipe_changed = Signal()  # another recipe altogether: other entries
    shelf_changed = Signal()  # another shipped recipe was read
    told = Signal()  # the data were looked at, or the dry run has an answer

    def __init__(self) -> None:
        super().__init__()
        self.shelf: dict[str, Recipe] = {}  # the shipped recipes that were read so far, by name
        self.unread: list[str] | None = None  # those that were not; None: nobody has looked which there are
        self.source = ""  # name of a shipped recipe, or a file
        self.base: Recipe | None = None
        self.recipe: Recipe | None = None
        self.changes: dict[str, Any] = {}
        self.refused: dict[str, str] = {}  # path → why the last value written there was not taken
        self.run_name = ""  # empty: one is made from the recipe's name
        self.data: tuple[str, ...] = ()
        self.device = "auto"
        self.launcher = "local"
        self.processes = 1
        self.options: dict[str, str] = {}  # of the launcher
        self.looked: dict[str, dict[str, Any]] = {}  # data path → what `speefeare data check` said of it
        self.dry_run: dict[str, Any] | None = None  # its answer; it is about `dry_run_of`
        self.dry_run_of: JobSpec | None = None

    @property
    def columns(self) -> dict[str, Recipe]:
        """The recipes of the family that stand side by side, by column, in the order of COLUMNS; with the sample rate
        of the chosen one where there are several."""
        if self.base is None:
            return {}
        own = [recipe for recipe in self.shelf.values() if recipe.family == self.base.family and recipe.column]
        found: dict[str, Recipe] = {}
        for recipe in sorted(own, key=lambda recipe: (not self._fits(recipe), recipe.name)):
            found.setdefault(recipe.column, recipe)
        return {column: found[column] for column in COLUMNS if column in found}

    def _fits(self, recipe: Recipe) -> bool:
        assert self.base is not None
        return recipe.name == self.base.name or recipe.network.get("rate_hz") == self.base.network.get("rate_hz")

    def set_recipe(self, source: str, recipe: Recipe) -> None:
        """Another recipe; the changes to the one before are given up."""
        self.source, self.base, self.recipe = source, recipe, recipe
        self.changes, self.refused = {}, {}
        self.recipe_changed.emit()
        self.changed.emit()

    def set_changes(self, changes: dict[str, Any]) -> None:
        """All changes at once. Raises `SpeefeareError` where they cannot be; nothing is changed then."""
        if self.base is None:
            raise SpeefeareError("Choose a recipe first.")
        recipe = self.base.changed(changes) if changes else self.base
        self.changes, self.recipe = dict(changes), recipe
        self.changed.emit()

    def update(self, **values: Any) -> None:
        """Set some of the fields; tells only if something changed."""
        before = [getattr(self, name) for name in values]
        for name, value in values.items():
            setattr(self, name, value)
        if before != list(values.values()):
            self.changed.emit()
