"""Compare: every version of the clip of every codec at the same sample, sighted or blind, with notes and numbers."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from workbench import commands
from workbench.context import Context
from workbench.panels import compare_figures
from workbench.panels.add_codec import AddCodec
from workbench.panels.base import Panel
from workbench.panels.compare_marks import MarksPage
from workbench.panels.compare_numbers import NumbersPage
from workbench.panels.compare_sound import SoundPage
from workbench.panels.compare_view import matrix_columns, words_now
from workbench.state.derived_takes import key_of
from workbench.state.playback import label_of
from workbench.verbs import columns as column_verbs
from workbench.widgets.choice_grid import ChoiceButton, ChoiceGrid, ChoiceItem
from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.figure import Figure
from workbench.widgets.read_out import ReadOut
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.take_matrix import TakeMatrix
from workbench.widgets.theme import describe
from workbench.widgets.transport import Transport


class ComparePanel(Panel):
    """Transport, the matrix of codecs and depths (or blind labels), rate and distortion, marks, and where it sounds."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.transport = Transport()
        self.message = ReadOut(lines=2)
        self.original = ChoiceButton(ChoiceItem("Original"))
        self.matrix = TakeMatrix()
        self.grid = ChoiceGrid("Labels to hear")
        self.versions = QStackedWidget()
        self.blind = Button(
            "Blind", "Blind", "Hide which codec and depth is heard behind the labels A, B, C … (B).", True
        )
        self.reveal = Button("Reveal", "Reveal", "End blind listening and show what each label was (R).")
        self.add = AddCodec(context)
        self.remove = Button("Remove", "Remove codec", "Take away the further codec that is heard now.")
        self.numbers, self.marks, self.sound = NumbersPage(context), MarksPage(context), SoundPage(context)
        self.tabs = QTabWidget()
        self._lay_out()
        self._listen()
        self._clip_opened()

    def _lay_out(self) -> None:
        sighted = QWidget()
        inside = QVBoxLayout(sighted)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        inside.addWidget(self.original)
        inside.addWidget(self.matrix, 1)
        self.versions.addWidget(sighted)
        self.versions.addWidget(self.grid)
        hearing = QHBoxLayout()
        for widget in (self.blind, self.reveal, self.add, self.remove):
            hearing.addWidget(widget, 1)
        self.tabs.addTab(self.numbers, "Rate–distortion")
        self.tabs.setCornerWidget(self.numbers.choice)
        self.tabs.addTab(self.marks, "Marks")
        self.tabs.addTab(self.sound, "Sound")
        for tabs in (self.tabs, self.tabs.tabBar()):
            describe(tabs, "Pages", "What is shown below the versions: numbers, marks, or the sound output.")
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        everything = QWidget()
        self.area = QScrollArea()  # a panel of many parts must not make the window too high for a small screen
        flat_scroll_bars(self.area)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(everything)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self.area)
        column = QVBoxLayout(everything)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(4)
        column.addWidget(self.transport)
        column.addWidget(self.message)
        column.addWidget(self.versions, 1)
        column.addLayout(hearing)
        column.addWidget(self.tabs, 1)
        in_tab_order(
            self.transport.position, self.original, self.matrix, self.blind, self.reveal, self.add, self.remove
        )
        in_tab_order(self.remove, self.tabs.tabBar(), self.numbers.choice, self.numbers.plot)

    def _listen(self) -> None:
        context = self.context
        self.transport.play_pressed.connect(self._play)
        self.transport.loop_pressed.connect(self._loop)
        self.transport.seek_requested.connect(self._seek)
        self.original.clicked.connect(self._hear_original)
        self.matrix.chosen.connect(self._hear)
        self.matrix.head_pressed.connect(self._hear_column)
        self.numbers.plot.chosen.connect(self._hear)
        self.grid.chosen.connect(self._choose_label)
        self.blind.clicked.connect(self._toggle_blind)
        self.reveal.clicked.connect(self._reveal)
        self.remove.clicked.connect(self._remove)
        self.tabs.currentChanged.connect(lambda page: self.numbers.choice.setVisible(page == 0))
        self.marks.counted.connect(self._marks_counted)
        context.clip.opened.connect(self._clip_opened)
        context.clip.render_added.connect(self._render_came)
        context.clip.progress_changed.connect(self._show_message)
        context.codec.changed.connect(self._show)
        context.columns.changed.connect(self._show)
        context.playback.changed.connect(self._show)
        context.playback.moved.connect(self.transport.set_position)

    # -- the state changed --------------------------------------------------------------------------------------
    @property
    def settled(self) -> bool:
        """Everything that it would measure by now is measured."""
        return self.numbers.settled

    def refresh(self) -> None:
        self.transport.set_position(self.context.playback.position)

    def _clip_opened(self) -> None:
        data = self.context.clip.data
        self.transport.set_clip(data.length_samples, data.rate_hz)
        self.transport.set_position(self.context.playback.position)
        self.marks.show_marks()
        self._show()

    def _render_came(self, _number: int) -> None:
        self._show()
        self.numbers.measure_later()

    def _show(self) -> None:
        playback, ready = self.context.playback, self.context.clip.is_open
        self.transport.set_playing(playback.playing, playback.looping)
        self.blind.setChecked(playback.blind)
        self.blind.setEnabled(ready)
        self.reveal.setEnabled(playback.blind or self.context.marks.has_hidden)
        self.add.setEnabled(self.context.codec.info is not None and not playback.blind)
        self.remove.setEnabled(key_of(playback.depth).column > 0 and not playback.blind)
        self.versions.setCurrentIndex(1 if playback.blind else 0)
        if playback.blind:
            items = [ChoiceItem(label_of(i), name=f"label {label_of(i)}") for i in range(len(playback.blind_order))]
            depth = playback.depth
            self.grid.set_items(items, playback.blind_order.index(depth) if depth in playback.blind_order else None)
        else:
            self._show_versions()
        self.sound.show_playback()
        self._show_message()
        self.numbers.show_plot()

    def _show_versions(self) -> None:
        playback, clip = self.context.playback, self.context.clip
        was: tuple[str, ...] = ()
        if 0 in playback.revealed_order:
            was = (f"was {label_of(playback.revealed_order.index(0))}",)
        picked = ("picked",) if 0 in playback.picked else ()
        self.original.set_item(ChoiceItem("Original", (*was, *picked), clip.is_open, True, "the original"))
        self.original.setChecked(playback.depth == 0 and clip.is_open)
        self.original.setMinimumHeight(self.original.sizeHint().height())
        self.original.setVisible(self.context.codec.info is not None)
        self.matrix.set_columns(matrix_columns(self.context), playback.depth)

    def _marks_counted(self, count: int) -> None:
        self.tabs.setTabText(self.tabs.indexOf(self.marks), f"Marks ({count})" if count else "Marks")
        self.reveal.setEnabled(self.context.playback.blind or self.context.marks.has_hidden)

    def _show_message(self) -> None:
        self.message.say(words_now(self.context))

    def view_state(self) -> dict[str, object]:
        return {"page": self.tabs.currentIndex(), "metric": self.numbers.choice.value}

    def set_view_state(self, state: dict[str, object]) -> None:
        page, metric = state.get("page"), state.get("metric")
        if isinstance(page, int) and 0 <= page < self.tabs.count():
            self.tabs.setCurrentIndex(page)
        if isinstance(metric, str):
            self.numbers.choice.set_value(metric)
            self.numbers.show_plot()

    def figures(self) -> tuple[Figure, ...]:
        if not self.context.clip.is_open or self.context.codec.info is None or self.context.playback.blind:
            return ()
        found = [compare_figures.versions(self.context, self.matrix)]
        if self.numbers.plot.points:
            found.append(compare_figures.rate_distortion(self.context, self.numbers.plot))
        if self.context.marks.marks:
            found.append(compare_figures.marks(self.context, self.marks.list))
        return tuple(found)

    # -- the person ---------------------------------------------------------------------------------------------
    def _play(self) -> None:
        commands.toggle_play(self.context)

    def _loop(self) -> None:
        commands.toggle_loop(self.context)

    def _seek(self, sample: int) -> None:
        commands.seek(self.context, sample)

    def _hear_original(self) -> None:
        self.original.setChecked(self.context.playback.depth == 0)  # the state decides, not the click
        commands.select_depth(self.context, 0)

    def _hear(self, number: int) -> None:
        column = self.context.columns.columns.get(key_of(number).column)
        if column is not None and column.problem:
            column_verbs.retry_column(self.context, column.number)
        commands.select_depth(self.context, number)

    def _hear_column(self, place: int) -> None:
        cells = self.matrix.table.columns[place].cells
        row = min(max(key_of(self.context.playback.depth).of, 1), len(cells)) - 1
        self._hear(cells[row if self.context.playback.depth else len(cells) - 1].number)

    def _choose_label(self, index: int) -> None:
        commands.select_label(self.context, index)

    def _toggle_blind(self) -> None:
        commands.set_blind(self.context, not self.context.playback.blind)
        self._show()  # where nothing changed, the button must not stay down

    def _reveal(self) -> None:
        commands.reveal_blind(self.context)

    def _remove(self) -> None:
        column_verbs.remove_column(self.context, key_of(self.context.playback.depth).column)
