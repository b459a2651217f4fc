"""Of the panel *Run*: what validation clips sound and look like at two checkpoints, beside the original."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.context import Context
from workbench.state.run_watch import ORIGINAL, A, B
from workbench.verbs import run_watch
from workbench.widgets import spectrogram_figure
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.figure import Figure
from workbench.widgets.read_out import ReadOut
from workbench.widgets.run_axis import value_text
from workbench.widgets.sound_pictures import SoundPicture, SoundPictures
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot
from workbench.widgets.theme import describe, explain

LETTERS = {A: "A", B: "B"}
PICTURE_BUDGET_S = 0.004


class RunListen(QWidget):
    """Play, three sounds over one cursor, a slider over the checkpoints for each side, and their spectrograms."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.pictures = SoundPictures()
        self.play = Button("Play", "Play the validation clip", "Play or stop (Space)", True, "play")
        self.sounds = {
            ORIGINAL: Button("Original · O", "Hear the original", "Hear the clip as it was spoken (O)", True),
            A: Button("A", "Hear A", "Hear what the first checkpoint makes of it, at the same moment (A)", True),
            B: Button("B", "Hear B", "Hear what the second checkpoint makes of it, at the same moment (B)", True),
        }
        self.clips = Choice("Validation clip", "Which of the clips that training never learns from (‹ › with , and .).")
        self.loop = Button("Loop", "Loop", "Play over and over (L)", True, "loop")
        self.match = Button(
            "Same loudness",
            "Same loudness",
            "Bring A and B to the loudness of the original, by 20 dB at most (M)",
            True,
        )
        self.difference = Button(
            "A − B", "Difference of A and B", "Show where A is louder than B, and where softer", True
        )
        self.swap = Button("A ⇄ B", "Swap A and B", "What was A is B, and the other way round (X)")
        self.runs = {
            side: Choice(f"Run of {letter}", f"The run whose checkpoint is {letter}.")
            for side, letter in LETTERS.items()
        }
        self.sliders = {
            side: Slider(
                f"Checkpoint of {letter}", f"Which checkpoint is {letter}; at its end it follows the newest.", 0, 0
            )
            for side, letter in LETTERS.items()
        }
        for slider in self.sliders.values():
            slider.setMinimumWidth(80)
        self.told = {side: QLabel() for side in LETTERS}  # its step, and its mel distance
        self.plot = SpectrogramPlot()
        describe(
            self.plot, "Spectrograms of the validation clip", "Click to seek, wheel zooms; one lane for each sound."
        )
        explain(self.plot, "spectrogram")
        explain(self.match, "level_matched")
        explain(self.clips, "held_out")
        for slider in self.sliders.values():
            explain(slider, "checkpoint")
        self.nothing = EmptyState("There is no sound to hear yet.", "It comes with the first validation of the run.")
        self.words = ReadOut("", lines=2)
        self._lanes: tuple[object, ...] = ()
        self._lay_out()
        self._connect()
        self.show_all()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, widgets in (
            (first, (self.play, *self.sounds.values(), self.clips)),
            (second, (self.loop, self.match, self.difference, self.swap)),
        ):
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        for row_number, (side, letter) in enumerate(LETTERS.items()):
            label = QLabel(letter)
            label.setBuddy(self.sliders[side])
            grid.addWidget(label, row_number, 0)
            grid.addWidget(self.runs[side], row_number, 1)
            grid.addWidget(self.sliders[side], row_number, 2)
            grid.addWidget(self.told[side], row_number, 3)
        grid.setColumnStretch(2, 1)
        grid.setColumnMinimumWidth(3, self.fontMetrics().horizontalAdvance("000 000 (newest) · 00.0 dB"))
        self._buttons = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._buttons.addLayout(first)
        self._buttons.addLayout(second)
        column.addLayout(self._buttons)
        column.addLayout(grid)
        column.addWidget(self.plot, 1)
        column.addWidget(self.nothing, 1)
        column.addWidget(self.words)
        in_tab_order(
            self.play, *self.sounds.values(), self.clips, self.loop, self.match, self.difference, self.swap,
            self.runs[A], self.sliders[A], self.runs[B], self.sliders[B], self.plot,
        )  # fmt: skip

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() > sum(self._buttons.itemAt(row).sizeHint().width() for row in range(2)) + 40
        self._buttons.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _connect(self) -> None:
        ctx = self.context
        self.play.clicked.connect(lambda: run_watch.toggle_play(ctx))
        for which, button in self.sounds.items():
            button.clicked.connect(partial(self._hear, which))
        self.clips.currentIndexChanged.connect(lambda index: run_watch.set_clip(ctx, index))
        self.loop.clicked.connect(lambda: run_watch.set_loop(ctx, self.loop.isChecked()))
        self.match.clicked.connect(lambda: run_watch.set_match(ctx, self.match.isChecked()))
        self.difference.clicked.connect(self.show_all)
        self.swap.clicked.connect(lambda: run_watch.swap(ctx))
        for side in LETTERS:
            self.runs[side].currentIndexChanged.connect(partial(self._choose_run, side))
            self.sliders[side].valueChanged.connect(partial(self._choose_step, side))
        self.plot.seek_requested.connect(lambda second: run_watch.seek(ctx, second))
        self.plot.range_requested.connect(self._show_range)
        ctx.run_watch.compared.connect(self.show_all)
        ctx.run_watch.playing_changed.connect(self.show_all)
        ctx.run_watch.grew.connect(self.show_all)
        ctx.runs.changed.connect(self.show_all)
        ctx.runs.chosen_changed.connect(self.show_all)

    # -- state → widgets --------------------------------------------------------------------------------------------
    def show_all(self, _folder: object = "") -> None:
        """Everything as things are now."""
        ctx, watch = self.context, self.context.run_watch
        known = tuple((run.name, folder) for folder, run in ctx.runs.runs.items())
        count = run_watch.clips(ctx)
        self.clips.set_entries(tuple((f"Clip {clip + 1}", str(clip)) for clip in range(count)), str(watch.clip))
        for side in LETTERS:
            self._show_side(side, known)
        for which, button in self.sounds.items():
            button.setChecked(watch.heard == which)
            button.setEnabled(run_watch.sound_of(ctx, which) is not None)
        self.play.setText("Stop" if watch.playing else "Play")
        self.play.set_icon("pause" if watch.playing else "play")
        self.play.setChecked(watch.playing)
        for widget in (self.play, self.clips, self.loop, self.match, self.swap, self.difference):
            widget.setEnabled(bool(count))
        self.loop.setChecked(watch.loop)
        self.match.setChecked(watch.match)
        self.words.say(self._words())
        self._show_lanes()

    def _show_side(self, side: int, known: tuple[tuple[str, str], ...]) -> None:
        ctx = self.context
        folder, row = run_watch.folder_of(ctx, side), run_watch.heard_of(ctx, side)
        self.runs[side].set_entries(known, folder)
        rows = ctx.run_watch.history(folder).validations if folder else []
        slider = self.sliders[side]
        slider.blockSignals(True)
        slider.setRange(0, max(0, len(rows) - 1))
        slider.setValue(rows.index(row) if row in rows else 0)
        slider.blockSignals(False)
        slider.setEnabled(len(rows) > 1)
        words = "no validation yet"
        if row is not None:
            newest = " (newest)" if ctx.run_watch.sides[side].step is None else ""
            words = f"{row.step:,}".replace(",", " ") + newest
            if row.mel_distance is not None:
                words += f" · {row.mel_distance:.2f} dB"
        self.told[side].setText(words)
        slider.setAccessibleDescription(f"step {words}; {len(rows)} checkpoints")

    def _words(self) -> str:
        ctx, watch = self.context, self.context.run_watch
        row, other = (run_watch.heard_of(ctx, side) for side in (A, B))
        if row is None:
            return ""
        said = []
        if other is not None and row.mel_distance is not None and other.mel_distance:
            said.append(f"Mel distance of A {row.mel_distance:.2f} dB, of B {other.mel_distance:.2f} dB (all clips).")
        if watch.match and watch.playing and len(watch.gains_db) == 3:
            said.append(
                f"A by {_signed(watch.gains_db[1])} dB, B by {_signed(watch.gains_db[2])} dB for equal loudness."
            )
        problem = run_watch.why_not_comparable(ctx)
        return " ".join([problem, *said] if problem else said) or "Press Space to hear it; O, A and B choose."

    def _show_lanes(self) -> None:
        ctx = self.context
        pictures: dict[int, SoundPicture] = {}
        for which in (ORIGINAL, A, B):
            path = run_watch.sound_of(ctx, which)
            if path is not None:
                pictures[which] = self.pictures.want(path)
        names = {ORIGINAL: "Original", A: self._lane_name(A), B: self._lane_name(B)}
        lanes = []
        for which, picture in pictures.items():
            title = names[which] + (" ▸" if ctx.run_watch.heard == which else "")
            waiting = picture.problem or ("" if picture.store is not None else "reading …")
            lanes.append(SpectrogramLane(title, "decoded" if which else "original", picture.store, waiting=waiting))
        if self.difference.isChecked() and A in pictures and B in pictures:
            first, second = pictures[A].store, pictures[B].store
            lanes.append(SpectrogramLane("A − B", "difference", first, second, waiting="reading …"))
        lengths = [picture.length_s for picture in pictures.values() if picture.length_s]
        state = tuple((lane.title, id(lane.store), id(lane.minus), lane.waiting) for lane in lanes)
        if state != self._lanes:
            self._lanes = state
            self.plot.set_lanes(lanes)
        self.plot.setVisible(bool(lanes))
        self.nothing.setVisible(not lanes)
        length = max(lengths, default=1.0)
        if length != self.plot.length_s:
            self.plot.set_range(0.0, length, length)

    def _lane_name(self, side: int) -> str:
        row, folder = run_watch.heard_of(self.context, side), run_watch.folder_of(self.context, side)
        if row is None:
            return LETTERS[side]
        run = (
            f" of {Path(folder).name}"
            if run_watch.folder_of(self.context, A) != run_watch.folder_of(self.context, B)
            else ""
        )
        return f"{LETTERS[side]} · step {row.step:,}".replace(",", " ") + run

    def refresh(self) -> None:
        """Called by the frame clock while it is in sight."""
        if self.pictures.advance(PICTURE_BUDGET_S):
            self._show_lanes()
            self.plot.invalidate()
        self.plot.set_cursor(self.context.run_watch.position_s)

    # -- the person -------------------------------------------------------------------------------------------------
    def _hear(self, which: int, _on: bool = False) -> None:
        run_watch.hear(self.context, which)
        self.show_all()  # a tick shows the state, not the click

    def _choose_run(self, side: int, _index: int) -> None:
        folder = self.runs[side].value
        if folder and folder != run_watch.folder_of(self.context, side):
            run_watch.set_side(self.context, side, folder, None)

    def _choose_step(self, side: int, index: int) -> None:
        folder = run_watch.folder_of(self.context, side)
        rows = self.context.run_watch.history(folder).validations if folder else []
        if index < len(rows):
            step = None if index == len(rows) - 1 and side == A else rows[index].step
            run_watch.set_side(self.context, side, folder, step)

    def _show_range(self, start: float, end: float) -> None:
        length = self.plot.length_s
        span = min(max(end - start, 0.02), length)
        start = min(max(start, 0.0), length - span)
        self.plot.set_range(start, start + span, length)

    def press(self, event: QKeyEvent) -> bool:
        """Keys of the page; False where it has none for this one."""
        ctx = self.context
        verbs = {
            Qt.Key.Key_Space: lambda: run_watch.toggle_play(ctx),
            Qt.Key.Key_O: lambda: run_watch.hear(ctx, ORIGINAL),
            Qt.Key.Key_A: lambda: run_watch.hear(ctx, A),
            Qt.Key.Key_B: lambda: run_watch.hear(ctx, B),
            Qt.Key.Key_X: lambda: run_watch.swap(ctx),
            Qt.Key.Key_L: lambda: run_watch.set_loop(ctx, not ctx.run_watch.loop),
            Qt.Key.Key_M: lambda: run_watch.set_match(ctx, not ctx.run_watch.match),
            Qt.Key.Key_Comma: lambda: run_watch.set_clip(ctx, ctx.run_watch.clip - 1),
            Qt.Key.Key_Period: lambda: run_watch.set_clip(ctx, ctx.run_watch.clip + 1),
        }
        verb = verbs.get(Qt.Key(event.key()))
        if verb is None:
            return False
        verb()
        self.show_all()
        return True

    def figures(self) -> tuple[Figure, ...]:
        """The spectrograms, where there are any."""
        if not self.plot.lanes:
            return ()
        name = Path(self.context.runs.chosen).name
        clip = self.context.run_watch.clip + 1
        notes = (f"Run {name}, validation clip {clip}; levels in dB re full scale.",)
        return (
            Figure(
                "run_sounds",
                f"Validation clip {clip} of {name}",
                self.plot,
                partial(spectrogram_figure.arrays, self.plot),
                partial(spectrogram_figure.table, self.plot),
                notes,
            ),
        )


KEYS = (
    Qt.Key.Key_Space, Qt.Key.Key_O, Qt.Key.Key_A, Qt.Key.Key_B, Qt.Key.Key_X, Qt.Key.Key_L, Qt.Key.Key_M,
    Qt.Key.Key_Comma, Qt.Key.Key_Period,
)  # fmt: skip


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + value_text(round(value, 1))
