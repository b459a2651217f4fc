"""A row of the table of commands. In a module of its own, so that plug-ins and the table can both import it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command: `module` has `add(parser)` and `run(args, console)`, see the package's docstring."""

    name: str
    help: str
    module: str
