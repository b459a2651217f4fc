"""The packages' source as data for the architecture tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("speefeare_core", "workbench")


@dataclass(frozen=True)
class Import:
    """One import statement. `module` is dotted, `line` starts at 1."""

    path: Path
    module: str
    line: int

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def sources(*folders: str) -> list[Path]:
    """Every Python file under the folders, which are relative to the root of the checkout."""
    return sorted(path for folder in folders or PACKAGES for path in (ROOT / folder).rglob("*.py"))


@cache
def syntax(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[Import]:
    """Every import of the file, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (Import(path, name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path.relative_to(ROOT)}:{node.lineno}: relative import"
            yield from (Import(path, f"{node.module}.{name.name}", node.lineno) for name in node.names)


def is_window_side(path: Path) -> bool:
    """Does the file run in the window's process?"""
    parts = path.relative_to(ROOT).parts
    return parts[0] == "workbench" and parts[:3] != ("workbench", "engine", "server")
