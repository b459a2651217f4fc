"""All that there is to say of one entry of a recipe: what it is, its bounds, and why each recipe has its value."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QTextBrowser

from speefeare_core.training.form import FormRow, text_of
from workbench.widgets.recipe_model import NOT_THERE, RecipeModel
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe

LINES = 7  # that are seen without scrolling


class EntryCard(QTextBrowser):
    """Read only; words can be selected and copied."""

    def __init__(self, model: RecipeModel) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self._model = model
        self.row: FormRow | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        describe(self, "About the entry", "What the chosen entry is, and why the family's recipes have their values.")
        self.show_row(None)

    def show_row(self, row: FormRow | None, refused: str = "") -> None:
        """The card of an entry; None: how the form is worked."""
        self.row = row
        self.setHtml(_hint() if row is None else self._html(row, refused))

    def _html(self, row: FormRow, refused: str) -> str:
        told = f"<b>{escape(row.path)}</b> &nbsp; {escape(row.help.help)}"
        if row.bounds:
            told += f" <i>{escape(row.bounds)}.</i>"
        if refused:
            told += f"<br><b>✖ Not taken: {escape(refused)}</b>"
        yours = text_of(self._model.yours.get(row.path)) or "none"
        lines = [("yours", yours, "changed by you" if row.path in self._model.changed_paths else "")]
        for column in self._model.columns:
            if not column.values:
                lines.append((column.title, "—", column.tip))
                continue
            value = column.values.get(row.path, NOT_THERE)
            said = "is not among its entries" if value is NOT_THERE else text_of(value) or "none"
            lines.append((column.title, said, column.reasons.get(row.path, "")))
        cells = "".join(
            f"<tr><td>{escape(title)}&nbsp;&nbsp;</td><td>{escape(value)}&nbsp;&nbsp;</td><td>{escape(why)}</td></tr>"
            for title, value, why in lines
        )
        return f"{told}<table cellspacing='0' cellpadding='1'>{cells}</table>"

    def sizeHint(self) -> QSize:
        return QSize(200, LINES * self.fontMetrics().lineSpacing() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 4 * self.fontMetrics().lineSpacing())


def _hint() -> str:
    return (
        "Choose an entry to read what it is and why the recipes of the family have it so. "
        "F2 or Enter changes it, Delete resets it; * marks a value with a reason of its own."
    )
