"""Further codecs on the same clip, and the measures of everything that can be heard."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from speefeare_core.codec import CodecInfo
from workbench.state.derived_takes import key_of
from workbench.state.takes import Take, full_take, takes


@dataclass(frozen=True)
class Column:
    """One further codec. `number` (from 1) is that of its takes: `number_of("take", k, column=number)`."""

    number: int
    source: str
    device: str = "auto"  # asked for
    request: int = 0  # id of the AddColumn under way; 0: none
    info: CodecInfo | None = None  # None: not loaded yet
    computes_on: str = ""
    codes: tuple[NDArray[Any], ...] = ()  # one int32 [K_g, F_g] per frame rate
    code_rates_hz: tuple[float, ...] = ()
    ready: bool = False  # the clip is encoded, so that its takes can be wanted
    problem: str = ""  # why it could not be made, one sentence

    @property
    def title(self) -> str:
        """The codec's name, or what was asked for."""
        return self.info.name if self.info is not None else Path(self.source).name or self.source

    @property
    def takes(self) -> tuple[Take, ...]:
        """What can be heard of it, the original first; empty until it is loaded."""
        return takes(self.info) if self.info is not None else ()

    @property
    def full(self) -> int:
        """The number, within the column, of the take with every book; 0 until it is loaded."""
        return full_take(self.info) if self.info is not None else 0


@dataclass(frozen=True)
class Metrics:
    """One point of the rate–distortion plot; None where a measure is not defined. See `RenderMeasured`."""

    bitrate_kbps: float
    si_sdr_db: float | None
    snr_db: float | None
    mel_distance_db: float | None


class ColumnsState(QObject):
    """Columns in the order in which they were added. They stay when another clip is opened."""

    changed = Signal()  # a column came, went, or knows more of itself
    codes_changed = Signal(int)  # of this column
    metrics_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.columns: dict[int, Column] = {}
        self.metrics: dict[int, Metrics] = {}  # by number of the take, of the open clip
        self.measuring: dict[int, int] = {}  # number of the take → id of the request that measures it
        self._last = 0

    @property
    def next_number(self) -> int:
        """A number that no column has had yet, so that notes never speak of another one."""
        return self._last + 1

    def put(self, column: Column) -> None:
        """Add a column, or replace what is known of it."""
        self._last = max(self._last, column.number)
        before = self.columns.get(column.number)
        self.columns[column.number] = column
        self.columns = dict(sorted(self.columns.items()))
        self.changed.emit()
        if before is not None and before.codes is not column.codes:
            self.codes_changed.emit(column.number)

    def change(self, number: int, **values: Any) -> None:
        """Replace some fields of a column; one that is gone stays gone."""
        if number in self.columns:
            self.put(dataclasses.replace(self.columns[number], **values))

    def remove(self, number: int) -> None:
        """Forget a column and its measures."""
        if self.columns.pop(number, None) is not None:
            self.metrics = {take: row for take, row in self.metrics.items() if key_of(take).column != number}
            self.changed.emit()
            self.metrics_changed.emit()

    def set_metrics(self, take: int, metrics: Metrics | None) -> None:
        """What was measured of a take; None: nothing that still holds."""
        if metrics is not None:
            self.metrics[take] = metrics
        elif self.metrics.pop(take, None) is None:
            return
        self.metrics_changed.emit()

    def forget_metrics(self, take: int) -> None:
        """A take is another sound now."""
        self.measuring.pop(take, None)
        self.set_metrics(take, None)

    def forget_clip(self) -> None:
        """Another clip: codes and measures were of the one before."""
        self.metrics.clear()
        self.measuring.clear()
        for column in list(self.columns.values()):
            self.put(dataclasses.replace(column, request=0, codes=(), code_rates_hz=(), ready=False, problem=""))
        self.metrics_changed.emit()
