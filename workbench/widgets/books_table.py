"""The use of every book, one line each: entropy as a bar against its bits, perplexity, entries used and never used."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QSizePolicy

from speefeare_core.statistics.measures import BookUse
from workbench.widgets.hinted import Hinted
from workbench.widgets.labels import draw_role_mark
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import Theme, describe, explain, mix, theme_of

COLUMNS = ("Book", "Entropy", "Perplexity", "Used", "Dead")
HINTS = (
    "The book, and whether it is semantic ◆, acoustic ■ or mixed ●.",
    "Bits that a token carries on average, against the bits it takes; dotted: the most that so few tokens can show.",
    "2 to the entropy: how many equally likely entries the book behaves like.",
    "Entries that were chosen at least once.",
    "Entries that were never chosen; in brackets how many that would be if all were equally likely.",
)


class BooksTable(Hinted):
    """A click, or ↑ and ↓, chooses a book."""

    chosen_changed = Signal(int)  # book, from 0
    own_keys = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)

    def __init__(self) -> None:
        super().__init__()
        self.uses: tuple[BookUse, ...] = ()
        self.roles: tuple[str, ...] = ()
        self.chosen = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        describe(self, "Use of the books", "Click a book, or choose it with ↑ and ↓, to see its entries.")
        explain(self, "entropy")

    def set_uses(self, uses: Sequence[BookUse], roles: Sequence[str]) -> None:
        """What was counted, and what each book speaks of."""
        grown = len(uses) != len(self.uses)
        self.uses, self.roles = tuple(uses), tuple(roles)
        self.chosen = min(self.chosen, max(len(self.uses) - 1, 0))
        if grown:
            self.updateGeometry()
            self.setMinimumHeight(self.sizeHint().height())
        if self.uses:
            self.setAccessibleDescription(self.describe_book(self.chosen))
        self.update()

    def choose(self, book: int) -> None:
        """Show the entries of this book."""
        book = min(max(book, 0), max(len(self.uses) - 1, 0))
        if book != self.chosen:
            self.chosen = book
            if self.uses:
                self.setAccessibleDescription(self.describe_book(book))
            self.chosen_changed.emit(book)
            self.update()

    def describe_book(self, book: int) -> str:
        """One line in words."""
        use = self.uses[book]
        return (
            f"Book {use.book} ({self.roles[book]}): {use.entropy_bits:.2f} of {use.bits:.0f} bits, perplexity "
            f"{perplexity_text(use)}, {use.used} of {use.size} entries used in {use.tokens} tokens, {use.dead} never "
            f"used ({use.dead_if_even:.0f} expected if all were equally likely)"
        )

    # -- places -----------------------------------------------------------------------------------------------------
    @property
    def row_height(self) -> int:
        """Of one line."""
        return self.fontMetrics().height() + 6

    def _fixed_widths(self) -> list[int]:
        """Of all columns but that of the bars."""
        metrics, columns = self.fontMetrics(), zip(*(_texts(use) for use in self.uses), strict=True)
        found = [list(texts) for texts in columns] or [[], [], []]
        named = [[name, *texts] for name, texts in zip(COLUMNS[2:], found, strict=True)]
        return [
            metrics.horizontalAdvance("◆ 00 Book"),
            *(max(metrics.horizontalAdvance(text) for text in texts) + 18 for texts in named),
        ]

    @property
    def _least_bar(self) -> float:
        """Room for what the bar says, and a little of the bar."""
        return self.fontMetrics().horizontalAdvance("00.00 of 00") + 36.0

    def _edges(self, width: int) -> list[float]:
        """Where the columns begin, and where the last one ends. What has no room has no width."""
        fixed, left, bar = self._fixed_widths(), 8.0, self._least_bar
        for column in (2, 1):  # entries used, then the perplexity: the dead and the entropy say about the same
            if left + sum(fixed) + bar + 8 > width:
                fixed[column] = 0
        bar = max(bar, width - left - sum(fixed) - 8)
        widths = [fixed[0], bar, *fixed[1:]]
        edges = [left]
        for each in widths:
            edges.append(edges[-1] + each)
        return edges

    def book_at(self, y: float) -> int | None:
        """The book under a height."""
        index = int(y // self.row_height) - 1
        return index if 0 <= index < len(self.uses) else None

    # -- drawing ----------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, height = QPainter(self), theme_of(self.palette()), self.row_height
        painter.fillRect(self.rect(), theme.background)
        first = max(0, event.rect().top() // height - 1)
        last = min(len(self.uses), event.rect().bottom() // height + 1)
        self._paint_rows(painter, self.width(), range(first, last), theme)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw all books into a rectangle of any painter, smaller where they do not fit."""
        painter.fillRect(rect, theme.background)
        scale = min(1.0, rect.height() / ((len(self.uses) + 1) * self.row_height))
        painter.save()
        painter.translate(rect.topLeft())
        painter.scale(scale, scale)
        self._paint_rows(painter, int(rect.width() / scale), range(len(self.uses)), theme)
        painter.restore()

    def _paint_rows(self, painter: QPainter, width: int, books: range, theme: Theme) -> None:
        height, edges = self.row_height, self._edges(width)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.muted)
        for column, name in enumerate(COLUMNS):
            box = QRectF(edges[column], 0, edges[column + 1] - edges[column] - 8, height)
            if box.width() > 0:
                painter.drawText(box, left if column < 2 else right, name)
        painter.drawLine(QPointF(0, height - 0.5), QPointF(width, height - 0.5))
        most_bits = max((use.bits for use in self.uses), default=1.0)
        for index in books:
            use, top = self.uses[index], (index + 1) * height
            if index == self.chosen:
                painter.fillRect(QRectF(0, top, width, height), theme.region)
                painter.fillRect(QRectF(0, top, 3, height), theme.accent)
            mark = self.fontMetrics().height() * 0.28
            draw_role_mark(painter, QPointF(edges[0] + mark + 2, top + height / 2), mark, self.roles[index], theme.text)
            painter.setPen(theme.text)
            box = QRectF(edges[0] + 2 * mark + 8, top, edges[1] - edges[0], height)
            painter.drawText(box, left, str(use.book))
            self._paint_bar(
                painter, QRectF(edges[1], top + 3, edges[2] - edges[1] - 12, height - 6), use, most_bits, theme
            )
            painter.setPen(theme.text)
            for column, text in enumerate(_texts(use), 2):
                box = QRectF(edges[column], top, edges[column + 1] - edges[column] - 8, height)
                if box.width() > 0:
                    painter.drawText(box, right, text)

    def _paint_bar(self, painter: QPainter, box: QRectF, use: BookUse, most_bits: float, theme: Theme) -> None:
        per_bit = box.width() / most_bits
        painter.fillRect(QRectF(box.left(), box.top(), use.bits * per_bit, box.height()), theme.grid)
        bar = QRectF(box.left(), box.top(), use.entropy_bits * per_bit, box.height())
        painter.fillRect(bar, mix(theme.background, theme.accent, 0.75))
        if use.ceiling_bits < use.bits:
            x = box.left() + use.ceiling_bits * per_bit
            painter.setPen(QPen(theme.text, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        text = f"{use.entropy_bits:.2f} of {use.bits:.4g}"
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for colour, part in ((theme.on_accent, bar), (theme.text, box.adjusted(bar.width(), 0, 0, 0))):
            painter.save()  # the text crosses the end of the bar
            painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
            painter.setPen(colour)
            painter.drawText(box.adjusted(4, 0, 0, 0), flags, text)
            painter.restore()

    # -- mouse and keys ---------------------------------------------------------------------------------------------
    def hint_at(self, place: QPointF) -> str:
        book, edges = self.book_at(place.y()), self._edges(self.width())
        if book is not None:
            return self.describe_book(book)
        column = next((index for index in range(len(COLUMNS)) if place.x() < edges[index + 1]), len(COLUMNS) - 1)
        return HINTS[column]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        book = self.book_at(event.position().y())
        if book is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(book)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Home: -(10**6), Qt.Key.Key_End: 10**6}
        if event.key() in steps and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self.choose(self.chosen + steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(self.minimumSizeHint().width() + 120, (len(self.uses) + 1) * self.row_height + 2)

    def minimumSizeHint(self) -> QSize:
        fixed = self._fixed_widths()
        return QSize(round(fixed[0] + self._least_bar + fixed[3]) + 16, 3 * self.row_height)


def perplexity_text(use: BookUse) -> str:
    """With a digit after the point where it is small."""
    return f"{use.perplexity:.1f}" if use.perplexity < 20 else f"{use.perplexity:.0f}"


def _texts(use: BookUse) -> tuple[str, str, str]:
    return perplexity_text(use), f"{use.used} / {use.size}", f"{use.dead} ({use.dead_if_even:.0f})"


class ScrolledBooks(QScrollArea):
    """The table where there are more books than room; the chosen one is kept in sight."""

    def __init__(self, table: BooksTable) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self.table = table
        self.setWidget(table)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        table.chosen_changed.connect(self._show_chosen)

    def _show_chosen(self, book: int) -> None:
        height = self.table.row_height
        self.ensureVisible(0, round((book + 1.5) * height), 0, height)

    def minimumSizeHint(self) -> QSize:
        return self.table.minimumSizeHint()
