"""The parity table. Each family's module under `peers` has its `CASES`; a missing family fails test_table.py."""

from __future__ import annotations

import importlib
import pkgutil

from tests.parity import peers
from tests.parity.peer import Case


def all_cases() -> list[Case]:
    """The cases of every module in `peers`, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(peers.__path__))
    return [case for name in names for case in importlib.import_module(f"tests.parity.peers.{name}").CASES]
