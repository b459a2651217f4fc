"""The loaded codec."""

from PySide6.QtCore import QObject, Signal

from speefeare_core.codec import CodecInfo


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

    @property
    def depths(self) -> tuple[int, ...]:
        """Every depth that can be heard, 0 (the original) first."""
        return () if self.info is None else tuple(range(max(1, self.info.depth) + 1))

    def set_loading(self, source: str) -> None:
        """A load has begun (or, empty, has failed: the codec before stays)."""
        self.loading = source
        self.changed.emit()

    def set_codec(self, info: CodecInfo, device: str) -> None:
        """A codec is ready."""
        self.info, self.device, self.loading = info, device, ""
        self.changed.emit()
