"""The edits of the open clip's tokens, and what the engine made of them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from speefeare_core.codec import CodecInfo
from speefeare_core.editing.edits import EditList, Region

Array = NDArray[Any]
Place = tuple[object, ...]  # which clip under which codec: edits fit no other


def place_of(path: str, info: CodecInfo | None) -> Place:
    """A clip under a codec, whatever the codec's file is called now."""
    if info is None:
        return (path,)
    return (path, info.family, info.rate_hz, info.hop_samples, tuple((b.size, b.frame_rate_hz) for b in info.books))


class EditsState(QObject):
    """Lists of edits by clip and codec; those that were left come back with their clip."""

    changed = Signal()  # the list
    applied = Signal()  # the engine's codes are there (or are gone)
    region_changed = Signal()
    progress_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lists: dict[Place, EditList] = {}
        self.place: Place = ("",)
        self.region: Region | None = None  # what is selected; None: nothing
        self.codes: tuple[Array, ...] = ()  # after the edits, int32 [K_g, F_g]; empty: nothing is edited
        self.cells: tuple[Array, ...] = ()  # what each cell is: workbench.engine.topics.edits
        self.changed_cells = 0
        self.request = 0  # id of the SetEdits under way
        self.problem = ""  # why the list cannot be applied, one sentence
        self.plays = True  # whether an edit is heard at once, where nothing plays
        self.to_play: tuple[int, float, float] | None = (
            None  # a take that is heard once it is made, and from when to when
        )

    @property
    def edits(self) -> EditList:
        """The list of the open clip."""
        return self._lists.get(self.place, EditList())

    def list_of(self, place: Place) -> EditList:
        """The list of any clip."""
        return self._lists.get(place, EditList())

    def set_list(self, place: Place, edits: EditList) -> None:
        """Another list for a clip."""
        if edits.is_empty and not edits.sources:
            self._lists.pop(place, None)
        else:
            self._lists[place] = edits
        if place == self.place:
            self.problem = ""
            self.changed.emit()

    def go_to(self, place: Place) -> None:
        """Another clip is open, or the same under another codec."""
        if place != self.place:
            self.place, self.region = place, None
            self.region_changed.emit()
        self.set_applied((), (), 0)
        self.request, self.problem, self.to_play = 0, "", None
        self.changed.emit()

    def forget_all(self) -> None:
        """Another document: no list is left."""
        self._lists.clear()
        self.problem = ""
        self.changed.emit()

    def set_region(self, region: Region | None) -> None:
        """Select cells."""
        if region != self.region:
            self.region = region
            self.region_changed.emit()

    def set_applied(self, codes: tuple[Array, ...], cells: tuple[Array, ...], changed_cells: int) -> None:
        """What the engine made of the list."""
        self.codes, self.cells, self.changed_cells = codes, cells, changed_cells
        self.applied.emit()

    def set_problem(self, sentence: str) -> None:
        """The list cannot be applied."""
        self.problem = sentence
        self.changed.emit()
