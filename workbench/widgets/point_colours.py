"""What the colours of points mean: time, a measured value, or a label; and the key that says so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from workbench.widgets.colormap import code_table, table
from workbench.widgets.theme import Theme, rgb32
from workbench.widgets.ticks import step_for, ticks

Array = NDArray[Any]
Kind = Literal["time", "clip", "number", "label"]
_FEW = {  # Okabe and Ito, told apart by colour-blind readers; darker on light ground
    False: ("#0072b2", "#b85000", "#00795a", "#a3457f", "#7a6a00", "#3d3d8f", "#5b3a1a", "#606060"),
    True: ("#56b4e9", "#e69f00", "#2fb58a", "#e08fc0", "#f0e442", "#a6a6ff", "#d8a47f", "#c0c0c0"),
}


@dataclass(frozen=True)
class Colouring:
    """`values` are those of each recording, `[F]` each, NaN where there is none; with `names` indices into these."""

    kind: Kind = "time"
    title: str = "Time"
    unit: str = "s"
    values: tuple[Array | None, ...] = ()
    names: tuple[str, ...] = ()
    logarithmic: bool = False  # pitch: octaves are even

    @cached_property
    def span(self) -> Range:
        """Of the numbers of all recordings, so that zooming in time does not change what a colour means."""
        return Range.of([np.asarray(row) for row in self.values if row is not None])

    def value_text(self, path: int, frame: int) -> str:
        """The value of one frame, for people; empty where there is none."""
        row = self.values[path] if path < len(self.values) else None
        if self.kind not in ("number", "label") or row is None or frame >= len(row) or not np.isfinite(row[frame]):
            return ""
        if self.names:
            return f"{self.title} {self.names[int(row[frame])]}"
        return f"{self.title} {row[frame]:.4g} {self.unit}".rstrip().replace("-", "−")


def path_table() -> Array:
    """256 colours for numbers: viridis without its ends, which lie too near to white or black ground."""
    return table("viridis")[np.linspace(12, 236, 256).astype(int)]


def label_colours(count: int, dark: bool) -> Array:
    """A colour for each of some labels: few from a list made for it, more by golden-angle hues."""
    if count <= len(_FEW[dark]):
        return np.array([rgb32(QColor(text)) for text in _FEW[dark][:count]], np.uint32)
    return code_table(dark)[:count]


@dataclass(frozen=True)
class Range:
    """Of the numbers in sight."""

    low: float
    high: float

    @classmethod
    def of(cls, rows: list[Array]) -> Range:
        """From the 1st to the 99th percentile, so that one odd frame does not take the colours from all others."""
        joined = np.concatenate(rows) if rows else np.zeros(0)
        joined = joined[np.isfinite(joined)]
        if not len(joined):
            return cls(0.0, 1.0)
        low, high = np.percentile(joined, (1, 99))
        return cls(float(low), float(high) if high > low else float(low) + 1.0)


def number_colours(values: Array, span: Range, logarithmic: bool, none: int) -> Array:
    """`[N]` → pixels; `none` for NaN."""
    low, high = span.low, span.high
    if logarithmic:
        values, low, high = np.log(np.maximum(values, 1e-9)), np.log(max(low, 1e-9)), np.log(max(high, 1e-9))
    share = (np.asarray(values, np.float64) - low) / max(high - low, 1e-12) * 255
    known = np.isfinite(share)
    found = path_table()[np.clip(np.where(known, share, 0), 0, 255).astype(int)]
    return np.where(known, found, np.uint32(none))


def number_marks(span: Range, logarithmic: bool) -> list[tuple[float, str]]:
    """Ticks of the colour bar: (share from below, text)."""
    if logarithmic:
        low, high = np.log(max(span.low, 1e-9)), np.log(max(span.high, 1e-9))
        found = [
            v
            for v in (50, 60, 70, 85, 100, 120, 140, 170, 200, 240, 280, 340, 400, 480, 560, 680, 800)
            if span.low <= v <= span.high
        ]
        return [((float(np.log(v)) - low) / max(high - low, 1e-12), str(v)) for v in found]
    width = span.high - span.low
    step = step_for(width, 5)
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    return [((v - span.low) / width, f"{v:.{decimals}f}".replace("-", "−")) for v in ticks(span.low, span.high, 5)]


def label_pixels(values: Array, colours: Array, none: int) -> Array:
    """Indices `[N]` (NaN: none) → pixels."""
    known = np.isfinite(values)
    index = np.where(known, values, 0).astype(int) % max(len(colours), 1)
    return np.where(known, colours[index], np.uint32(none)) if len(colours) else np.full(len(values), none, np.uint32)


def muted_pixel(theme: Theme) -> int:
    """Of points without a value."""
    return rgb32(theme.grid)
