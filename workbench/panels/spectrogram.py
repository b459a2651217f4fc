"""Spectrogram: any two takes and their difference in dB, with pitch and formants."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent

from workbench import commands
from workbench.context import Context
from workbench.panels.time_linked import HIDDEN, TimeLinkedPanel, title_of_number
from workbench.state.derived_takes import key_of, number_of
from workbench.verbs import spectrogram as verbs
from workbench.widgets import spectrogram_figure
from workbench.widgets.column_store import ColumnStore
from workbench.widgets.controls import Button, Choice
from workbench.widgets.figure import Figure
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot
from workbench.widgets.spectrogram_tools import SpectrogramTools
from workbench.widgets.theme import describe

KEPT = 4  # spectrograms of this many takes keep their pyramid
_LANES = ("first", "second", "difference")
_RELATIVE = (("missing", "What it misses"), ("added", "What its last book added"), ("alone", "Its last book alone"))


class SpectrogramPanel(TimeLinkedPanel):
    """Up to three lanes with one frequency axis: a take A, a take B, and B − A."""

    def __init__(self, context: Context) -> None:
        self._stores: dict[int, ColumnStore] = {}
        self._asked: set[int] = set()
        self._wished = ["0", "heard"]  # A and B as a person chose them; kept while a codec does not have them
        self.spectrograms = SpectrogramPlot()
        describe(
            self.spectrograms,
            "Spectrogram",
            "Click to seek, drag to mark a loop, wheel to zoom; Shift and ↑ ↓ read the levels along the frequencies.",
        )
        self.toggles = {
            "first": Button("A", "Show A", "Show the spectrogram of A.", True),
            "second": Button("B", "Show B", "Show the spectrogram of B.", True),
            "difference": Button(
                "B − A", "Show the difference", "Show the level of B less that of A in dB, after the delay.", True
            ),
        }
        self.first_choice = Choice("A", "What A is: any version of the clip.")
        self.second_choice = Choice("B", "What B is: any version of the clip, or whatever is heard.")
        for choice in (self.first_choice, self.second_choice):
            choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(8)
        self.pitch = Button("Pitch", "Show the pitch", "Draw the pitch as a line on an axis of its own (Praat).", True)
        self.formants = Button(
            "Formants", "Show the formants", "Draw the first four resonances of the voice as dots (Praat).", True
        )
        self.more = Button("Settings", "Spectrogram settings", "Colours, axis, range, FFT size and window.", True)
        self.tools = SpectrogramTools()
        self.tools.hide()
        controls = (
            self.toggles["first"],
            self.first_choice,
            self.toggles["second"],
            self.second_choice,
            self.toggles["difference"],
            self.pitch,
            self.formants,
            self.more,
        )
        self._buttons = (*self.toggles.values(), self.pitch, self.formants, self.more)
        super().__init__(context, self.spectrograms, controls, "click seeks · drag loops · wheel zooms", self.tools)
        for toggle in self.toggles.values():
            toggle.setChecked(True)
            toggle.toggled.connect(self.show_data)
        for choice in (self.first_choice, self.second_choice):
            choice.currentIndexChanged.connect(self._chosen)
        for button in (self.pitch, self.formants):
            button.toggled.connect(self._overlays_changed)
        self.more.toggled.connect(self.tools.setVisible)
        self.tools.look_changed.connect(self._look_changed)
        self.tools.settings_changed.connect(self._settings_chosen)
        context.clip.spectrogram_changed.connect(self._spectrogram_changed)
        context.clip.render_removed.connect(self._take_went)
        context.spectrogram.changed.connect(self._settings_changed)
        context.voice.changed.connect(self._spectrogram_changed)
        context.columns.changed.connect(self._fill_choices)
        self._fit_buttons()
        self._fill_choices()
        self.clip_opened()

    def _fit_buttons(self) -> None:
        """As wide as their words: styles make the shortest ones wide, and the row must fit a narrow dock."""
        for button in self._buttons:
            button.setFixedWidth(button.fontMetrics().horizontalAdvance(button.text()) + 22)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_buttons"):
            self._fit_buttons()
        super().changeEvent(event)

    # -- what there is to choose ----------------------------------------------------------------------------------
    def _fill_choices(self) -> None:
        codec = self.context.codec
        entries = [("Original", "0"), ("What is heard", "heard")]
        if codec.info is not None and not codec.why_no_depth:
            entries += [(text, kind) for kind, text in _RELATIVE if not self._why_not(kind)]
        elif codec.info is not None:
            entries.append(("What it misses", "missing"))
        if codec.info is not None:
            entries.append(("Edited", "edited"))
        entries += [(take.label, str(take.number)) for take in codec.takes[1:]]
        for number, column in self.context.columns.columns.items():
            entries.append((f"{column.title} ({number})", f"column {number}"))
        known = {value for _, value in entries}
        wishes = zip((self.first_choice, self.second_choice), self._wished, ("0", "heard"), strict=True)
        for choice, wished, otherwise in wishes:
            choice.set_entries(tuple(entries), wished if wished in known else otherwise)

    def _chosen(self) -> None:
        self._wished = [self.first_choice.value, self.second_choice.value]
        self.show_data()

    def _why_not(self, kind: str) -> str:
        return commands.why_no_take(self.context, number_of(kind, 1))  # type: ignore[arg-type]

    def number_of_choice(self, value: str) -> int:
        """The number of a take that an entry means now."""
        heard = key_of(self._depth)
        if value == "heard" or not value:
            return self._depth
        if value.isdecimal():
            return int(value)
        if value.startswith("column "):
            column = int(value.split()[1])
            found = self.context.columns.columns.get(column)
            last = len(found.takes) - 1 if found is not None else 1
            return number_of("take", max(1, min(max(heard.of, 1), last)), column)
        return number_of(value, max(heard.of, 1))  # type: ignore[arg-type]

    @property
    def numbers(self) -> tuple[int, int]:
        """A and B."""
        return self.number_of_choice(self.first_choice.value or "0"), self.number_of_choice(self.second_choice.value)

    # -- the state changed ----------------------------------------------------------------------------------------
    def clip_opened(self) -> None:
        self._stores.clear()
        self._asked.clear()
        super().clip_opened()
        self._show_settings()

    def playback_changed(self) -> None:
        if hasattr(self, "tools") and self.second_choice.count():
            self._fill_choices()
        super().playback_changed()

    def show_data(self) -> None:
        hidden = self.context.playback.blind
        first, second = (0, self._depth) if hidden else self.numbers
        a = self._lane(first, "original")
        b = SpectrogramLane("Decode", "decoded", None, waiting=HIDDEN) if hidden else self._lane(second, "decoded")
        name = "original" if first == 0 else a.name
        title = "Decode − original" if hidden else f"{b.name} − {name}"
        every = {
            "first": a,
            "second": b,
            "difference": SpectrogramLane(title, "difference", b.store, a.store, b.waiting or a.waiting),
        }
        chosen = [every[key] for key in _LANES if self.toggles[key].isChecked()]
        self.spectrograms.set_lanes(chosen or [every["first"]])

    def _lane(self, number: int, series: str) -> SpectrogramLane:
        voice = self.context.voice.voices.get(number)
        waiting = "reading …" if number == 0 else commands.why_no_take(self.context, number) or self.decode_waiting
        title = title_of_number(self.context, number)
        return SpectrogramLane(title, series, self._store(number), None, waiting, voice)

    def refresh(self) -> None:
        super().refresh()
        shown = (0,) if self.context.playback.blind else self.numbers
        changed = [self._stores[number].advance() for number in shown if number in self._stores]
        if any(changed):
            self.spectrograms.invalidate()
        if not self.context.playback.blind and self.context.clip.is_open:
            self._want(shown)

    def _want(self, shown: tuple[int, ...]) -> None:
        """What is made on demand, only for a panel that is seen, and once."""
        clip = self.context.clip
        wanted = (
            {shown[0]}
            if not (self.toggles["second"].isChecked() or self.toggles["difference"].isChecked())
            else set(shown)
        )
        for number in sorted(wanted):
            there = number in clip.data.renders or (clip.complete and not commands.why_no_take(self.context, number))
            if there and number not in self._asked and number not in clip.data.spectrograms:
                self._asked.add(number)
                commands.want_depth(self.context, number)
            if there and (self.pitch.isChecked() or self.formants.isChecked()):
                verbs.want_voice(self.context, number)

    def _store(self, number: int) -> ColumnStore | None:
        data = self.context.clip.data.spectrograms.get(number)
        if data is None or not (data.columns_done or data.pyramid is not None):
            return None
        store = self._stores.pop(number, None)
        if store is None or not _same_memory(store.values, data.values):
            store = ColumnStore(data.values, data.hop_samples, data.rate_hz, data.floor_db, data.top_db, data.pyramid)
        self._stores[number] = store
        shown = (0, *self.numbers)
        while len(self._stores) > KEPT and any(key not in shown for key in self._stores):
            del self._stores[next(key for key in self._stores if key not in shown)]
        store.advance(data.columns_done)
        return store

    def _spectrogram_changed(self, number: int) -> None:
        if number in (0, self._depth, *self.numbers):
            self.show_data()

    def _take_went(self, number: int) -> None:
        self._stores.pop(number, None)
        self._asked.discard(number)
        self.context.voice.forget(number)
        self._spectrogram_changed(number)

    # -- settings -------------------------------------------------------------------------------------------------
    def _look_changed(self) -> None:
        self.spectrograms.set_look(*self.tools.look)

    def _overlays_changed(self) -> None:
        self.spectrograms.set_overlays(self.pitch.isChecked(), self.formants.isChecked())
        self.context.voice.failed.clear()  # whoever presses it again wants to know why

    def _settings_chosen(self) -> None:
        verbs.set_spectrogram(self.context, self.tools.settings)

    def _settings_changed(self) -> None:
        self._stores.clear()
        self._asked.clear()
        self._show_settings()
        self.show_data()

    def _show_settings(self) -> None:
        self.tools.show_settings(self.context.spectrogram.settings, self.context.clip.data.rate_hz)

    # -- taking out, remembering ------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        context, plot = self.context, self.spectrograms
        if not context.clip.is_open or context.playback.blind or not any(lane.ready for lane in plot.lanes):
            return ()
        renders = [context.clip.data.renders[number] for number in self.numbers if number in context.clip.data.renders]
        aligned = [
            f"{title_of_number(context, render.depth)}: delay of {render.delay_samples} samples removed,"
            f" level changed by {render.gain_db:+.1f} dB."
            for render in renders
            if render.depth
        ]
        info = context.codec.info
        notes = (
            f"{info.name}." if info else "",
            f"{self.tools.note.text()}, {self.tools.window_choice.currentText()}.",
        )
        title = "Spectrogram: " + ", ".join(lane.name for lane in plot.lanes)
        return (
            Figure(
                "spectrogram",
                title,
                plot,
                lambda: spectrogram_figure.arrays(plot),
                lambda: spectrogram_figure.table(plot),
                (*filter(None, notes), *aligned),
            ),
        )

    def view_state(self) -> dict[str, Any]:
        shown = [key for key in _LANES if self.toggles[key].isChecked()]
        return {
            "lanes": shown,
            "a": self._wished[0],
            "b": self._wished[1],
            "pitch": self.pitch.isChecked(),
            "formants": self.formants.isChecked(),
            "settings": self.more.isChecked(),
            **self.tools.state(),
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        lanes = state.get("lanes")
        if isinstance(lanes, list) and any(key in _LANES for key in lanes):
            for key, toggle in self.toggles.items():
                toggle.setChecked(key in lanes)
        for index, key in enumerate(("a", "b")):
            if isinstance(state.get(key), str):
                self._wished[index] = state[key]
        self._fill_choices()
        for button, key in ((self.pitch, "pitch"), (self.formants, "formants"), (self.more, "settings")):
            if isinstance(state.get(key), bool):
                button.setChecked(state[key])
        self.tools.set_state(state)
        self._look_changed()
        self._settings_chosen()
        self.show_data()


def _same_memory(first: Any, second: Any) -> bool:
    return first.shape == second.shape and first.__array_interface__["data"] == second.__array_interface__["data"]
