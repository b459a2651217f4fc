"""A recipe as a form: every entry has a row with its words, and every value survives being written as text."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

import speefeare_core.nn
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.config import NetworkConfig
from speefeare_core.training.entry_use import reads
from speefeare_core.training.form import FormRow, rows_of, text_of, value_at, value_from, values_of
from speefeare_core.training.network_help import HELP, network_help
from speefeare_core.training.recipe import Recipe, entries, read_recipe, shipped_recipes
from speefeare_core.training.recipe_entry import EntryHelp

every_recipe = pytest.mark.parametrize("name", shipped_recipes())


def row_of(recipe: Recipe, path: str) -> FormRow:
    return next(row for row in rows_of(recipe) if row.path == path)


@every_recipe
def test_every_value_of_every_recipe_survives_its_text_and_is_explained(name: str) -> None:
    recipe = read_recipe(name)
    rows = rows_of(recipe)
    written = {row.path: value_from(row, text_of(value_at(recipe, row.path))) for row in rows}
    assert entries(recipe.changed(written)) == entries(recipe)
    assert [row.path for row in rows if not row.help.help.endswith((".", "…"))] == []
    assert len({row.path for row in rows}) == len(rows)
    assert len({(row.group, row.title) for row in rows}) == len(rows), "two rows look the same"


def test_every_entry_of_a_recipe_can_be_reached() -> None:
    recipe = read_recipe("soundstream-24k-paper")
    paths = {row.path for row in rows_of(recipe)}
    hidden = {"name", "family", "title", "column", "notes", "reasons"}
    missing = {path for path in entries(recipe) if path not in paths and path.split(".")[0] not in hidden}
    assert {path.partition(".")[0] for path in missing} == {"latent", "semantic", "teacher"}, "of no use here"
    assert not any(reads(recipe.family, path) for path in missing)
    changed = recipe.changed({"latent.kind": "sigma"})
    assert "latent.kind" in {row.path for row in rows_of(changed)}, "what was set can be taken back"
    assert values_of(recipe)["losses.multiscale_mel.weight"] == 1.0


def test_a_term_is_changed_alone_or_in_its_list() -> None:
    recipe = read_recipe("soundstream-24k-paper")
    weight = value_from(_row("losses.multiscale_mel.weight"), "2.5")
    heavier = recipe.changed({"losses.multiscale_mel.weight": weight})
    assert heavier.losses[0].weight == 2.5
    row = row_of(recipe, "losses")
    longer = recipe.changed({"losses": value_from(row, "[{key: multiscale_mel}, {key: log_mel, weight: 15}]")})
    assert [term.key for term in longer.losses] == ["multiscale_mel", "log_mel"]
    assert "losses.log_mel.weight" in {row.path for row in rows_of(longer)}
    wider = recipe.changed({"network": value_from(row_of(recipe, "network"), "{channels: 4, denoise_switch: true}")})
    assert row_of(wider, "network.denoise_switch").kind == "flag"


def _row(path: str) -> FormRow:
    return row_of(read_recipe("soundstream-24k-paper"), path)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("data.batch", "1e2", 100),
        ("data.batch", " 12 ", 12),
        ("optimiser.rate", "3e-4", 3e-4),
        ("optimiser.betas", "0.5, 0.9", [0.5, 0.9]),
        ("optimiser.betas", "[0.5, 0.9]", [0.5, 0.9]),
        ("depths.books", "", []),
        ("data.flip", "no", False),
        ("data.loudness_db", "", None),
        ("data.loudness_db", "-23", -23.0),
        ("network.strides", "2, 4, 5", [2, 4, 5]),
        ("adversarial.feature", "none", None),
        ("start_from", "", ""),
    ],
)
def test_what_people_write(path: str, text: str, value: object) -> None:
    assert value_from(_row(path), text) == value


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("data.batch", "many", "should be a number, not many"),
        ("data.batch", "", "should be a number, not nothing"),
        ("data.batch", "1.5", "should be a whole number"),
        ("data.batch", "1e999", "should be a number"),
        ("data.flip", "perhaps", "should be yes or no"),
        ("losses", "[{key: ", "cannot be read"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(path: str, text: str, words: str) -> None:
    with pytest.raises(SpeefeareError, match=words):
        value_from(_row(path), text)


def test_bounds_in_words() -> None:
    def bounds(**told: object) -> str:
        return FormRow("a", "", EntryHelp("A.", **told), "number").bounds  # type: ignore[arg-type]

    assert bounds(low=0, high=1) == "0 to 1"
    assert bounds(low=1, high=100_000, unit="frames") == "1 to 100 000 frames"
    assert bounds(low=0) == "at least 0" and bounds(high=2) == "at most 2" and bounds() == ""
    assert bounds(choices=("", "hubert")) == "none, hubert"


def test_every_entry_of_every_network_is_explained() -> None:
    """Those of the families' configurations; one that is missing in the table has no bounds and no explanation."""
    for module in pkgutil.iter_modules(speefeare_core.nn.__path__, "speefeare_core.nn."):
        importlib.import_module(module.name)
    kinds: list[type] = [NetworkConfig]
    for kind in kinds:
        kinds += kind.__subclasses__()
    networks = [kind for kind in kinds if kind.__module__.startswith("speefeare_core.nn.")]  # a teacher's is no codec's
    named = {field.name for kind in networks for field in dataclasses.fields(kind)}
    assert named and named - set(HELP) == set()
    assert network_help("frobnication").help.startswith("The network's frobnication")
