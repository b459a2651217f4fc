"""Residual ladder: what each book left of the latents, what each depth is worth, and the sound of every rung."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from speefeare_core.evaluation import mean_pyramid
from speefeare_core.evaluation.ladder_rows import first_row
from workbench.context import Context
from workbench.panels.time_linked import TimeLinkedPanel
from workbench.state.derived_takes import key_of
from workbench.verbs import columns, ladder
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.depth_curves import Curve, CurveLine, DepthCurves
from workbench.widgets.figure import Figure
from workbench.widgets.ladder_plot import LadderPlot, RungRow, Rungs
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe, explain

LEVEL_NOTE = "y is the decode as it is heard: aligned with the original and matched to its loudness."
CURVES_FROM, WORDS_FROM = 24, 16  # lines of text that the panel is high


class LadderPanel(TimeLinkedPanel):
    """Rows over time above, curves over depth below, and a button with a key for each sound of the chosen rung."""

    def __init__(self, context: Context) -> None:
        self.rungs = LadderPlot()
        describe(
            self.rungs,
            "Residual ladder",
            "One row for what each book left of the latents; click to seek, click a row's name to hear that depth.",
        )
        self.reference = Choice(
            "Relative to",
            "What 0 dB is: the latent of the same frame, or the mean of all latents of the clip.",
            (("0 dB: frame", "frame"), ("0 dB: clip", "clip")),
        )
        self.drawing = Choice("Drawing", "Colours, or bars as high as the norm.", (("Heat", "heat"), ("Bars", "bars")))
        self.sounds = {
            sound.kind: Button(sound.title, sound.title, f"{sound.tip} ({sound.key})", True) for sound in ladder.SOUNDS
        }
        self.curves = DepthCurves()
        for widget, term in (
            (self.rungs, "residual"), (self.reference, "latent"), (self.curves, "mel_distance"),
            (self.sounds["take"], "level_matched"), (self.sounds["added"], "added"),
            (self.sounds["missing"], "missing"), (self.sounds["alone"], "codebook"),
            (self.sounds["residual"], "residual"),
        ):  # fmt: skip
            explain(widget, term)
        self.told = ReadOut(lines=2)
        super().__init__(context, self.rungs, (self.reference, self.drawing), "point at a row: norm and level")
        self._add_parts()
        self.reference.currentIndexChanged.connect(self._look_changed)
        self.drawing.currentIndexChanged.connect(self._look_changed)
        for sound in ladder.SOUNDS:
            self.sounds[sound.kind].clicked.connect(self._pressed)
        self.rungs.row_chosen.connect(self._choose_row)
        self.curves.chosen.connect(self._choose_depth)
        context.ladder.changed.connect(self.show_data)
        context.columns.metrics_changed.connect(self._show_curves)
        context.clip.render_added.connect(self._show_sounds)
        self.clip_opened()

    def _add_parts(self) -> None:
        """The sounds above the plot's tools, the curves and the words below it."""
        inside = self.plot.parentWidget()
        assert inside is not None
        column = inside.layout()
        assert isinstance(column, QVBoxLayout)
        row = QWidget()
        hear = QHBoxLayout(row)
        hear.setContentsMargins(4, 2, 4, 0)
        hear.setSpacing(4)
        for button in self.sounds.values():
            hear.addWidget(button)
        hear.addStretch(1)
        column.insertWidget(0, row)
        column.addWidget(self.curves)
        under = QHBoxLayout()
        under.setContentsMargins(8, 0, 8, 4)
        under.addWidget(self.told)
        column.addLayout(under)
        in_tab_order(*self.sounds.values(), self.reference, self.drawing, self.plot, self.curves)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """In a low dock the rows come first, then the curves, then the words."""
        lines = self.height() / max(1, self.fontMetrics().height())
        self.curves.setVisible(lines >= CURVES_FROM and not self.context.playback.blind)
        self.told.setVisible(lines >= WORDS_FROM)

    # -- the state changed --------------------------------------------------------------------------------------
    @property
    def settled(self) -> bool:
        """The ladder is made or cannot be, and the takes are measured."""
        return not self.context.ladder.request and not self.context.columns.measuring

    def refresh(self) -> None:
        super().refresh()
        ladder.want(self.context)
        columns.measure(self.context)

    def show_data(self) -> None:
        self.rungs.set_rungs(None if self.context.playback.blind else self._rungs())
        self.rungs.set_heard(None if self.context.playback.blind else self._heard_book())
        self.rungs.waiting = self._waiting()
        self._show_curves()
        self._show_sounds()

    def _rungs(self) -> Rungs | None:
        found, info = self.context.ladder.ladder, self.context.codec.info
        if found is None or info is None or found.energies is None:
            return None
        one_chain = len({row.chain for row in found.rows}) == 1
        rows = []
        for index, row in enumerate(found.rows):
            book = row.book if row.book is not None else found.rows[index + 1].book
            role = info.books[book].role if book is not None and book < info.depth else ""
            if row.book is None and one_chain:
                role = ""  # books of all roles begin with it
            number = None if row.book is None else row.book + 1
            rows.append(RungRow(number, role, first_row(found.rows, row), found.means[index]))
        levels = () if found.levels is None else mean_pyramid.split_levels(found.levels, len(found.energies))
        return Rungs(tuple(rows), found.energies, tuple(levels), found.frames_done, found.frame_rate_hz)

    def _heard_book(self) -> int | None:
        """The book whose row is framed: the last of what is heard; 0: the latents."""
        key = key_of(self.context.playback.depth)
        if key.kind in ("alone", "residual"):
            return key.of
        if key.column or not key.of:
            return None
        takes = self.context.codec.takes
        books = takes[key.of].books if key.of < len(takes) else None
        return books[-1] + 1 if books else None

    def _waiting(self) -> str:
        context = self.context
        if context.playback.blind:
            return "hidden while listening is blind"
        if context.ladder.problem:
            return context.ladder.problem
        if context.ladder.ladder is not None:
            return " ".join(context.ladder.ladder.words)
        return f"{context.clip.stage} …" if context.clip.stage else "not made yet"

    # -- curves -------------------------------------------------------------------------------------------------
    def _show_curves(self) -> None:
        self._make_room()
        if not self.context.playback.blind:
            self.curves.set_curves(self._curves(), self._last(), self._heard_book())

    def _last(self) -> int:
        info = self.context.codec.info
        return max(1, info.depth) if info is not None else 1

    def _curves(self) -> tuple[Curve, ...]:
        found, info = self.context.ladder.ladder, self.context.codec.info
        lines, waiting = self._left_lines(), "measuring …"
        if found is not None and not lines:
            waiting = "no latents of books"
        left = Curve("Left over", "dB", lines, "of the latent", waiting)
        name = info.name if info is not None else "the codec"
        snr = self._metric_line("snr_db")
        mel = self._metric_line("mel_distance_db")
        words = "not made yet" if not self.context.clip.data.renders else "measuring …"
        return (
            left,
            Curve("SNR", "dB", (CurveLine(name, snr),) if snr else (), "up is better", words),
            Curve("Mel distance", "dB", (CurveLine(name, mel),) if mel else (), "down is better", words),
        )

    def _left_lines(self) -> tuple[CurveLine, ...]:
        """Mean energies relative to the first row of their chain, one line a chain."""
        found = self.context.ladder.ladder
        if found is None or not found.rows:
            return ()
        lines = []
        for chain in sorted({row.chain for row in found.rows}):
            rows = [(row.book, mean) for row, mean in zip(found.rows, found.means, strict=True) if row.chain == chain]
            whole = rows[0][1]
            if whole <= 0:
                continue
            begin = (rows[1][0] or 0) if len(rows) > 1 else 0  # the books before it belong to other chains
            points = [(begin if book is None else book + 1, mean) for book, mean in rows]
            lines.append(
                CurveLine(
                    f"chain {chain + 1}",
                    tuple((depth, float(10 * np.log10(max(mean, whole * 1e-12) / whole))) for depth, mean in points),
                )
            )
        return tuple(lines)

    def _metric_line(self, field: str) -> tuple[tuple[int, float], ...]:
        """A measure of the takes that are made of the first books."""
        points = []
        for take in self.context.codec.takes[1:]:
            metrics = self.context.columns.metrics.get(take.number)
            value = None if metrics is None else getattr(metrics, field)
            depth = take.depth if take.books is not None else 1
            if value is not None and depth is not None:
                points.append((depth, float(value)))
        return tuple(sorted(points))

    # -- sounds -------------------------------------------------------------------------------------------------
    def _show_sounds(self, _number: int = 0) -> None:
        context = self.context
        blind, of = context.playback.blind, ladder.rung(context)
        heard = key_of(context.playback.depth)
        takes = context.codec.takes
        for sound in ladder.SOUNDS:
            button, problem = self.sounds[sound.kind], ladder.why_not(context, sound.kind, of)
            original = heard.kind == "take" and not heard.of
            chosen = original if sound.kind is None else heard.kind == sound.kind and not original
            button.setChecked(chosen and not heard.column and not blind)
            button.setEnabled(context.clip.is_open and not blind and not problem)
            button.setText(self._button_text(sound.title, sound.key, sound.kind, of, takes))
            button.setToolTip(problem or f"{sound.tip} ({sound.key})")
        self.told.say(ladder.words_for(self.context))

    def _button_text(self, title: str, key: str, kind: Any, of: int, takes: tuple[Any, ...]) -> str:
        if kind == "take" and of < len(takes):
            title = takes[of].label
        return f"{title} · {key}"

    # -- the person ---------------------------------------------------------------------------------------------
    def _pressed(self) -> None:
        button = self.sender()
        for kind, other in self.sounds.items():
            if other is button:
                ladder.hear(self.context, kind)
        self._show_sounds()  # the state decides what is down, not the click

    def _choose_row(self, book: int) -> None:
        ladder.hear(self.context, "take" if book else "residual", book)

    def _choose_depth(self, depth: int) -> None:
        heard = key_of(self.context.playback.depth).kind
        ladder.hear(self.context, (heard if heard != "edited" else "take") if depth else None, depth or None)

    def _look_changed(self) -> None:
        self.rungs.set_look(self.reference.value != "clip", self.drawing.value == "bars")

    def view_state(self) -> dict[str, Any]:
        return {"reference": self.reference.value, "drawing": self.drawing.value}

    def set_view_state(self, state: dict[str, Any]) -> None:
        for choice, key in ((self.reference, "reference"), (self.drawing, "drawing")):
            if isinstance(state.get(key), str):
                choice.set_value(state[key])
        self._look_changed()

    # -- taking it out ------------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        info, rungs = self.context.codec.info, self.rungs.rungs
        if info is None or self.context.playback.blind or not self.context.clip.is_open:
            return ()
        notes = (
            f"{info.name}. {LEVEL_NOTE}",
            *(self.context.ladder.ladder.words if self.context.ladder.ladder else ()),
        )
        found = []
        if rungs is not None:
            found.append(Figure("ladder", "Residual ladder", self.rungs, self.rungs.arrays, self.rungs.table, notes))
        found.append(Figure("depths", "Curves over depth", self.curves, self.curves.arrays, self.curves.table, notes))
        return tuple(found)
