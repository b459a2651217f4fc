"""Pictures of the panels and sound files of the depths, from what is there now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from speefeare_core.errors import SpeefeareError
from workbench.state.clip import ClipData
from workbench.state.derived_takes import key_of
from workbench.state.take_names import slug_of
from workbench.state.takes import Take

BLOCK_SAMPLES = 1 << 20  # long clips are written piece by piece


def make_folder(folder: Path) -> None:
    """The folder and those above it. Raises `SpeefeareError` where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeefeareError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error


def save_picture(widget: QWidget, path: Path) -> None:
    """One PNG of a widget as it is on the screen. Raises `SpeefeareError` where it cannot be written."""
    if not widget.grab().save(str(path), "PNG"):
        raise SpeefeareError(f"{path} cannot be written; check that the folder exists and that you may write there.")


def save_pictures(window: QWidget, panels: Mapping[str, QWidget], folder: Path) -> list[Path]:
    """`<panel>.png` for each of these panels and `window.png`."""
    widgets = {**panels, "window": window}
    for key, widget in widgets.items():
        save_picture(widget, folder / f"{key}.png")
    return [folder / f"{key}.png" for key in widgets]


def save_sounds(data: ClipData, folder: Path, takes: Sequence[Take]) -> list[Path]:
    """`depth_00.wav` (the original at the codec's rate), `depth_01.wav` …: float32, without the level matching.

    Takes that are no depth have names of their own (`acoustic_alone.wav`, `missing_03.wav`, `column_1_depth_08.wav`).
    """
    from speefeare_core.audio import Writer  # loads libsndfile, which the first second does not need

    paths = []
    for depth, render in sorted(data.renders.items()):
        name = takes[depth].slug if depth < len(takes) else slug_of(key_of(depth))  # a codec may be just changing
        path = folder / f"{name}.wav"
        with Writer(path, data.rate_hz, data.channels) as writer:
            for start in range(0, render.audio.shape[1], BLOCK_SAMPLES):
                writer.write(_without_gain(render.audio[:, start : start + BLOCK_SAMPLES], render.gain_db))
        paths.append(path)
    return paths


def _without_gain(samples: NDArray[np.float32], gain_db: float) -> NDArray[np.float32]:
    """As the codec gave it, to the rounding of float32."""
    if gain_db == 0.0:
        return np.ascontiguousarray(samples)
    return (samples.astype(np.float64) / np.float32(10 ** (gain_db / 20))).astype(np.float32)
