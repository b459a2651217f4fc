"""The open document: where it is saved, whether it has changed since, and what the window offers of its layout."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal


class Layout(Protocol):
    """What the window gives and takes of its layout (JSON-ready)."""

    def layout_data(self) -> dict[str, Any]: ...
    def set_layout_data(self, data: dict[str, Any]) -> None: ...


class DocumentState(QObject):
    """A session of work. Without `path` it was not saved under a name yet; it is kept for a crash all the same."""

    changed = Signal()
    leaving = Signal()  # another clip or document is about to take its place: the last moment to save it

    def __init__(self) -> None:
        super().__init__()
        self.path = ""  # of the .speefeare file; empty: none yet
        self.embed = False  # the sound file goes into the document
        self.audio_name = ""  # of an embedded sound file, which is played from a copy
        self.modified = False  # something but the view differs from the file
        self.opening = ""  # the document whose parts are still being put in place; empty: none
        self.layout: Layout | None = None  # set by the window

    def update(self, **values: object) -> None:
        """Set some of the fields and say so once, if anything differs."""
        differing = {name: value for name, value in values.items() if getattr(self, name) != value}
        for name, value in differing.items():
            setattr(self, name, value)
        if differing:
            self.changed.emit()
