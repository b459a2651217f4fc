"""Configurations beside a checkpoint: JSON and YAML as plain data. No tag is ever acted upon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from speefeare_core.errors import SpeefeareError

_MOST_BYTES = 8 << 20
_MOST_EVENTS = 400_000
_DEEPEST = 60


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader that gives the value behind an unknown tag (`!new:package.Class {…}`) and forgets the tag."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._events = 0
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._events += 1
        if self._events > _MOST_EVENTS or self._depth > _DEEPEST:
            raise yaml.YAMLError("too large or too deep")
        if self.check_event(yaml.AliasEvent):
            self._events += 1000  # an alias of an alias of an alias … grows without end when it is walked
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _untagged(loader: _PlainLoader, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_PlainLoader.add_constructor(None, _untagged)


def is_text(path: Path) -> bool:
    """Whether the first 512 bytes are readable (pickles of the oldest protocol are so too)."""
    with path.open("rb") as file:
        head = file.read(512)
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head)


def parse_yaml(text: str, path: Path) -> dict[str, Any]:
    """A YAML mapping as plain data. Raises `SpeefeareError` that names `path`."""
    try:
        value = _PlainLoader(text).get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError, KeyError, OverflowError) as error:
        raise SpeefeareError(f"{path} is no readable YAML; download it again.") from error
    if not isinstance(value, dict):
        raise SpeefeareError(f"{path} holds no configuration (a YAML mapping).")
    return value


def read_config(path: Path) -> dict[str, Any]:
    """A .json or .yaml file as plain data. Raises `SpeefeareError`."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SpeefeareError(f"{path} is too large for a configuration.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpeefeareError(f"{path} cannot be read as text; download it again.") from error
    if path.suffix.lower() != ".json":
        return parse_yaml(text, path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpeefeareError(f"{path} is no readable JSON; download it again.") from error
    if not isinstance(value, dict):
        raise SpeefeareError(f"{path} holds no configuration (a JSON object).")
    return value
