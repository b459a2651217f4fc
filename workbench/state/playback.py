"""The play cursor, the chosen take, the loop, what was picked to be compared, and the blind order."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class PlaybackState(QObject):
    """What is heard. `position` moves with the frame clock; panels read it in `refresh`."""

    changed = Signal()  # depth, playing, loop, blind or device changed (not the position)
    moved = Signal(int)  # the person moved the cursor
    devices_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.position = 0  # sample
        self.playing = False
        self.depth = 0  # number of the take that is heard (`derived_takes`)
        self.heard_before = 0  # that of the take before it
        self.picked: frozenset[int] = frozenset()  # takes that blind trials are about; empty: all
        self.loop: tuple[int, int] | None = None  # samples
        self.looping = False
        self.blind_order: tuple[int, ...] = ()  # depths behind the labels A, B, C …; empty: sighted
        self.revealed_order: tuple[int, ...] = ()  # what the labels meant, after a reveal
        self.seek_request = 0  # id of the seek under way: until it is done the engine's position is older than ours
        self.device = ""
        self.volume_db = 0.0
        self.underruns = 0
        self.peak = 0.0

    @property
    def blind(self) -> bool:
        """Whether labels hide which depth is heard."""
        return bool(self.blind_order)

    def update(self, **values: object) -> None:
        """Set some of the fields and say so once, if anything differs."""
        differing = {name: value for name, value in values.items() if getattr(self, name) != value}
        if "depth" in differing:
            self.heard_before = self.depth
        for name, value in differing.items():
            setattr(self, name, value)
        if differing:
            self.changed.emit()


def label_of(index: int) -> str:
    """What the n-th of a blind order is called: A, B … Z, AA, AB …"""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text
