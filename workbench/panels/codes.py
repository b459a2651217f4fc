"""Codes: the token of every book and frame, aligned with the time axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.context import Context
from workbench.panels.time_linked import TimeLinkedPanel
from workbench.widgets.code_raster import CodeRaster, CodeRow
from workbench.widgets.controls import Choice
from workbench.widgets.theme import describe


class CodesPanel(TimeLinkedPanel):
    """One row per book at its own frame rate; books that are not heard are dimmed."""

    def __init__(self, context: Context) -> None:
        self.raster = CodeRaster()
        describe(
            self.raster,
            "Codes",
            "One row per codebook, one cell per frame; zoom in to read the indices, click to seek.",
        )
        self.colour_choice = Choice(
            "Colour of codes",
            "One distinct colour per index, or colours along the index.",
            (("Distinct colours", "distinct"), ("By index", "index")),
        )
        super().__init__(context, self.raster, (self.colour_choice,), "point at a cell: book, frame, time, index")
        self.colour_choice.currentIndexChanged.connect(self._colours_changed)
        context.clip.codes_changed.connect(self.show_data)
        self.clip_opened()

    def show_data(self) -> None:
        blind = self.context.playback.blind
        self.raster.set_rows(tuple(self._rows()))
        codec = self.context.codec
        self.raster.set_heard(None if blind else codec.books_of(self.context.playback.depth))
        clip, info = self.context.clip, codec.info
        self.raster.waiting = f"{clip.stage} …" if clip.stage else "no codes yet"
        no_codes = info is not None and not info.books
        self.colour_choice.setEnabled(not no_codes)
        if info is not None and no_codes:
            instead = "continuous latents; the panel Latents shows them" if info.latent_dim else "packets of bytes"
            self.raster.waiting = f"{info.name} has no codes: it sends {instead}"

    def _rows(self) -> Iterator[CodeRow]:
        """Books in book order; each takes the next row of the group with its frame rate."""
        data, info = self.context.clip.data, self.context.codec.info
        if info is None or len(info.books) != sum(len(group) for group in data.codes):
            return  # the codes of the codec before
        taken = [0] * len(data.codes)
        for number, book in enumerate(info.books, 1):
            fits = [g for g, group in enumerate(data.codes) if taken[g] < len(group)]
            group = min(fits, key=lambda g: abs(data.code_rates_hz[g] - book.frame_rate_hz))
            codes = data.codes[group][taken[group]]
            taken[group] += 1
            if len(codes):
                yield CodeRow(number, codes, data.code_rates_hz[group], book.size, book.role)

    def _colours_changed(self) -> None:
        self.raster.set_by_index(self.colour_choice.value == "index")

    def view_state(self) -> dict[str, Any]:
        return {"colours": self.colour_choice.value}

    def set_view_state(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("colours"), str):
            self.colour_choice.set_value(state["colours"])
            self._colours_changed()
