"""What the window may ask of a panel."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from workbench.context import Context
from workbench.widgets.figure import Figure


class Panel(QWidget):
    """Built from the context alone; finds nothing by searching parents or globals; imports no other panel."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def figures(self) -> tuple[Figure, ...]:
        """What it shows now, to be taken out; empty: nothing yet."""
        return ()

    @property
    def settled(self) -> bool:
        """Whether what it shows unasked is all there: a picture that is taken earlier shows it half done."""
        return True

    def refresh(self) -> None:
        """Called by the frame clock (30–60 Hz) while the panel is visible: move cursors, pull taps."""

    def view_state(self) -> dict[str, Any]:
        """Zoom and toggles, saved with the layout (JSON-ready)."""
        return {}

    def set_view_state(self, state: dict[str, Any]) -> None:
        """The inverse; unknown or bad fields are ignored."""
