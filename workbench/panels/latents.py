"""Latents: the clip's path through a fixed space, before and after quantisation, beside other recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from speefeare_core.projection import umap_space
from workbench import commands, dialogs
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.state.latents import LatentPath, SpaceChoice
from workbench.verbs import latents as verbs
from workbench.widgets import trajectory_figure
from workbench.widgets.controls import in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.figure import Figure
from workbench.widgets.latent_colours import CHOICES, LABELS, MEASURED, colouring_of
from workbench.widgets.latent_tools import CHOOSE, HEARD, LatentTools, set_possible
from workbench.widgets.theme import describe
from workbench.widgets.trajectory import Trajectory
from workbench.widgets.trajectory_plot import TrajectoryPlot

JOINS = "Join every point with where quantisation puts it."
HINT = (
    "Click a point to hear it, drag to move or turn, Shift and drag for a lasso, wheel to zoom, F shows all, D changes"
    " between two and three dimensions, S takes what lies near the playhead."
)


class LatentsPanel(Panel):
    """The marker follows the play cursor; a click on a point hears it; colour covers the visible stretch of time."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.trajectory = TrajectoryPlot()
        describe(self.trajectory, "Latents", HINT)
        self.tools = tools = LatentTools()
        self.quantised, self.fit, self.read_out = tools.quantised, tools.fit, tools.read_out
        self.empty = EmptyState("")
        self._shown: tuple[LatentPath, ...] = ()
        self._wanted_colour = "time"  # which may still have to be measured
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(tools)
        column.addWidget(self.trajectory, 1)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(inside)
        in_tab_order(tools.last, self.trajectory)
        self.setFocusProxy(self.trajectory)
        if not umap_space.installed():
            set_possible(tools.method, "umap", umap_space.MISSING)
        self._listen_to_controls()
        self._listen_to_states()
        self._show_data()

    def _listen_to_controls(self) -> None:
        tools, plot = self.tools, self.trajectory
        tools.space.toggled.connect(plot.set_spatial)
        plot.dimensions_changed.connect(tools.space.setChecked)
        tools.quantised.toggled.connect(plot.set_show_after)
        tools.lasso.toggled.connect(plot.set_lasso_mode)
        tools.fit.clicked.connect(plot.fit)
        tools.depth.currentIndexChanged.connect(self._depth_chosen)
        tools.colour.currentIndexChanged.connect(self._colour_chosen)
        tools.method.currentIndexChanged.connect(self._space_chosen)
        tools.corpus.currentIndexChanged.connect(self._space_chosen)
        tools.add.clicked.connect(self._add_clips)
        tools.remove.clicked.connect(self._remove_clips)
        plot.hovered.connect(self.read_out.say)
        plot.seek_requested.connect(self._seek)
        plot.point_chosen.connect(self._hear)
        plot.frames_selected.connect(self._select)
        plot.stretch_requested.connect(self._step_stretch)

    def _listen_to_states(self) -> None:
        context, state = self.context, self.context.latents
        context.clip.opened.connect(self._show_data)
        context.clip.latents_changed.connect(self._ask)
        context.clip.progress_changed.connect(self._show_empty_state)
        context.codec.changed.connect(self._show_depths)
        context.time_view.changed.connect(self._show_range)
        context.playback.moved.connect(self._show_cursor)
        context.playback.changed.connect(self._follow_depth)
        state.changed.connect(self._show_data)
        state.described.connect(self._show_colours)
        state.selection_changed.connect(self._show_selection)

    def refresh(self) -> None:
        self._show_cursor()

    def _ask(self) -> None:
        """The clip has its latents: show them, and ask for what else is wanted of it."""
        self._show_data()
        verbs.want(self.context)
        if self._wanted_colour in MEASURED:
            verbs.describe(self.context, self._wanted_colour)

    # -- the states changed ---------------------------------------------------------------------------------------
    def _show_data(self) -> None:
        """Other recordings, another space, another depth: what is there of them."""
        shown = verbs.shown(self.context)
        self._show_empty_state()
        self._show_depths()
        self._show_space()
        if not shown:
            data = self.context.clip.data
            if data.latents is None or (self._shown and self._shown[0].path != data.path):
                self._shown = ()
                self.trajectory.set_paths(())
            self._say_resting()
            return
        same_space = bool(self._shown) and [p.axis_names for p in self._shown] == [p.axis_names for p in shown]
        same_files = [path.path for path in self._shown] == [path.path for path in shown]
        if shown != self._shown:
            self._shown = shown
            self.trajectory.set_paths(
                [
                    Trajectory(path.before, path.after, path.frame_rate_hz, path.axis_names, Path(path.path).name)
                    for path in shown
                ],
                fit=not (same_space and same_files),
            )
        own = shown[0]
        self.quantised.setEnabled(own.after is not None)
        tip = JOINS if own.after is not None else self._why_not_quantised()
        describe(self.quantised, "Show quantised points", tip)
        self._show_colours()
        self._show_selection()
        self._show_range()
        self._show_cursor()

    def _show_empty_state(self) -> None:
        clip = self.context.clip
        there = clip.data.latents is not None and len(clip.data.latents.before) > 0
        self.stack.setCurrentIndex(1 if there else 0)
        if not there:
            waiting = f"{clip.stage} …" if clip.stage else "No latents yet"
            info = self.context.codec.info
            if info is not None and not info.latent_dim:
                waiting = f"{info.name} has no latents to show"
            self.empty.set_text(waiting if clip.is_open else "Open a sound file: Ctrl+O or drop it here")

    def _say_resting(self) -> None:
        state, own = self.context.latents, self._shown[0] if self._shown else None
        problem = next(iter(state.problems.values()), "")
        waiting = next(iter(state.requests.values()), None) is not None
        words = "point at the path"
        if state.selection is not None:
            chosen = state.selection
            words = f"{len(chosen.frames)} frames in {len(chosen.stretches)} stretches"
            if len(chosen.stretches) > 1:
                words += f" · loop {chosen.current + 1} of {len(chosen.stretches)}, N: the next"
        elif problem:
            words = problem
        elif waiting:
            words = f"{self.context.clip.stage or 'Computing'} …"
        elif own is not None and own.basis:
            words = f"Basis: {own.basis}"
            if own.snr_db is not None:
                words = f"Quantised latents: {own.snr_db:.1f} dB SNR in all dimensions · {words}"
        self.read_out.resting = words
        self.read_out.say("")

    def _why_not_quantised(self) -> str:
        info = self.context.codec.info
        if info is not None and info.books:
            return f"{info.name} quantises in another space than that of its latents."
        return f"{info.name if info else 'This codec'} does not quantise its latents."

    def _show_depths(self) -> None:
        info, state = self.context.codec.info, self.context.latents
        entries = [("All books", "")]
        if info is not None and info.depth > 1 and info.depth_mode in ("residual", "split"):
            entries += [("As heard", HEARD), *((f"{k} of {info.depth}", str(k)) for k in range(1, info.depth))]
        heard = self.tools.depth.value == HEARD and len(entries) > 1
        self.tools.depth.set_entries(tuple(entries), HEARD if heard else str(state.depth or ""))
        self.tools.depth.setEnabled(len(entries) > 1)

    def _show_space(self) -> None:
        space = self.context.latents.space
        entries = [("of the sample", ""), ("of a folder …", CHOOSE)]
        if space.corpus:
            entries.insert(1, (f"of {Path(space.corpus).name}", space.corpus))
        self.tools.corpus.set_entries(tuple(entries), space.corpus)
        self.tools.method.set_value(space.method)

    def _show_colours(self) -> None:
        """The colours that can be chosen, and those that were."""
        state, wanted = self.context.latents, self._wanted_colour
        labels = {key: row.title for (_, key), row in state.values.items() if row.names}
        entries = (*CHOICES, *((f"by {title.lower()}", key) for key, title in labels.items() if key not in LABELS))
        self.tools.colour.set_entries(entries, wanted)
        for key, title in LABELS.items():
            none = f"There are no {title} labels: put a .TextGrid, .lab or .json of the same name beside the clip."
            set_possible(self.tools.colour, key, "" if key in labels else none)
        set_possible(self.tools.colour, "clip", "" if len(self._shown) > 1 else "There is one recording; add others.")
        after = bool(self._shown) and self._shown[0].after is not None
        for key in MEASURED:
            reason = self._why_not_quantised() if key == "error" and not after else verbs.why_not_measured(key)
            set_possible(self.tools.colour, key, reason)
        rows = [state.values.get((path.path, wanted)) for path in self._shown]
        self.trajectory.set_colouring(colouring_of(wanted, rows))
        self._say_resting()

    def _show_selection(self) -> None:
        selection = self.context.latents.selection
        self.trajectory.set_selected(np.array(selection.frames if selection is not None else (), np.int64))
        self._say_resting()

    def _show_range(self) -> None:
        self.trajectory.set_time_range(self.context.time_view.start_s, self.context.time_view.end_s)

    def _show_cursor(self, _sample: int = 0) -> None:
        rate = self.context.clip.data.rate_hz
        self.trajectory.set_cursor(self.context.playback.position / rate if rate else 0.0)

    def _follow_depth(self) -> None:
        """Quantised as heard; a blind trial shows all books, which tells nothing."""
        if self.tools.depth.value == HEARD:
            take = None if self.context.playback.blind else self._heard_books()
            if take != self.context.latents.depth:
                verbs.set_depth(self.context, take)

    def _heard_books(self) -> int | None:
        takes, number = self.context.codec.takes, self.context.playback.depth
        return takes[number].depth if 0 < number < len(takes) else None

    # -- the person -----------------------------------------------------------------------------------------------
    def _seek(self, seconds: float) -> None:
        commands.seek(self.context, round(seconds * self.context.clip.data.rate_hz))

    def _hear(self, path: int, frame: int) -> None:
        if path < len(self._shown):
            shown = self._shown[path]
            verbs.play_frame(self.context, shown.path, frame, shown.frame_rate_hz)

    def _select(self, frames: Any) -> None:
        if self._shown:
            verbs.select_frames(self.context, [int(frame) for frame in frames], self._shown[0].frame_rate_hz)

    def _step_stretch(self, step: int) -> None:
        verbs.step_stretch(self.context, step)

    def _depth_chosen(self) -> None:
        value = self.tools.depth.value
        if value == HEARD:
            self._follow_depth()
        else:
            verbs.set_depth(self.context, int(value) if value else None)
        if not self.quantised.isChecked() and self.quantised.isEnabled():
            self.quantised.setChecked(True)  # otherwise nothing would be seen of the choice

    def _colour_chosen(self) -> None:
        self._wanted_colour = self.tools.colour.value or "time"
        if self._wanted_colour in MEASURED:
            verbs.describe(self.context, self._wanted_colour)
        self._show_colours()

    def _space_chosen(self) -> None:
        corpus = self.tools.corpus.value
        if corpus == CHOOSE:
            corpus = dialogs.ask_folder(self, "Fit the axes to the speech in", self.context.latents.space.corpus)
            if not corpus:
                self._show_space()
                return
        verbs.set_space(self.context, "umap" if self.tools.method.value == "umap" else "pca", corpus)

    def _add_clips(self) -> None:
        paths = dialogs.ask_clips(self, self.context.clip.data.path)
        if paths:
            verbs.add_clips(self.context, paths)

    def _remove_clips(self) -> None:
        verbs.remove_clips(self.context)

    # -- taken out and kept -----------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        plot = self.trajectory
        if not plot.paths:
            return ()
        paths, colouring, span = plot.paths, plot.colouring, plot.time_range
        own = self._shown[0]
        depth = self.context.latents.depth
        notes = [own.basis]
        if own.after is not None:
            notes.append(f"Quantised with {'all books' if depth is None else f'the first {depth} books'}.")
        if own.snr_db is not None:
            notes.append(f"Quantised latents: {own.snr_db:.1f} dB SNR in all dimensions.")
        return (
            Figure(
                "latents",
                f"Latents, coloured by {colouring.title.lower()}",
                plot,
                lambda: trajectory_figure.arrays(paths, colouring, span),
                lambda: trajectory_figure.table(paths, colouring, span),
                tuple(note for note in notes if note),
            ),
        )

    def view_state(self) -> dict[str, Any]:
        camera, state = self.trajectory.camera, self.context.latents
        return {
            "quantised": self.quantised.isChecked(),
            "spatial": camera.spatial,
            "turned": [round(camera.azimuth, 1), round(camera.elevation, 1)],
            "colour": self._wanted_colour,
            "spaces": {source: [space.method, space.corpus] for source, space in state.chosen_spaces.items()},
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        for key, control in (("quantised", self.quantised), ("spatial", self.tools.space)):
            if isinstance(state.get(key), bool):
                control.setChecked(state[key])
        turned = state.get("turned")
        if isinstance(turned, list) and len(turned) == 2 and all(isinstance(angle, (int, float)) for angle in turned):
            self.trajectory.camera.azimuth, self.trajectory.camera.elevation = map(float, turned)
        spaces = state.get("spaces")
        for source, row in spaces.items() if isinstance(spaces, dict) else ():
            if isinstance(row, list) and len(row) == 2 and row[0] in ("pca", "umap") and isinstance(row[1], str):
                self.context.latents.chosen_spaces.setdefault(source, SpaceChoice(row[0], row[1]))
        if isinstance(state.get("colour"), str) and state["colour"] in [value for _, value in CHOICES]:
            self._wanted_colour = state["colour"]
            self._show_colours()
            if self._wanted_colour in MEASURED:
                verbs.describe(self.context, self._wanted_colour)
