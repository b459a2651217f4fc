"""Spectrogram: original, decode at the chosen depth, and their difference in dB."""

from __future__ import annotations

from typing import Any

from workbench import commands
from workbench.context import Context
from workbench.panels.time_linked import HIDDEN, TimeLinkedPanel
from workbench.widgets.colormap import MAPS
from workbench.widgets.column_store import ColumnStore
from workbench.widgets.controls import Button, Choice
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot
from workbench.widgets.theme import describe

KEPT = 4  # spectrograms of this many depths keep their pyramid
_LANES = ("original", "decoded", "difference")


class SpectrogramPanel(TimeLinkedPanel):
    """Up to three lanes with one frequency axis."""

    def __init__(self, context: Context) -> None:
        self._stores: dict[int, ColumnStore] = {}
        self._asked = -1
        self.spectrograms = SpectrogramPlot()
        describe(
            self.spectrograms,
            "Spectrogram",
            "Click to seek, drag to mark a loop, wheel to zoom; the line above reads time, frequency and level.",
        )
        self.toggles = {
            "original": Button("Original", "Show the original", "Show the spectrogram of the original.", True),
            "decoded": Button("Decode", "Show the decode", "Show the spectrogram of the chosen depth.", True),
            "difference": Button("Difference", "Show the difference", "Show decode minus original in dB.", True),
        }
        self.map_choice = Choice("Colour map", "Colours of the levels.", tuple((name.title(), name) for name in MAPS))
        self.scale_choice = Choice(
            "Frequency axis", "Linear or mel frequency axis.", (("Linear", "linear"), ("Mel", "mel"))
        )
        controls = (*self.toggles.values(), self.map_choice, self.scale_choice)
        super().__init__(context, self.spectrograms, controls, "click seeks · drag loops · wheel zooms")
        for toggle in self.toggles.values():
            toggle.setChecked(True)
            toggle.toggled.connect(self.show_data)
        self.map_choice.currentIndexChanged.connect(self._look_changed)
        self.scale_choice.currentIndexChanged.connect(self._look_changed)
        context.clip.spectrogram_changed.connect(self._spectrogram_changed)
        self.clip_opened()

    def clip_opened(self) -> None:
        self._stores.clear()
        self._asked = -1
        super().clip_opened()

    def show_data(self) -> None:
        hidden = self.context.playback.blind
        original = self._store(0)
        decoded = None if hidden else self._store(self._depth)
        title = "Decode" if hidden else self.decode_title
        waiting = HIDDEN if hidden else self.decode_waiting
        every = {
            "original": SpectrogramLane(self.original_title, "original", original, waiting="reading …"),
            "decoded": SpectrogramLane(title, "decoded", decoded, waiting=waiting),
            "difference": SpectrogramLane("Decode − original", "difference", decoded, original, waiting),
        }
        chosen = [every[key] for key in _LANES if self.toggles[key].isChecked()]
        self.spectrograms.set_lanes(chosen or [every["original"]])

    def refresh(self) -> None:
        super().refresh()
        changed = [self._stores[depth].advance() for depth in (0, self._depth) if depth in self._stores]
        if any(changed):
            self.spectrograms.invalidate()
        playback, clip = self.context.playback, self.context.clip
        needed = clip.is_open and self._depth > 0 and not playback.blind
        if needed and self._asked != self._depth and self._depth in clip.data.renders:
            self._asked = self._depth  # once for each choice: made on demand, and only for a panel that is seen
            if self._depth not in clip.data.spectrograms:
                commands.want_depth(self.context, self._depth)

    def _store(self, depth: int) -> ColumnStore | None:
        data = self.context.clip.data.spectrograms.get(depth)
        if data is None or not data.columns_done:
            return None
        store = self._stores.pop(depth, None)
        if store is None or not _same_memory(store.values, data.values):
            store = ColumnStore(data.values, data.hop_samples, data.rate_hz, data.floor_db, data.top_db)
        self._stores[depth] = store
        while len(self._stores) > KEPT:
            del self._stores[next(key for key in self._stores if key not in (0, depth))]
        store.advance(data.columns_done)
        return store

    def _spectrogram_changed(self, depth: int) -> None:
        if depth in (0, self._depth):
            self.show_data()

    def _look_changed(self) -> None:
        self.spectrograms.set_look(self.map_choice.value or MAPS[0], self.scale_choice.value == "mel")

    def view_state(self) -> dict[str, Any]:
        shown = [key for key in _LANES if self.toggles[key].isChecked()]
        return {"lanes": shown, "map": self.map_choice.value, "frequency": self.scale_choice.value}

    def set_view_state(self, state: dict[str, Any]) -> None:
        lanes = state.get("lanes")
        if isinstance(lanes, list) and any(key in _LANES for key in lanes):
            for key, toggle in self.toggles.items():
                toggle.setChecked(key in lanes)
        for choice, key in ((self.map_choice, "map"), (self.scale_choice, "frequency")):
            if isinstance(state.get(key), str):
                choice.set_value(state[key])
        self._look_changed()


def _same_memory(first: Any, second: Any) -> bool:
    return first.shape == second.shape and first.__array_interface__["data"] == second.__array_interface__["data"]
