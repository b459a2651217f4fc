"""No attribute of a widget hides a function that Qt itself calls: Qt would call the attribute, and crash."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator

from PySide6.QtWidgets import QWidget

import workbench

# The virtual functions of QObject, QPaintDevice and QWidget; all that are named …Event are virtual too.
VIRTUAL = {
    "actionEvent", "devType", "event", "eventFilter", "focusNextPrevChild", "hasHeightForWidth", "heightForWidth",
    "initPainter", "inputMethodQuery", "metaObject", "metric", "minimumSizeHint", "nativeEvent", "paintEngine",
    "redirected", "setVisible", "sharedPainter", "sizeHint",
}  # fmt: skip


class Shadowed(QWidget):
    """As it must not be."""

    def __init__(self) -> None:
        super().__init__()
        self.metric = 3  # type: ignore[assignment, method-assign]


def widgets() -> Iterator[type[QWidget]]:
    """Every class of widgets of the workbench."""
    for module in pkgutil.walk_packages(workbench.__path__, "workbench."):
        if module.name.endswith("__main__") or module.name.startswith("workbench.engine"):
            continue
        for found in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(found) and found.__module__ == module.name and issubclass(found, QWidget):
                yield found


def hidden(widget: type[QWidget]) -> set[str]:
    """The names that its methods give to attributes and that Qt calls."""
    found = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(widget)))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            if own and (node.attr in VIRTUAL or node.attr.endswith("Event")):
                found.add(node.attr)
    return found


def test_the_look_finds_one() -> None:
    assert hidden(Shadowed) == {"metric"}


def test_no_widget_hides_what_qt_calls() -> None:
    found = list(widgets())
    assert len(found) > 100
    assert {f"{widget.__module__}.{widget.__name__}": hidden(widget) for widget in found if hidden(widget)} == {}
