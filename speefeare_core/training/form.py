"""A recipe as a form: one row for each value that can be changed, with its explanation, bounds and kind.

`Recipe.changed` takes the rows' paths. Nothing here imports torch: windows and command lines are made from it.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import yaml

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.training.entry_use import reads
from speefeare_core.training.network_help import network_help
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_entry import EntryHelp
from speefeare_core.training.recipe_parts import Term

Kind = Literal["flag", "whole", "number", "text", "choice", "values", "plain"]
HIDDEN = ("name", "family", "title", "column", "reasons", "notes")  # they say what a recipe is, not what it does
GROUPS = {  # first part of a path → heading, in the order of the form
    "budget": "Budget", "data": "Data", "network": "Network", "network_after": "Network", "start_from": "Network",
    "learn_from": "Network",
    "freeze": "Network", "init": "Network", "weight_norm": "Network", "latent": "Latents", "books": "Codebooks",
    "depths": "Depths",
    "losses": "Losses", "own_weights": "Losses", "balancer": "Losses", "semantic": "Teacher", "teacher": "Teacher",
    "adversarial": "Discriminators", "optimiser": "Optimiser", "rate_shares": "Optimiser", "ema": "Optimiser",
    "accumulate": "Optimiser", "precision": "Optimiser", "validation": "Validation",
}  # fmt: skip
REST = "Run"  # heading of everything else
LISTS = {  # lists and mappings that can be written as a whole, and how they are called
    "losses": "all losses", "adversarial.discriminators": "all discriminators", "data.sources": "sources",
    "network": "all of the network", "own_weights": "all own weights", "rate_shares": "all rate shares",
}  # fmt: skip
KEYS_OF = {  # entries that name a loss of one kind
    "adversarial.generator.key": "adversarial", "adversarial.feature.key": "feature", "semantic.key": "semantic",
}  # fmt: skip
SAID = (  # what a path begins with, where the heading of its group says it already
    "adversarial.discriminators.", "adversarial.", "losses.", "books.", "data.", "budget.", "network.", "latent.",
    "depths.", "teacher.", "validation.", "optimiser.",
)  # fmt: skip


_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_lines: dict[str, str] = {}  # of YAML, by what they say


@dataclass(frozen=True)
class FormRow:
    """One value. `path` is dotted, as `Recipe.changed` takes it."""

    path: str
    group: str
    help: EntryHelp
    kind: Kind
    optional: bool = False  # an empty text stands for "none"

    @property
    def title(self) -> str:
        """The path without what its group says already, with spaces."""
        if self.path in LISTS:
            return LISTS[self.path]
        short = next((self.path[len(start) :] for start in SAID if self.path.startswith(start)), self.path)
        return short.replace(".", " · ").replace("_", " ")

    @property
    def bounds(self) -> str:
        """What may be written, for people; empty: anything of its kind."""
        low, high, unit = self.help.low, self.help.high, f" {self.help.unit}" if self.help.unit else ""
        if self.help.choices:
            return ", ".join(choice or "none" for choice in self.help.choices)
        if low is not None and high is not None:
            return f"{_written(low)} to {_written(high)}{unit}"
        if low is not None:
            return f"at least {_written(low)}{unit}"
        return f"at most {_written(high)}{unit}" if high is not None else unit.strip()


def _written(number: float) -> str:
    return f"{number:,.10g}".replace(",", " ")


def rows_of(recipe: Recipe) -> tuple[FormRow, ...]:
    """Every value of a recipe, group by group; terms (losses, discriminators) one by one.

    What the family never reads is left out, unless it was changed.
    """
    plain = Recipe(name=recipe.name, family=recipe.family)
    rows = [
        row
        for row in _rows(recipe, Recipe, "")
        if row.path not in HIDDEN
        and (reads(recipe.family, row.path) or value_at(recipe, row.path) != value_at(plain, row.path))
    ]
    order = [*dict.fromkeys(GROUPS.values()), REST]
    return tuple(sorted(rows, key=lambda row: order.index(row.group)))


def values_of(recipe: Recipe) -> dict[str, Any]:
    """By path of `rows_of`: plain values (tuples, mappings, numbers, texts, None)."""
    return {row.path: value_at(recipe, row.path) for row in rows_of(recipe)}


def value_at(recipe: Recipe, path: str) -> Any:
    """The value at a path; None where it leads nowhere. Terms are found by their key or number."""
    inside: Any = recipe
    for part in path.split("."):
        if isinstance(inside, tuple):
            found = (item for i, item in enumerate(inside) if part in (str(i), getattr(item, "key", None)))
            inside = next(found, None)
        elif isinstance(inside, Mapping):
            inside = inside.get(part)
        else:
            inside = getattr(inside, part, None)
    return inside


def text_of(value: Any) -> str:
    """A value as it is written in a form; `value_from` is the inverse."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, (tuple, list)) and all(isinstance(item, (int, float, str)) for item in value):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, (tuple, list, Mapping)) or dataclasses.is_dataclass(value):
        return _in_a_line(value)
    return str(value)


def _in_a_line(value: Any) -> str:
    """YAML without breaks. Much of it is asked for again and again."""
    short = _shortened(value)
    if short in ({}, []):
        return str(short)
    key = repr(short)
    if key not in _lines:
        if len(_lines) > 1000:
            _lines.clear()
        text: str = yaml.dump(short, Dumper=_DUMPER, default_flow_style=True, sort_keys=False, width=10_000)
        _lines[key] = text.strip()
    return _lines[key]


