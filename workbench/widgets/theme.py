"""Colours and measures of every drawing, taken from the palette and the font: light and dark need nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFontMetrics, QPalette
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Theme:
    """Colours for one palette. Original and decode are blue and orange (Okabe-Ito), told apart by label as well."""

    dark: bool
    background: QColor
    lane: QColor  # behind data, a shade off the background
    text: QColor
    muted: QColor
    grid: QColor
    accent: QColor
    on_accent: QColor
    original: QColor
    decoded: QColor
    cursor: QColor
    region: QColor
    good: QColor
    warning: QColor
    problem: QColor


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """`share` of the second colour in the first."""
    return QColor.fromRgbF(
        first.redF() + (second.redF() - first.redF()) * share,
        first.greenF() + (second.greenF() - first.greenF()) * share,
        first.blueF() + (second.blueF() - first.blueF()) * share,
    )


_themes: dict[int, Theme] = {}  # of the palettes seen last: every drawing asks, sixty times a second


def theme_of(palette: QPalette) -> Theme:
    """The colours of a palette."""
    key = palette.cacheKey()
    if key not in _themes:
        if len(_themes) > 32:
            _themes.clear()
        _themes[key] = _made_from(palette)
    return _themes[key]


def _made_from(palette: QPalette) -> Theme:
    background = palette.color(QPalette.ColorRole.Base)
    text = palette.color(QPalette.ColorRole.Text)
    accent = palette.color(QPalette.ColorRole.Highlight)
    dark = background.lightness() < 128
    region = QColor(accent)
    region.setAlpha(56)
    return Theme(
        dark=dark,
        background=background,
        lane=mix(background, text, 0.04),
        text=text,
        muted=mix(background, text, 0.62),
        grid=mix(background, text, 0.14),
        accent=accent,
        on_accent=palette.color(QPalette.ColorRole.HighlightedText),
        original=QColor("#56b4e9" if dark else "#0072b2"),
        decoded=QColor("#e69f00" if dark else "#b85000"),
        cursor=QColor("#ffffff" if dark else "#101010"),
        region=region,
        good=QColor("#2fb58a" if dark else "#00795a"),
        warning=QColor("#e69f00" if dark else "#a85b00"),
        problem=QColor("#ff7a66" if dark else "#b3261e"),
    )


def rgb32(colour: QColor) -> int:
    """The colour as one pixel of a Format_RGB32 image."""
    return 0xFF000000 | (colour.rgb() & 0xFFFFFF)


def left_gutter(metrics: QFontMetrics) -> int:
    """Room left of every time plot: the same for all, so that stacked docks line up."""
    return metrics.horizontalAdvance("00 ◆ sem") + 14


def right_gutter(metrics: QFontMetrics) -> int:
    """Room right of every time plot (colour bars)."""
    return metrics.horizontalAdvance("−100 dB") + 22


TERM = "term"  # the property that names what a control is about: a key of `speefeare_core.lessons.terms`


def explain(widget: QWidget, term: str) -> None:
    """The term of the field that a control is about: its sentence joins the tooltip, Shift+F1 opens its lesson."""
    widget.setProperty(TERM, term)


def describe(widget: QWidget, name: str, tip: str) -> None:
    """Accessible name and a tooltip of one sentence, which screen readers get as description."""
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(tip)
    widget.setToolTip(tip)
