"""The loaded codec."""

from PySide6.QtCore import QObject, Signal

from speefeare_core.blocks.report import SeamReport
from speefeare_core.codec import CodecInfo
from workbench.state.derived_takes import key_of
from workbench.state.takes import Take, full_take, takes, why_no_depth


class CodecState(QObject):
    """Which codec is loaded, or being loaded."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.info: CodecInfo | None = None
        self.device = ""
        self.wanted = ""  # the source last asked for, and for which compute device: loaded again after a restart
        self.wanted_device = "auto"
        self.request = 0  # id of the load under way; answers to older ones are void
        self.loading = ""  # the source being loaded; empty: none
        self.takes: tuple[Take, ...] = ()  # what can be heard, the original first
        self.long_words = ""  # how long recordings go through it
        self.has_seam = False  # these differ from one call, which can be measured
        self.seam: SeamReport | None = None
        self.seam_request = 0  # id of the measurement under way

    @property
    def depths(self) -> tuple[int, ...]:
        """The numbers of all takes, 0 (the original) first."""
        return tuple(range(len(self.takes)))

    @property
    def full(self) -> int:
        """The number of the take with every book; 0 without a codec."""
        return full_take(self.info) if self.info is not None else 0

    @property
    def why_no_depth(self) -> str:
        """Why no depth can be chosen; empty where it can, or without a codec."""
        return why_no_depth(self.info) if self.info is not None else ""

    def books_of(self, number: int) -> tuple[int, ...] | None:
        """The books that a take of any kind is about, from 0; None: all of them, or it is no take of this codec."""
        key = key_of(number)
        if key.column:
            return None
        if key.kind in ("added", "alone"):
            return (key.of - 1,)
        return self.takes[key.of].books if 0 < key.of < len(self.takes) else None

    def set_loading(self, source: str) -> None:
        """A load has begun (or, empty, has failed: the codec before stays)."""
        self.loading = source
        self.changed.emit()

    def set_codec(self, info: CodecInfo, device: str, long_words: str = "", has_seam: bool = False) -> None:
        """A codec is ready."""
        self.info, self.device, self.loading = info, device, ""
        self.takes = takes(info)
        self.long_words, self.has_seam = long_words, has_seam
        self.seam, self.seam_request = None, 0
        self.changed.emit()

    def set_seam(self, report: SeamReport | None, request: int = 0) -> None:
        """The seam was measured, or is being measured by this request (0: by none)."""
        self.seam, self.seam_request = report, request
        self.changed.emit()