def value_from(row: FormRow, text: str) -> Any:
    """What a person wrote, as a value for `Recipe.changed`. Raises `SpeefeareError` for what is none of its kind."""
    text = text.strip()
    if row.optional and text.lower() in ("", "none"):
        return None
    if row.kind in ("text", "choice"):
        return text
    if row.kind == "flag":
        return _flag(row, text)
    try:
        if row.kind == "values" and not text.startswith("["):
            text = f"[{text}]"
        value = yaml.safe_load(text) if text else None
    except yaml.YAMLError as error:
        raise SpeefeareError(f"{row.path} cannot be read; write it as in a recipe file.") from error
    if row.kind in ("whole", "number"):
        return _numeric(row, text, value)
    return value


def _flag(row: FormRow, text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise SpeefeareError(f"{row.path} should be yes or no, not {text!r}.")
    return text.lower() in ("yes", "true")


def _numeric(row: FormRow, text: str, value: Any) -> int | float:
    try:
        number = float(text.replace(" ", ""))
        whole = int(value if isinstance(value, int) else number)
    except (ValueError, OverflowError) as error:
        raise SpeefeareError(f"{row.path} should be a number, not {text or 'nothing'}.") from error
    if row.kind == "number":
        return number
    if whole != number:
        raise SpeefeareError(f"{row.path} should be a whole number, not {text}.")
    return whole


# -- rows ---------------------------------------------------------------------------------------------------------
def _rows(value: Any, kind: type, start: str) -> list[FormRow]:
    found: list[FormRow] = []
    hints = _hints(kind)
    for item in dataclasses.fields(kind):
        path = f"{start}{item.name}"
        found += _rows_of_field(getattr(value, item.name), hints[item.name], path, item.metadata.get("entry"))
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _rows_of_field(value: Any, hint: Any, path: str, told: EntryHelp | None) -> list[FormRow]:
    optional, hint = _without_none(hint)
    told = told or EntryHelp("")
    if path in KEYS_OF and isinstance(value, str):
        choices = _keys_of(KEYS_OF[path])
        return [_row(path, choices, "choice" if value in choices.choices else "text")]
    whole = replace(told, help=f"{told.help} Add to it or take away from it here, as in a recipe file.")
    if dataclasses.is_dataclass(hint) and value is not None:
        inside = _rows(value, typing.cast(type, hint), f"{path}.")
        return [*inside, _row(path, told, "plain", True)] if optional else inside
    if typing.get_origin(hint) is tuple and typing.get_args(hint)[0] is Term and value:
        return [*_rows_of_terms(value, path), _row(path, whole, "values")]
    if typing.get_origin(hint) is dict and path in ("network", "own_weights", "rate_shares"):
        return _rows_of_mapping(value, path, told, whole)
    return [_row(path, whole if path in LISTS else told, _kind_of(hint, value, told), optional)]


def _rows_of_terms(terms: tuple[Term, ...], path: str) -> list[FormRow]:
    keys = [term.key for term in terms]
    found = []
    for number, term in enumerate(terms):
        name = term.key if keys.count(term.key) == 1 and "." not in term.key else str(number)
        told = term_words(term.key)
        for row in _rows(term, Term, f"{path}.{name}."):
            unused = path == "adversarial.discriminators" and row.path.endswith(".weight")  # the group's loss has it
            if not (unused or row.path.endswith(".key")):
                found.append(replace(row, help=replace(row.help, help=f"{told} {row.help.help}".strip())))
    return found


def term_words(key: str) -> str:
    """What a loss or discriminator is and where it is from, one sentence; empty for one that is not known here."""
    row = LOSSES.get(key) or DISCRIMINATORS.get(key)
    return f"{row.title} ({row.source})." if row is not None else ""


def _keys_of(kind: str) -> EntryHelp:
    keys = tuple(key for key, row in LOSSES.items() if row.kind == kind)
    return EntryHelp(f"Which {kind} loss.", choices=keys)


def _rows_of_mapping(value: dict[str, Any], path: str, told: EntryHelp, whole: EntryHelp) -> list[FormRow]:
    rows = []
    for name, item in value.items():
        help_text = network_help(name) if path == "network" else EntryHelp(f"{told.help} Here: {name}.", low=0)
        key = f"{path}.{name}"
        if "." in name:  # a path could not name it
            return [_row(path, whole, "plain")]
        rows.append(_row(key, help_text, _kind_of(Any if path == "network" else float, item, help_text), item is None))
    return [*rows, _row(path, whole, "plain")]


def _row(path: str, told: EntryHelp, kind: Kind, optional: bool = False) -> FormRow:
    return FormRow(path, GROUPS.get(path.split(".")[0], REST), told, kind, optional)


def _kind_of(hint: Any, value: Any, told: EntryHelp) -> Kind:
    if hint is Any:
        hint = type(value)
    if hint in (list, tuple) or typing.get_origin(hint) is tuple:
        return "values"
    if told.choices:
        return "choice"
    kinds: dict[Any, Kind] = {bool: "flag", int: "whole", float: "number", str: "text"}
    return kinds.get(hint, "plain")


def _without_none(hint: Any) -> tuple[bool, Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(hint) if option is not type(None)]
        return len(options) < len(typing.get_args(hint)), options[0]
    return False, hint


def _shortened(value: Any) -> Any:
    """Plain data without what is at its default, so that a line of YAML stays readable."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        said = {}
        for item in dataclasses.fields(value):
            own = getattr(value, item.name)
            usual = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
            if own != usual:
                said[item.name] = _shortened(own)
        return said
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(item) for item in value]
    return value
