"""NetworkConfig: the sizes of a network as a frozen dataclass of plain values, to JSON and back."""

from __future__ import annotations

import dataclasses
from typing import Any, Self


def _lists(value: Any) -> Any:
    return [_lists(item) for item in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """Base of the configurations. Fields are numbers, strings, booleans, None and (nested) tuples of them."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse."""
        return {field.name: _lists(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Inverse of `to_dict`; what is left out takes its default. Raises ValueError for an unknown entry."""
        unknown = sorted(set(data) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ValueError(f"{cls.__name__.removesuffix('Config')} has no option {unknown[0]}")
        return cls(**{name: _tuples(value) for name, value in data.items()})
