"""Light, dark and projector palettes (contrast ≥ 7:1 for text), and the size of the text.

The projector's is black on white without greys, which beamers wash out, and its text is half as large again.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

Theme = Literal["system", "light", "dark", "projector"]

_ROLES = QPalette.ColorRole
_LIGHT = {
    _ROLES.Window: "#f3f4f6",
    _ROLES.WindowText: "#14171c",
    _ROLES.Base: "#ffffff",
    _ROLES.AlternateBase: "#e9ecf0",
    _ROLES.Text: "#14171c",
    _ROLES.Button: "#e4e7ec",
    _ROLES.ButtonText: "#14171c",
    _ROLES.BrightText: "#b00020",
    _ROLES.Highlight: "#0b5cad",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.ToolTipBase: "#14171c",
    _ROLES.ToolTipText: "#ffffff",
    _ROLES.PlaceholderText: "#5b636e",
    _ROLES.Link: "#0b5cad",
    _ROLES.Light: "#ffffff",
    _ROLES.Midlight: "#eceef2",
    _ROLES.Mid: "#b9c0ca",
    _ROLES.Dark: "#9aa2ad",
    _ROLES.Shadow: "#6d7580",
}
_DARK = {
    _ROLES.Window: "#1b1e24",
    _ROLES.WindowText: "#f1f3f6",
    _ROLES.Base: "#121419",
    _ROLES.AlternateBase: "#22262d",
    _ROLES.Text: "#f1f3f6",
    _ROLES.Button: "#2d323b",
    _ROLES.ButtonText: "#f1f3f6",
    _ROLES.BrightText: "#ff8a80",
    _ROLES.Highlight: "#2f7fd6",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.ToolTipBase: "#3d4552",
    _ROLES.ToolTipText: "#ffffff",
    _ROLES.PlaceholderText: "#a2abb8",
    _ROLES.Link: "#7db8f5",
    _ROLES.Light: "#4a515d",
    _ROLES.Midlight: "#3a404a",
    _ROLES.Mid: "#2a2f37",
    _ROLES.Dark: "#121419",
    _ROLES.Shadow: "#08090b",
}
_PROJECTOR = _LIGHT | {
    _ROLES.Window: "#ffffff",
    _ROLES.WindowText: "#000000",
    _ROLES.AlternateBase: "#f2f2f2",
    _ROLES.Text: "#000000",
    _ROLES.Button: "#f2f2f2",
    _ROLES.ButtonText: "#000000",
    _ROLES.Highlight: "#003c8f",
    _ROLES.PlaceholderText: "#333333",
    _ROLES.Link: "#003c8f",
    _ROLES.Midlight: "#d0d0d0",
    _ROLES.Mid: "#808080",
    _ROLES.Dark: "#606060",
    _ROLES.Shadow: "#303030",
}
_PALETTES = {"light": _LIGHT, "dark": _DARK, "projector": _PROJECTOR}
_DISABLED = {"light": "#8a929d", "dark": "#767f8c", "projector": "#707070"}
PROJECTOR_SCALE = 1.5
_USUAL_POINTS = "usualPoints"  # the property that remembers the size of the desktop's text
SCALES = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)  # of the text, to choose from


def is_dark(app: QApplication, theme: str) -> bool:
    """Whether the theme is dark; "system" asks the desktop (light where that does not say)."""
    if theme == "system":
        return app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return theme == "dark"


def palette(name: str) -> QPalette:
    """The whole palette of "light", "dark" or "projector"."""
    colours = QPalette()
    for role, colour in _PALETTES[name].items():
        colours.setColor(role, QColor(colour))
    faint = QColor(_DISABLED[name])
    for role in (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return colours


def apply_theme(app: QApplication, theme: str, scale: float = 1.0) -> None:
    """Give the application one of the themes, and its text this size; every widget hears of it by its change event."""
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    name = theme if theme == "projector" else "dark" if is_dark(app, theme) else "light"
    app.setPalette(palette(name))
    usual = app.property(_USUAL_POINTS)
    if usual is None:
        usual = app.font().pointSizeF()
        app.setProperty(_USUAL_POINTS, usual)
    points = usual * scale * (PROJECTOR_SCALE if name == "projector" else 1.0)
    font = app.font()
    if abs(font.pointSizeF() - points) > 0.01:
        font.setPointSizeF(points)
        app.setFont(font)


def next_scale(scale: float, step: int) -> float:
    """The next larger (1) or smaller (-1) size of the text."""
    at = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - scale))
    return SCALES[min(max(at + step, 0), len(SCALES) - 1)]
