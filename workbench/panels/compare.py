"""Compare: every version of the clip of every codec at the same sample, sighted or blind, with notes and numbers."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from workbench import commands
from workbench.context import Context
from workbench.engine.protocol import DEFAULT_DEVICE, VIRTUAL_DEVICE
from workbench.panels import compare_figures
from workbench.panels.add_codec import AddCodec
from workbench.panels.base import Panel
from workbench.panels.compare_view import METRICS, mark_rows, matrix_columns, rate_points, signed
from workbench.state.derived_takes import key_of
from workbench.state.playback import label_of
from workbench.verbs import columns as column_verbs
from workbench.verbs import compare, marks
from workbench.widgets.choice_grid import ChoiceButton, ChoiceGrid, ChoiceItem
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.figure import Figure
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.mark_list import MarkList
from workbench.widgets.rate_distortion import RateDistortion
from workbench.widgets.read_out import ReadOut
from workbench.widgets.take_matrix import TakeMatrix
from workbench.widgets.theme import describe
from workbench.widgets.transport import Transport

OPEN_HINT = "Open a sound file: Ctrl+O or drop it here"
MEASURE_AFTER_MS = 250  # renders that come one after the other are measured together


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
        self.plot = RateDistortion()
        self.measure = Choice(
            "Measure", "What stands on the upright axis.", tuple((row.name, key) for key, row in METRICS.items())
        )
        self.marks = MarkList()
        self.mark = Button("Mark", "Set a mark", "Set a mark at the cursor (K); N writes a note there.")
        self.mark_loop = Button("Mark the loop", "Mark the loop", "Set a mark over the loop region (Shift+K).")
        self.delete = Button("Delete", "Delete mark", "Take away the mark chosen in the list (Delete).")
        self.output = Choice("Loudspeaker", "Where the sound comes out.")
        self.look = Button("", "Look for sound devices", "List the sound devices again.", icon_name="refresh")
        self.volume = Slider("Volume", "Loudness of the player in dB.", -60, 12)
        self.volume.setPageStep(6)
        self.volume_text = QLabel()
        self.tabs = QTabWidget()
        self._measure_soon = QTimer(self)
        self._measure_soon.setSingleShot(True)
        self._measure_soon.setInterval(MEASURE_AFTER_MS)
        self._measure_soon.timeout.connect(self._measure)
        self._lay_out()
        self._listen()
        self._show_devices()
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
        self.tabs.addTab(_page(None, self.plot), "Rate–distortion")
        self.measure.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.measure.setMinimumContentsLength(5)  # so that the names of the pages have room in a narrow dock
        self.tabs.setCornerWidget(self.measure)
        self.tabs.addTab(_page(_row(self.mark, self.mark_loop, self.delete), self.marks), "Marks")
        self.volume_text.setMinimumWidth(self.fontMetrics().horizontalAdvance("−60 dB "))
        sound = QWidget()
        place = QVBoxLayout(sound)
        place.addLayout(labelled_grid((("Output", self.output, self.look), ("Volume", self.volume, self.volume_text))))
        place.addStretch(1)
        self.tabs.addTab(sound, "Sound")
        for tabs in (self.tabs, self.tabs.tabBar()):
            describe(tabs, "Pages", "What is shown below the versions: numbers, marks, or the sound output.")
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        everything = QWidget()
        self.area = QScrollArea()  # a panel of many parts must not make the window too high for a small screen
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
        in_tab_order(self.remove, self.tabs.tabBar(), self.measure, self.plot)
        in_tab_order(self.mark, self.mark_loop, self.delete, self.marks)
        in_tab_order(self.output, self.look, self.volume)

    def _listen(self) -> None:
        context = self.context
        self.transport.play_pressed.connect(self._play)
        self.transport.loop_pressed.connect(self._loop)
        self.transport.seek_requested.connect(self._seek)
        self.original.clicked.connect(self._hear_original)
        self.matrix.chosen.connect(self._hear)
        self.matrix.head_pressed.connect(self._hear_column)
        self.plot.chosen.connect(self._hear)
        self.grid.chosen.connect(self._choose_label)
        self.blind.clicked.connect(self._toggle_blind)
        self.reveal.clicked.connect(self._reveal)
        self.remove.clicked.connect(self._remove)
        self.measure.activated.connect(self._show_plot)
        self.mark.clicked.connect(self._set_mark)
        self.mark_loop.clicked.connect(self._mark_loop)
        self.delete.clicked.connect(self._delete_chosen)
        self.marks.jumped.connect(self._jump)
        self.marks.named.connect(self._name_mark)
        self.marks.deleted.connect(self._delete_mark)
        self.output.activated.connect(self._choose_output)
        self.look.clicked.connect(self._look)
        self.volume.valueChanged.connect(self._set_volume)
        self.tabs.currentChanged.connect(self._page_turned)
        context.clip.opened.connect(self._clip_opened)
        context.clip.render_added.connect(self._render_came)
        context.clip.progress_changed.connect(self._show_message)
        context.codec.changed.connect(self._show)
        context.columns.changed.connect(self._show)
        context.columns.metrics_changed.connect(self._show_plot)
        context.marks.changed.connect(self._show_marks)
        context.playback.changed.connect(self._show)
        context.playback.devices_changed.connect(self._show_devices)
        context.playback.moved.connect(self.transport.set_position)

    # -- the state changed --------------------------------------------------------------------------------------
    @property
    def settled(self) -> bool:
        """Everything that it would measure by now is measured."""
        return not self._measure_soon.isActive() and not self.context.columns.measuring

    def refresh(self) -> None:
        self.transport.set_position(self.context.playback.position)

    def _clip_opened(self) -> None:
        data = self.context.clip.data
        self.transport.set_clip(data.length_samples, data.rate_hz)
        self.transport.set_position(self.context.playback.position)
        self._show_marks()
        self._show()

    def _render_came(self, _number: int) -> None:
        self._show()
        self._measure_later()

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
        if self.output.value != playback.device and playback.device:
            self._show_devices()
        if not self.volume.isSliderDown():
            self.volume.blockSignals(True)
            self.volume.setValue(round(playback.volume_db))
            self.volume.blockSignals(False)
        self.volume_text.setText(f"{playback.volume_db:.0f} dB".replace("-", "−"))
        self._show_message()
        self._show_plot()

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

    def _show_plot(self) -> None:
        if self.context.playback.blind:
            self.plot.set_points((), (), METRICS[self.measure.value], "hidden while listening is blind")
            self.plot.set_heard(None)
            return
        columns = matrix_columns(self.context)
        points = rate_points(self.context, columns, self.measure.value)
        waiting = "Measuring …" if self.context.clip.is_open else OPEN_HINT
        self.plot.set_points(points, [column.title for column in columns], METRICS[self.measure.value], waiting)
        self.plot.set_heard(self.context.playback.depth)

    def _show_marks(self) -> None:
        here = marks.mark_under_cursor(self.context)
        self.marks.set_rows(mark_rows(self.context), here.id if here is not None else None)
        self.reveal.setEnabled(self.context.playback.blind or self.context.marks.has_hidden)
        self.delete.setEnabled(bool(self.context.marks.marks))
        count = len(self.context.marks.marks)
        self.tabs.setTabText(1, f"Marks ({count})" if count else "Marks")

    def _show_message(self) -> None:
        self.message.say(self._message())

    def _message(self) -> str:
        clip, playback, codec = self.context.clip, self.context.playback, self.context.codec
        number = playback.depth
        if not clip.is_open:
            return f"{clip.stage} …" if clip.stage else OPEN_HINT
        if codec.info is None:
            return "Open a codec to compare depths"
        if playback.blind:
            return "Which is which? Press Reveal to see"
        if number == 0:
            return " · ".join(part for part in ("Original", codec.why_no_depth) if part)
        render = clip.data.renders.get(number)
        words = compare.words_of if self.context.columns.columns else compare.take_words
        name = words(self.context, number)
        if render is None:
            done = f": {clip.stage} {clip.fraction:.0%}" if clip.stage else ""
            return f"{name} is not made yet{done}"
        parts = [name]
        if key_of(number).kind in ("take", "edited", "alone"):
            parts.append(f"gain {signed(render.gain_db)} dB")
        if math.isfinite(render.si_sdr_db):
            parts.append(f"SI-SDR {signed(render.si_sdr_db)} dB")
        if render.delay_samples:
            parts.append(f"delay {render.delay_samples} samples removed".replace("-", "−"))
        return " · ".join(parts)

    def _show_devices(self) -> None:
        entries = [("Default", DEFAULT_DEVICE)]
        for device in self.context.live.outputs:
            if device.name not in (DEFAULT_DEVICE, VIRTUAL_DEVICE):
                entries.append((f"{device.name} ({device.host})" if device.host else device.name, device.name))
        entries.append(("Virtual: no sound", VIRTUAL_DEVICE))
        chosen = self.context.playback.device or DEFAULT_DEVICE
        if chosen not in {value for _, value in entries}:
            entries.append((f"{chosen} (not there)", chosen))
        self.output.set_entries(tuple(entries), chosen)

    def _page_turned(self, page: int) -> None:
        self.measure.setVisible(page == 0)
        self._measure_later()

    def _measure_later(self) -> None:
        self._measure_soon.start()

    def _measure(self) -> None:
        """Numbers cost computing, so they are made while somebody can see them."""
        if self.tabs.currentIndex() == 0 and self.isVisible():
            column_verbs.measure(self.context)

    def view_state(self) -> dict[str, object]:
        return {"page": self.tabs.currentIndex(), "metric": self.measure.value}

    def set_view_state(self, state: dict[str, object]) -> None:
        page, metric = state.get("page"), state.get("metric")
        if isinstance(page, int) and 0 <= page < self.tabs.count():
            self.tabs.setCurrentIndex(page)
        if isinstance(metric, str):
            self.measure.set_value(metric)
            self._show_plot()

    def figures(self) -> tuple[Figure, ...]:
        if not self.context.clip.is_open or self.context.codec.info is None or self.context.playback.blind:
            return ()
        found = [compare_figures.versions(self.context, self.matrix)]
        if self.plot.points:
            found.append(compare_figures.rate_distortion(self.context, self.plot))
        if self.context.marks.marks:
            found.append(compare_figures.marks(self.context, self.marks))
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

    def _set_mark(self) -> None:
        marks.add_mark(self.context)

    def _mark_loop(self) -> None:
        marks.add_region_mark(self.context)

    def _delete_chosen(self) -> None:
        if self.marks.chosen_id is not None:
            marks.delete_mark(self.context, self.marks.chosen_id)

    def _delete_mark(self, mark_id: int) -> None:
        marks.delete_mark(self.context, mark_id)

    def _name_mark(self, mark_id: int, name: str) -> None:
        marks.name_mark(self.context, mark_id, name)

    def _jump(self, mark_id: int) -> None:
        marks.jump_to_mark(self.context, mark_id)

    def _choose_output(self) -> None:
        commands.set_output(self.context, self.output.value)

    def _look(self) -> None:
        commands.refresh_devices(self.context)

    def _set_volume(self, gain_db: int) -> None:
        commands.set_volume(self.context, float(gain_db))


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        line.addWidget(widget, 1)
    return row


def _page(head: QWidget | None, body: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(4, 4, 4, 4)
    column.setSpacing(3)
    if head is not None:
        column.addWidget(head)
    column.addWidget(body, 1)
    return page
