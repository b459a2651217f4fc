"""Codec: what the loaded codec is, drawn rather than told."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from speefeare_core.blocks.report import SeamReport
from speefeare_core.codec import CodecInfo
from speefeare_core.codecs import FAMILIES
from workbench import commands
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.state.takes import why_no_depth
from workbench.widgets.bitrate_chart import BitrateChart
from workbench.widgets.book_strip import BookBlock, BookStrip
from workbench.widgets.controls import Button
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.figure import Figure, Table
from workbench.widgets.read_out import ReadOut
from workbench.widgets.scroll_bars import flat_scroll_bars

LONG_WORD = 16  # letters
_JOINTS = re.compile(r"([/._:-])")
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
        self.seam = Button(
            "Measure the seam",
            "Measure the seam",
            "Compare long recordings in blocks with one call, on the shipped sample: tokens and sound near the seams.",
        )
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
        column.addWidget(self.seam)
        column.addStretch(1)
        self._inside = inside
        scroll = QScrollArea()
        flat_scroll_bars(scroll)
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
        self.seam.clicked.connect(self._measure_seam)
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
        self.name.setText(breakable(info.name))
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.name.setFont(font)
        self.books.setVisible(bool(info.books))
        self.chart.setVisible(not codec.why_no_depth)
        self.seam.setVisible(codec.has_seam)
        self.seam.setEnabled(not codec.seam_request)
        self.seam.setText("Measuring the seam …" if codec.seam_request else "Measure the seam")
        self._show_depth()
        self._show_facts(facts(info, codec.device, codec.long_words, codec.seam))

    def figures(self) -> tuple[Figure, ...]:
        info = self.context.codec.info
        if info is None or not info.books:
            return ()
        books = {
            "book": np.arange(1, info.depth + 1),
            "entries": np.array([book.size for book in info.books]),
            "frame_rate_hz": np.array([book.frame_rate_hz for book in info.books]),
            "bitrate_kbps": np.array([info.bitrate_kbps(depth) for depth in range(1, info.depth + 1)]),
        }
        roles = [book.role for book in info.books]
        rows = [(*row, role) for *row, role in zip(*(row.tolist() for row in books.values()), roles, strict=True)]
        shown = self.books if self.context.codec.why_no_depth else self.chart
        return (
            Figure(
                "codec",
                f"{info.name}: books and bitrate by depth",
                shown,
                lambda: books,
                lambda: Table((*books, "role"), rows),
                (f"{info.rate_hz} Hz, {info.frame_rate_hz:g} frames a second",),
            ),
        )

    def _show_depth(self) -> None:
        info = self.context.codec.info
        if info is None:
            return
        codec, number = self.context.codec, 0 if self.context.playback.blind else self.context.playback.depth
        blocks = [BookBlock(book.size, book.frame_rate_hz, book.role) for book in info.books]
        self.books.set_books(blocks, codec.books_of(number))
        depth = codec.takes[number].depth if 0 < number < len(codec.takes) else None
        self.chart.set_bitrates([info.bitrate_kbps(k) for k in range(1, info.depth + 1)], depth)

    def _show_facts(self, rows: tuple[tuple[str, str], ...]) -> None:
        if rows == self._facts:
            return
        self._facts = rows
        while self.facts.rowCount():
            self.facts.removeRow(0)
        for title, text in rows:
            value = QLabel(breakable(text))
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setAccessibleName(f"{title}: {text}")
            label = QLabel(title)
            label.setStyleSheet("color: palette(placeholder-text)")
            self.facts.addRow(label, value)

    def scroll_width(self) -> int:
        """The least width at which nothing is cut off."""
        return self._inside.minimumSizeHint().width()

    def _choose(self, depth: int) -> None:
        commands.select_depth(self.context, depth)

    def _measure_seam(self) -> None:
        commands.measure_seam(self.context)


def facts(
    info: CodecInfo, device: str, long_words: str = "", seam: SeamReport | None = None
) -> tuple[tuple[str, str], ...]:
    """The list of facts, each with its unit; what does not apply is left out."""
    family = FAMILIES.get(info.family)
    channels = {1: "mono", 2: "stereo"}.get(info.channels, f"{info.channels} channels")
    rows = [
        ("Family", family.title if family else info.family),
        ("Paper", family.paper if family else ""),
        ("Audio", f"{info.rate_hz / 1000:g} kHz · {channels}"),
        ("Frame", f"{_samples(info.hop_samples, info.rate_hz)} · {info.frame_rate_hz:g} Hz"),
        ("Books", _books(info)),
        ("Bitrate", _bitrate(info)),
        ("Depth", why_no_depth(info) or DEPTH_MODES.get(info.depth_mode, info.depth_mode)),
        ("Latent", f"{info.latent_dim} dimensions" if info.latent_dim else ""),
        ("Causal", "yes" if info.causal else f"no, it looks ahead{_look_ahead(info)}"),
        ("Live", f"lags {_samples(info.stream_delay_samples, info.rate_hz)}" if info.streamable else "cannot stream"),
        ("Long files", f"go through {long_words}" if long_words else ""),
        ("Seam", seam.sentence() if seam is not None else ""),
        ("Delay", f"{_samples(info.delay_samples, info.rate_hz)}, compensated in files"),
        ("Needs", ", ".join(info.needs) or "nothing else"),
        ("Parameters", _count(info.parameters) if info.parameters else ""),
        ("Runs on", device),
        ("Licence", info.licence),
        ("Source", info.source),
        *(("Note", note) for note in info.notes),
    ]
    return tuple((title, text) for title, text in rows if text)


def breakable(text: str) -> str:
    """The same with places to break long names of files and tensors, so that they do not widen the panel."""
    return " ".join(_JOINTS.sub("\\1\u200b", word) if len(word) > LONG_WORD else word for word in text.split(" "))


def _samples(samples: int, rate_hz: int) -> str:
    return f"{samples} sample{'' if samples == 1 else 's'} · {1000.0 * samples / rate_hz:.4g} ms"


def _look_ahead(info: CodecInfo) -> str:
    if info.look_ahead_samples is None:
        return " to the end of the recording"
    return f" {_samples(info.look_ahead_samples, info.rate_hz)}" if info.look_ahead_samples else ""


def _bitrate(info: CodecInfo) -> str:
    if not info.books:
        return "continuous" if info.latent_dim else ""
    if why_no_depth(info):
        return f"{info.bitrate_kbps():.2f} kbps"
    return f"{info.bitrate_kbps(1):.2f} to {info.bitrate_kbps():.2f} kbps"


def _books(info: CodecInfo) -> str:
    if not info.books:
        return "none: continuous latents" if info.latent_dim else "none"
    sizes = sorted({book.size for book in info.books})
    rates = Counter(book.frame_rate_hz for book in info.books)
    entries = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    if len(rates) == 1:
        return f"{info.depth} x {entries} entries · {next(iter(rates)):g} Hz"
    told = ", ".join(f"{count} at {rate:.4g} Hz" for rate, count in rates.items())
    return f"{info.depth} x {entries} entries · {told}"


def _count(number: int) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return str(number)
