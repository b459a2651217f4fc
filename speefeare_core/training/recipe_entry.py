"""What an entry of a recipe is: its explanation, bounds and unit beside its default, and strict reading of it.

The form of the window, `speefeare recipes` and the checks of what people write are all made from these.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EntryHelp:
    """Of one entry. `low` and `high` are allowed themselves; for a tuple they hold for each of its values."""

    help: str  # one plain sentence
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    step: float | None = None  # what one press of an arrow key changes in a form


def entry(default: Any, help: str, **bounds: Any) -> Any:
    """A field with a default (a value, or a type or function that makes one) and its `EntryHelp`."""
    metadata = {"entry": EntryHelp(help, **bounds)}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def required(help: str, **bounds: Any) -> Any:
    """A field without a default, and its `EntryHelp`."""
    return dataclasses.field(metadata={"entry": EntryHelp(help, **bounds)})


def help_of(kind: type, name: str) -> EntryHelp:
    """The help of a field. Raises KeyError where there is no such field."""
    for item in dataclasses.fields(kind):
        if item.name == name:
            found: EntryHelp = item.metadata.get("entry", EntryHelp(""))
            return found
    raise KeyError(name)


def build(kind: Any, data: Any, where: str = "") -> Any:
    """A value of a type (a dataclass of entries, a tuple, a dict, a plain value, None) from plain data.

    Raises TypeError or ValueError with one plain clause that names the entry: unknown, missing, of the wrong kind, or
    out of its bounds.
    """
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        options = typing.get_args(kind)
        if data is None and type(None) in options:
            return None
        return build(next(option for option in options if option is not type(None)), data, where)
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(typing.cast(type, kind), data, where)
    if origin is tuple:
        return _build_tuple(typing.get_args(kind), data, where)
    if origin is dict:
        if not isinstance(data, dict):
            raise TypeError(f"{where} should be a mapping, not {data!r}")
        value_kind = typing.get_args(kind)[1]
        return {str(key): build(value_kind, value, f"{where}.{key}") for key, value in data.items()}
    if kind is Any:
        return data
    return _build_plain(kind, data, where)


def plain(value: Any) -> Any:
    """Inverse of `build`: dictionaries, lists and plain values, ready for YAML and JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _build_dataclass(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise TypeError(f"{where or 'it'} should be a mapping, not {data!r}")
    data = {"on" if key is True else key: value for key, value in data.items()}  # YAML 1.1 takes a bare `on` for true
    hints = typing.get_type_hints(kind)
    fields = {item.name: item for item in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise TypeError(f"{where or 'the top'} has the unknown entry {unknown[0]}")
    values = {}
    for name, item in fields.items():
        path = f"{where}.{name}" if where else name
        if name in data:
            values[name] = build(hints[name], data[name], path)
            _check(item.metadata.get("entry"), values[name], path)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise TypeError(f"{path} is missing")
    return kind(**values)


def _build_tuple(kinds: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise TypeError(f"{where} should be a list, not {data!r}")
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(build(kinds[0], item, f"{where}[{index}]") for index, item in enumerate(data))
    if len(kinds) != len(data):
        raise ValueError(f"{where} should have {len(kinds)} values, not {len(data)}")
    return tuple(build(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, data, strict=True)))


def _build_plain(kind: Any, data: Any, where: str) -> Any:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if kind is float and isinstance(data, str):  # YAML 1.1 takes 1e-4 for a word
        try:
            return float(data)
        except ValueError:
            pass
    if not isinstance(data, kind) or (kind is not bool and isinstance(data, bool)):
        words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise TypeError(f"{where} should be {words.get(kind, kind)}, not {data!r}")
    return data


def _check(entry_help: EntryHelp | None, value: Any, where: str) -> None:
    if entry_help is None or value is None:
        return
    for one in value if isinstance(value, tuple) else (value,):
        if entry_help.choices and one not in entry_help.choices:
            raise ValueError(f"{where} should be one of {', '.join(entry_help.choices)}, not {one!r}")
        if not isinstance(one, (int, float)) or isinstance(one, bool):
            continue
        if not (one == one and abs(one) != float("inf")):
            raise ValueError(f"{where} should be a finite number, not {one}")
        if entry_help.low is not None and one < entry_help.low:
            raise ValueError(f"{where} should be at least {entry_help.low:g}, not {one:g}")
        if entry_help.high is not None and one > entry_help.high:
            raise ValueError(f"{where} should be at most {entry_help.high:g}, not {one:g}")
