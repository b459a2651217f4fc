"""The controls above the picture of latents."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.read_out import ReadOut

CHOOSE = "choose"
HEARD = "heard"


class SlimButton(Button):
    """As wide as its text: there are many of them beside each other."""

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 18, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class LatentTools(QWidget):
    """Two rows of controls and a read-out. Says nothing by itself; the panel listens to each."""

    def __init__(self) -> None:
        super().__init__()
        self.space = SlimButton(
            "3-D", "Three dimensions", "Show the third axis too and drag to turn the picture: D.", True
        )
        self.quantised = SlimButton("Quantised □", "Show quantised points", "", True)
        self.depth = Choice(
            "Books of the quantised points",
            "How many codebooks the quantised points are made of.",
            (("All books", ""),),
        )
        self.lasso = SlimButton(
            "Lasso", "Choose frames with a lasso", "Draw around points to loop their time; Shift and drag does it too.",
            True,
        )  # fmt: skip
        self.fit = SlimButton("Fit", "Fit", "Show the whole path: F.")
        self.colour = Choice("Colour of points", "What the colours of the points mean.", (("by time", "time"),))
        self.method = Choice(
            "Projection",
            "How latents come into the picture: PCA keeps distances along its axes, UMAP keeps neighbours together.",
            (("PCA", "pca"), ("UMAP", "umap")),
        )
        self.corpus = Choice(
            "Reference corpus",
            "The speech that the axes are fitted on; they stay the same for all clips.",
            (("of the sample", ""), ("of a folder …", CHOOSE)),
        )
        self.add = SlimButton("+ Clips", "Add clips", "Show other sound files in the same space, beside this clip.")
        self.remove = SlimButton("− Clips", "This clip alone", "Take the other sound files away.")
        self.read_out = ReadOut()
        first = (self.space, self.quantised, self.depth, self.lasso, self.fit)
        second = (self.colour, self.method, self.corpus, self.add, self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 0)
        column.setSpacing(2)
        for row in (first, second):
            line = QHBoxLayout()
            line.setSpacing(3)
            for widget in row:
                if isinstance(widget, Choice):
                    widget.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
                    widget.setMinimumContentsLength(4)
                    line.addWidget(widget, 1)
                else:
                    line.addWidget(widget)
            column.addLayout(line)
        column.addWidget(self.read_out)
        in_tab_order(*first, *second)
        self.last = self.remove


def set_possible(choice: Choice, value: str, why_not: str) -> None:
    """Whether an entry can be chosen; where it cannot, its tooltip says why."""
    index, model = choice.findData(value), choice.model()
    if index >= 0 and isinstance(model, QStandardItemModel):
        model.item(index).setEnabled(not why_not)
        choice.setItemData(index, why_not, Qt.ItemDataRole.ToolTipRole)
        choice.setItemData(index, why_not, Qt.ItemDataRole.AccessibleDescriptionRole)
