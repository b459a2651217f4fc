"""Codes: the token of every book and frame, aligned with the time axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import CodecInfo
from speefeare_core.statistics.measures import surprisal_bits
from workbench import dialogs
from workbench.context import Context
from workbench.panels.time_linked import TimeLinkedPanel
from workbench.verbs import listen
from workbench.verbs import token_statistics as verbs
from workbench.verbs.token_agreement import TokenAgreement
from workbench.widgets.code_raster import CodeRaster
from workbench.widgets.code_scales import agreement_scale, change_db, change_scale, surprisal_scale
from workbench.widgets.code_table import Values, code_arrays, code_table
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.figure import Figure
from workbench.widgets.theme import describe, explain

COLOURS = (
    ("Distinct colours", "distinct"),
    ("By index", "index"),
    ("By surprisal", "surprisal"),
    ("By change", "change"),
    ("By agreement", "agreement"),
)
COLOUR_TIP = (
    "Distinct: one colour per index. Index: along the index. Surprisal: rare tokens of a corpus are bright. "
    "Change: how much the entry adds. Agreement: with a second recording or codec."
)
CHOOSE = "choose"
SHOWN_ROWS = 8  # compared rows are shown so many at a time


class CodesPanel(TimeLinkedPanel):
    """One row per book at its own frame rate; books that are not heard are dimmed."""

    def __init__(self, context: Context) -> None:
        self.raster = CodeRaster()
        describe(
            self.raster,
            "Codes",
            "One row per codebook, one cell per frame. Click plays the moment (Enter), Alt+click the code alone "
            "(Alt+Enter); Shift+↑ ↓ choose a book, Ctrl+← → a frame.",
        )
        explain(self.raster, "index")
        self.colour_choice = Choice("Colour of codes", COLOUR_TIP, COLOURS)
        self.of_choice = Choice("Compared with", "What frequency or agreement is taken from.")
        self.of_choice.setMinimumContentsLength(15)
        self.alone = Button("Alone", "Hear the code alone", "Hear the code at the cursor alone (Alt+Enter).")
        controls = (self.colour_choice, self.of_choice, self.alone)
        super().__init__(context, self.raster, controls, "point at a cell: book, frame, time, index")
        in_tab_order(*controls, self.raster)
        self.agreement = TokenAgreement(context)
        self._shown_scale: object = None
        self._codes: tuple[NDArray[Any], ...] | None = None  # those that are shown, and the codec that they are of
        self._info: CodecInfo | None = None
        self.raster.tell = self._tell
        self.raster.cell_pressed.connect(self._play_moment)
        self.raster.cell_alone.connect(self._play_alone)
        self.alone.clicked.connect(self._play_chosen)
        self.colour_choice.currentIndexChanged.connect(self._colours_changed)
        self.of_choice.activated.connect(self._of_chosen)
        context.clip.codes_changed.connect(self._codes_changed)
        context.tokens.changed.connect(self._show_colours)
        context.tokens.progress_changed.connect(self._show_progress)
        context.columns.changed.connect(self._columns_changed)
        context.columns.codes_changed.connect(self._column_codes_changed)
        self.clip_opened()
        self._show_colours()

    # -- what is shown --------------------------------------------------------------------------------------------
    def show_data(self) -> None:
        blind = self.context.playback.blind
        shown = (self.context.clip.data.codes, self.context.codec.info)
        if shown[0] is not self._codes or shown[1] is not self._info:
            self._codes, self._info = shown
            self.raster.set_rows(verbs.code_rows(self.context))
            self.agreement.forget()
            self._shown_scale = None
        rows = self.raster.rows
        codec = self.context.codec
        self.raster.set_heard(None if blind else verbs.heard_books(self.context))
        clip, info = self.context.clip, codec.info
        self.raster.waiting = f"{clip.stage} …" if clip.stage else "no codes yet"
        no_codes = info is not None and not info.books
        self.colour_choice.setEnabled(not no_codes)
        self.alone.setEnabled(bool(rows))
        if info is not None and no_codes:
            instead = "continuous latents; the panel Latents shows them" if info.latent_dim else "packets of bytes"
            self.raster.waiting = f"{info.name} has no codes: it sends {instead}"
        if not rows:
            self.raster.invalidate()
        self._show_colours()

    def _show_colours(self) -> None:
        """The scale that was chosen, as far as what it needs is there."""
        self._show_of()
        mode, tokens, rows = self.colour_choice.value, self.context.tokens, self.raster.rows
        key = (mode, tokens.corpus, tokens.entries, tokens.against, self.agreement.version)
        if key == self._shown_scale:
            return
        self._shown_scale = key
        if mode in ("distinct", "index"):
            self.raster.set_by_index(mode == "index")
        elif mode == "surprisal" and tokens.corpus is not None and rows:
            self.raster.set_scale(surprisal_scale(rows, tokens.corpus.counts))
        elif mode == "change" and tokens.entries is not None and rows:
            self.raster.set_scale(change_scale(rows, tokens.entries.norms))
        elif mode == "agreement" and self.agreement.done and rows:
            self.raster.set_scale(agreement_scale(self.agreement.levels, verbs.same_books(self.context)))
        else:
            self.raster.set_by_index(True)
        self._show_progress()

    def _show_of(self) -> None:
        """The second choice: which corpus, or with what."""
        mode, tokens = self.colour_choice.value, self.context.tokens
        self.of_choice.setVisible(mode in ("surprisal", "agreement"))
        if mode == "surprisal":
            folder = tokens.corpus_folder
            named = ((Path(folder).name or folder, folder),) if folder else ()
            entries = (("Shipped sample", "sample"), *named, ("Folder…", CHOOSE))
            self.of_choice.set_entries(entries, folder or "sample")
        elif mode == "agreement":
            columns = tuple((row.title, f"{verbs.COLUMN}{n}") for n, row in self.context.columns.columns.items())
            path = "" if tokens.against.startswith(verbs.COLUMN) else tokens.against
            named = ((Path(path).name, path),) if path else ()
            entries = (("Compare with …", "nothing"), *columns, *named, ("Recording…", CHOOSE))
            self.of_choice.set_entries(entries, tokens.against or "nothing")

    def _show_progress(self) -> None:
        """At rest the read-out says what the colours are, or what they wait for."""
        tokens, mode = self.context.tokens, self.colour_choice.value
        self.read_out.resting = self._resting(mode)
        waits = {"surprisal": "corpus", "change": "entries", "agreement": "other"}.get(mode, "")
        if waits and waits in tokens.wanted.requests and tokens.wanted.stage:
            self.read_out.resting = f"{tokens.wanted.stage} … {tokens.wanted.done:.0%}"
        if not self.raster.underMouse():
            self.read_out.say("")

    def _resting(self, mode: str) -> str:
        tokens = self.context.tokens
        if mode == "surprisal" and tokens.corpus is not None:
            return f"bright: rare in {tokens.corpus.words}"
        if mode == "change":
            return tokens.no_entries or "bright: the entry adds much to the latents"
        if mode == "agreement" and not tokens.against:
            return "choose a recording or a column to compare with"
        if mode == "agreement":
            mean = "" if self.agreement.mean is None else f", {self.agreement.mean:.0%} on average"
            same = verbs.same_books(self.context)
            return ("bright: the same index" if same else "bright: foretold by the other's token") + mean
        return "point at a cell: book, frame, time, index"

    # -- the state changed ------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        super().refresh()
        ctx, mode = self.context, self.colour_choice.value
        if not self.raster.rows or not ctx.clip.complete:
            return
        verbs.want_entries(ctx)
        if mode == "surprisal":
            verbs.want_corpus(ctx)
        elif mode == "agreement" and self.agreement.tick(self.raster.rows):
            if self.agreement.done % SHOWN_ROWS == 0 or self.agreement.done == len(self.raster.rows):
                self._show_colours()
            return
        self.raster.refine()

    def _codes_changed(self) -> None:
        self.agreement.forget()
        self.show_data()

    def _columns_changed(self) -> None:
        self._show_of()

    def _column_codes_changed(self, number: int) -> None:
        if self.context.tokens.against == f"{verbs.COLUMN}{number}":
            self.agreement.forget()
            self._show_colours()

    # -- the person -------------------------------------------------------------------------------------------------
    def _colours_changed(self) -> None:
        self._show_colours()

    def _of_chosen(self) -> None:
        mode, value, ctx = self.colour_choice.value, self.of_choice.value, self.context
        if mode == "surprisal":
            folder = "" if value == "sample" else value
            if value == CHOOSE:
                folder = dialogs.ask_folder(self, "Count the tokens of all sound files in", ctx.tokens.corpus_folder)
            if value != CHOOSE or folder:
                verbs.count_corpus(ctx, folder)
        else:
            self.agreement.forget()
            if value.startswith(verbs.COLUMN):
                verbs.compare_with_column(ctx, int(value.removeprefix(verbs.COLUMN)))
            else:
                path = dialogs.ask_clip(self, ctx.clip.data.path) if value == CHOOSE else value
                if path and path != "nothing":
                    verbs.compare_with_recording(ctx, path)
        self._shown_scale = None
        self._show_colours()

    def _play_moment(self, row: int, frame: int) -> None:
        """A click also seeks; what plays already goes on from there."""
        if not self.context.playback.playing:
            shown = self.raster.rows[row]
            listen.play_moment(self.context, (frame + 0.5) / shown.frame_rate_hz)

    def _play_alone(self, row: int, frame: int) -> None:
        listen.audition_code(self.context, self.raster.rows[row].book - 1, frame)
        self.read_out.say(self.raster.describe_cell(row, frame, frame / self.raster.rows[row].frame_rate_hz))

    def _play_chosen(self) -> None:
        if self.raster.rows:
            row = self.raster.rows[self.raster.chosen_row]
            self._play_alone(self.raster.chosen_row, row.frame_at(self.raster.cursor_s))

    def _tell(self, index: int, frame: int) -> str:
        """Norm, neighbours, counts and what the colour stands for."""
        row, tokens = self.raster.rows[index], self.context.tokens
        book, code = row.book - 1, int(row.codes[frame])
        said = []
        if tokens.entries is not None and book < len(tokens.entries.norms):
            said.append(f"norm {tokens.entries.norms[book, code]:.3g}")
            if self.colour_choice.value == "change":
                said.append(f"{change_db(tokens.entries.norms, book)[code]:.1f} dB".replace("-", "−"))
            near = [str(int(entry)) for entry in tokens.entries.neighbours[book, code] if entry >= 0]
            if near:
                said.append(f"nearest {', '.join(near)}")
        counts = verbs.clip_counts(self.context, row)
        said.append(f"{int(counts[code])}× here")
        if tokens.corpus is not None and book < len(tokens.corpus.counts):
            said.append(f"{int(tokens.corpus.counts[book, code])}× in the corpus")
        value = self.agreement.at(index, frame) if self.colour_choice.value == "agreement" else None
        if value is not None:
            said.append("agreement unknown" if np.isnan(value) else f"agreement {value:.0%}")
        return " · ".join(said)

    # -- taken out, remembered ----------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        if not self.raster.rows:
            return ()
        view, scale, values = self.context.time_view, self.raster.scale, self._values()
        rows, start, end = self.raster.rows, view.start_s, view.end_s
        info = self.context.codec.info
        notes = (info.name if info is not None else "", Path(self.context.clip.data.path).name)
        colours = self.colour_choice.currentText().lower() if scale is not None else "index"
        return (
            Figure(
                "codes",
                f"Codes, {len(rows)} book{'s' * (len(rows) > 1)}, colour {colours}",
                self.raster,
                lambda: code_arrays(rows, start, end, values),
                lambda: code_table(rows, start, end, values),
                tuple(note for note in notes if note),
            ),
        )

    def _values(self) -> Values | None:
        """What colours the tokens, where that is more than their index."""
        tokens, rows, agreed = self.context.tokens, self.raster.rows, list(self.agreement.levels)
        name = self.raster.scale.name if self.raster.scale is not None else ""
        if name == "Surprisal" and tokens.corpus is not None:
            counts = tokens.corpus.counts
            bits = [surprisal_bits(counts[row.book - 1, : row.size]) for row in rows]
            return Values("surprisal_bits", lambda row, first, stop: bits[row][rows[row].codes[first:stop]])
        if name == "Change" and tokens.entries is not None:
            levels = [change_db(tokens.entries.norms, row.book - 1) for row in rows]
            return Values("change_db", lambda row, first, stop: levels[row][rows[row].codes[first:stop]])
        if name == "Agreement":

            def agreement_of(row: int, first: int, stop: int) -> NDArray[np.float64]:
                made = agreed[row] if row < len(agreed) else None
                found = np.full(stop - first, -1) if made is None else made[first:stop]
                return np.where(found < 0, np.nan, found / 255.0)

            return Values("agreement", agreement_of)
        return None

    def view_state(self) -> dict[str, Any]:
        return {"colours": self.colour_choice.value, "corpus": self.context.tokens.corpus_folder}

    def set_view_state(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("corpus"), str):
            self.context.tokens.corpus_folder = state["corpus"]
        if isinstance(state.get("colours"), str):
            self.colour_choice.set_value(state["colours"])
            self._colours_changed()
