"""The list of all keys, by what they belong to: menus, panels, plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from PySide6.QtGui import QKeySequence

from workbench.action_info import MENUS
from workbench.actions import ACTIONS
from workbench.dock_area import PanelInfo

Row = tuple[str, str, str]  # keys, what, how
PLOT_KEYS: tuple[Row, ...] = (
    ("Left, Right", "Move the cursor by ten pixels", ""),
    ("+, −, wheel", "Zoom", ""),
    ("Page Up, Page Down", "Pan", "also Shift+wheel and the middle button"),
    ("F", "Show all", ""),
    ("click, drag", "Go there; mark a stretch and loop it", ""),
)
PANEL_KEYS: dict[str, tuple[Row, ...]] = {
    "codes": (
        ("Enter, click", "Play the moment", ""),
        ("Alt+Enter, Alt+click", "Hear that code alone", ""),
        ("Shift+Up, Shift+Down", "Another book", ""),
        ("Ctrl+Left, Ctrl+Right", "Another frame of that book", ""),
    ),
    "training": (
        ("F2, Enter", "Change the entry", "in the recipe"),
        ("Delete", "Reset the entry, take the speech out, stop the run", ""),
        ("Ctrl+F", "Search the entries", ""),
        ("Ctrl+Enter", "Start the run", ""),
        ("Enter", "Open the run's newest codec in the workbench", "in the list of runs"),
    ),
    "codebooks": (
        ("Up, Down", "Another book", "in the table"),
        ("Left, Right", "Another entry; on the map, one of its neighbours", ""),
        ("Enter", "Play where the entry comes next", ""),
        ("Alt+Enter", "Hear the entry alone where it comes next", ""),
    ),
    "latents": (
        ("D", "Two or three dimensions", ""),
        ("V", "Turn by the view", ""),
        ("S, N", "Lasso: the loop covers it; its next stretch", ""),
        ("Shift+arrows", "Turn", "three dimensions"),
        ("Enter", "Hear the frame", ""),
    ),
    "editor": (
        ("Del, U, H, I", "Zero, shuffle, freeze, set", "the selected cells"),
        ("N, C, O", "Neighbours, continuous, restore", "the selected cells"),
    ),
}


def sections(infos: Sequence[PanelInfo]) -> list[tuple[str, list[Row]]]:
    """Titles with their rows."""
    found: list[tuple[str, list[Row]]] = []
    for menu in MENUS:
        rows = [
            (row.shortcut, row.text.rstrip("…"), row.tooltip) for row in ACTIONS if row.menu == menu and row.shortcut
        ]
        rows = [row for row in rows if not row[0].removeprefix("Alt+").isdigit() or row[0] == "Alt+0"]
        if menu == "Playback":
            rows.append(
                ("0 … 9", "Depth", "Hear and show a depth (0: the original); two digits quickly for 10 and more")
            )
        if menu == "Live":
            rows.append(("Alt+1 … 9", "Book alone", "Hear one book alone in Live; again: as many as the depth says"))
        found.append((menu, rows))
    loose = [(row.shortcut, row.text, row.tooltip) for row in ACTIONS if not row.menu and row.shortcut]
    loose = [row for row in loose if not row[0].removeprefix("Alt+").isdigit()]
    found.append(("Panels", [(info.shortcut, info.title, info.description) for info in infos]))
    found.append(("Over time", list(PLOT_KEYS)))
    found += [(info.title, list(PANEL_KEYS[info.key])) for info in infos if info.key in PANEL_KEYS]
    if loose:
        found.append(("Anywhere", loose))
    return [(title, rows) for title, rows in found if rows]


def as_html(parts: Iterable[tuple[str, list[Row]]]) -> str:
    """A table with a heading for each part."""
    lines = []
    for title, rows in parts:
        lines.append(f"<tr><td colspan='3'><h4>{escape(title)}</h4></td></tr>")
        lines += [
            f"<tr><td><b>{escape(_native(keys))}</b>&nbsp;&nbsp;</td><td>{escape(text)}&nbsp;&nbsp;</td>"
            f"<td>{escape(tip)}</td></tr>"
            for keys, text, tip in rows
        ]
    return f"<table cellpadding='2'>{''.join(lines)}</table>"


def _native(keys: str) -> str:
    """One shortcut as this desktop writes it; several stay as they are."""
    if "," in keys or "…" in keys or " " in keys:
        return keys
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) or keys
