"""What the tables of codecs, losses and discriminators name as `module:Class`, imported only when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load_named(loader: str) -> Any:
    """The object behind `module:name`. Raises ImportError or AttributeError where there is none."""
    module, name = loader.split(":")
    return getattr(import_module(module), name)
