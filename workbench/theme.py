"""Light, dark and system palettes, made to be read from the last row of a lecture hall (contrast ≥ 7:1 for text)."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

Theme = Literal["system", "light", "dark"]

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
_DISABLED = {"light": "#8a929d", "dark": "#767f8c"}


def is_dark(app: QApplication, theme: str) -> bool:
    """Whether the theme is dark; "system" asks the desktop (light where that does not say)."""
    if theme == "system":
        return app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return theme == "dark"


def palette(dark: bool) -> QPalette:
    """The whole palette."""
    colours = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        colours.setColor(role, QColor(colour))
    faint = QColor(_DISABLED["dark" if dark else "light"])
    for role in (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return colours


def apply_theme(app: QApplication, theme: str) -> None:
    """Give the application one of the three themes; every widget hears of it by its palette change."""
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(palette(is_dark(app, theme)))
