"""Codec: what the loaded codec is, drawn rather than told."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from speefeare_core.codec import CodecInfo
from workbench import commands
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.widgets.bitrate_chart import BitrateChart
from workbench.widgets.book_strip import BookBlock, BookStrip
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.read_out import ReadOut

DEPTH_MODES = {
    "residual": "each book refines the sum of those before",
    "split": "the first book apart, the others refine",
    "parallel": "books side by side",
    "none": "",
}


class CodecPanel(Panel):
    """Books as blocks, bitrate per depth as bars (a click chooses the depth), the facts as a list."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.empty = EmptyState("")
        self.loading = ReadOut()
        self.name = QLabel()
        self.name.setWordWrap(True)
        self.books = BookStrip()
        self.chart = BitrateChart()
        self.facts = QFormLayout()
        self.facts.setHorizontalSpacing(12)
        self.facts.setVerticalSpacing(3)
        self.facts.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self._facts: tuple[tuple[str, str], ...] = ()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(8)
        for widget in (self.loading, self.name, self.books, self.chart):
            column.addWidget(widget)
        column.addLayout(self.facts)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(scroll)
        self.setFocusProxy(self.chart)

        self.chart.chosen.connect(self._choose)
        context.codec.changed.connect(self._show)
        context.playback.changed.connect(self._show_depth)
        self._show()

    def _show(self) -> None:
        codec = self.context.codec
        info = codec.info
        self.stack.setCurrentIndex(0 if info is None else 1)
        self.loading.setVisible(bool(codec.loading))
        self.loading.say(f"Loading {codec.loading} …")
        if info is None:
            text = f"Loading {codec.loading} …" if codec.loading else "Open a codec: Ctrl+Shift+O or drop it here"
            self.empty.set_text(text, "" if codec.loading else "a .safetensors file or a codec folder")
            return
        self.name.setText(info.name)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.name.setFont(font)
        self.books.setVisible(bool(info.books))
        self.chart.setVisible(bool(info.books))
        self._show_depth()
        self._show_facts(facts(info, codec.device))

    def _show_depth(self) -> None:
        info = self.context.codec.info
        if info is None:
            return
        depth = None if self.context.playback.blind else self.context.playback.depth or None
        self.books.set_books([BookBlock(book.size, book.frame_rate_hz, book.role) for book in info.books], depth)
        self.chart.set_bitrates([info.bitrate_kbps(k) for k in range(1, info.depth + 1)], depth)

    def _show_facts(self, rows: tuple[tuple[str, str], ...]) -> None:
        if rows == self._facts:
            return
        self._facts = rows
        while self.facts.rowCount():
            self.facts.removeRow(0)
        for title, text in rows:
            value = QLabel(text)
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setAccessibleName(f"{title}: {text}")
            label = QLabel(title)
            label.setStyleSheet("color: palette(placeholder-text)")
            self.facts.addRow(label, value)

    def _choose(self, depth: int) -> None:
        commands.select_depth(self.context, depth)


def facts(info: CodecInfo, device: str) -> tuple[tuple[str, str], ...]:
    """The list of facts, each with its unit; what does not apply is left out."""
    channels = {1: "mono", 2: "stereo"}.get(info.channels, f"{info.channels} channels")
    rows = [
        ("Family", info.family),
        ("Audio", f"{info.rate_hz / 1000:g} kHz · {channels}"),
        ("Frame", f"{_samples(info.hop_samples, info.rate_hz)} · {info.frame_rate_hz:g} Hz"),
        ("Books", _books(info)),
        ("Bitrate", f"{info.bitrate_kbps(1):.2f} to {info.bitrate_kbps():.2f} kbps" if info.books else "continuous"),
        ("Depth", DEPTH_MODES.get(info.depth_mode, info.depth_mode)),
        ("Latent", f"{info.latent_dim} dimensions" if info.latent_dim else ""),
        ("Causal", "yes" if info.causal else "no, it looks ahead"),
        ("Live", f"lags {_samples(info.stream_delay_samples, info.rate_hz)}" if info.streamable else "cannot stream"),
        ("Delay", f"{_samples(info.delay_samples, info.rate_hz)}, compensated in files"),
        ("Needs", ", ".join(info.needs) or "nothing else"),
        ("Parameters", _count(info.parameters) if info.parameters else ""),
        ("Runs on", device),
        ("Licence", info.licence),
        ("Source", info.source),
        *(("Note", note) for note in info.notes),
    ]
    return tuple((title, text) for title, text in rows if text)


def _samples(samples: int, rate_hz: int) -> str:
    return f"{samples} samples · {1000.0 * samples / rate_hz:.4g} ms"


def _books(info: CodecInfo) -> str:
    if not info.books:
        return "none: continuous latents"
    sizes = sorted({book.size for book in info.books})
    rates = sorted({book.frame_rate_hz for book in info.books})
    entries = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return f"{len(info.books)} x {entries} entries · " + ", ".join(f"{rate:g}" for rate in rates) + " Hz"


def _count(number: int) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return str(number)
