"""Further codecs on the same clip: columns of a comparison. `workbench.state.derived_takes` numbers their takes.

A column encodes the file at its own rate. What it decodes is brought to the rate and the channels of the clip, aligned
by the measured delay and matched in loudness, so that it is heard at the same sample as everything else: RenderReady,
PeaksReady and SpectrogramReady with the numbers `number_of(kind, of, column)`. WantDepth and SelectDepth take them too.
"""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.codec import CodecInfo
from workbench.engine.memory import ArrayRef
from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class AddColumn(Request):
    """A further codec (what `load_codec` takes) on the open clip → ColumnAdded, ColumnCodesReady, RenderReady …

    Its fullest take is made at once, the others after it where the clip is not long. A codec that another column of
    this clip or of the clip before has loaded is not loaded again.
    """

    column: int  # from 1, chosen by the window
    source: str
    device: str = "auto"


@dataclass(frozen=True)
class RemoveColumn(Request):
    """Forget a column, its takes and its codec. One that does not exist is no error."""

    column: int


@dataclass(frozen=True)
class ColumnAdded(Event):
    """The codec of a column is loaded; `takes(info)` are its takes."""

    column: int
    info: CodecInfo
    device: str
    load_s: float  # 0 where it was loaded already


@dataclass(frozen=True)
class ColumnCodesReady(Event):
    """The codes of a column: one int32 [K_g, F_g] per frame rate, in book order; none for a codec without codes."""

    column: int
    groups: tuple[ArrayRef, ...]
    frame_rates_hz: tuple[float, ...]
