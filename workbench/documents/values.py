"""Values out of the JSON of a document, which may be anything."""

from __future__ import annotations

import math
from typing import Any


def text(data: Any, key: str) -> str:
    """A text without line breaks; empty where there is none."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) and "\0" not in value and "\n" not in value else ""


def number(data: Any, key: str) -> float | None:
    """A finite number."""
    value = data.get(key) if isinstance(data, dict) else None
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good and value is not None else None


def whole_numbers(value: Any) -> tuple[int, ...] | None:
    """A list of whole numbers from 0."""
    if not isinstance(value, list):
        return None
    good = all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in value)
    return tuple(value) if good else None
