"""The table of panels: one row per dock. Add a panel = one file + one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from workbench.context import Context
from workbench.panels.base import Panel
from workbench.panels.codebooks import CodebooksPanel
from workbench.panels.codec import CodecPanel
from workbench.panels.codes import CodesPanel
from workbench.panels.compare import ComparePanel
from workbench.panels.dataset import DatasetPanel
from workbench.panels.editor import EditorPanel
from workbench.panels.ladder import LadderPanel
from workbench.panels.latents import LatentsPanel
from workbench.panels.live import LivePanel
from workbench.panels.run import RunPanel
from workbench.panels.spectrogram import SpectrogramPanel
from workbench.panels.training import TrainingPanel
from workbench.panels.waveform import WaveformPanel

Area = Literal["left", "right", "top", "bottom", "center"]


@dataclass(frozen=True)
class PanelInfo:
    """One dock: where it starts, and how to build what it holds."""

    key: str  # stable: names the dock in saved layouts, `--panel` and capture files
    title: str
    area: Area  # first layout; those of one area stand in table order
    build: Callable[[Context], Panel]
    shortcut: str  # shows and focuses the dock
    open_first: bool
    description: str


PANELS: tuple[PanelInfo, ...] = (
    PanelInfo("codec", "Codec", "left", CodecPanel, "Ctrl+1", True, "What the loaded codec is"),
    PanelInfo("waveform", "Waveform", "center", WaveformPanel, "Ctrl+2", True, "Original and decode over time"),
    PanelInfo("spectrogram", "Spectrogram", "center", SpectrogramPanel, "Ctrl+3", True, "Original, decode, difference"),
    PanelInfo("codes", "Codes", "center", CodesPanel, "Ctrl+4", True, "The token of every book and frame"),
    PanelInfo("compare", "Compare", "right", ComparePanel, "Ctrl+5", True, "Hear the original and every depth"),
    PanelInfo("latents", "Latents", "right", LatentsPanel, "Ctrl+6", True, "The path through latent space"),
    PanelInfo(
        "codebooks", "Codebooks", "center", CodebooksPanel, "Ctrl+8", False, "How the entries of the books are used"
    ),
    PanelInfo(
        "ladder", "Residual ladder", "center", LadderPanel, "Ctrl+9", False, "What each book left over, and its sound"
    ),
    PanelInfo("editor", "Token editor", "center", EditorPanel, "Ctrl+T", False, "Change tokens and hear it at once"),
    PanelInfo(
        "training", "Training", "center", TrainingPanel, "Ctrl+Shift+T", False, "Make a training run, and see all runs"
    ),
    PanelInfo(
        "run", "Run", "center", RunPanel, "Ctrl+Shift+R", False, "Watch a training run: curves, alarms, its sounds"
    ),
    PanelInfo(
        "dataset",
        "Dataset doctor",
        "center",
        DatasetPanel,
        "Ctrl+Shift+D",
        False,
        "What is wrong with speech, what helps",
    ),
    PanelInfo("live", "Live", "bottom", LivePanel, "Ctrl+7", False, "Talk through the codec"),
)


def panel_info(key: str) -> PanelInfo:
    """The row of a panel. Raises KeyError naming the panels there are."""
    for info in PANELS:
        if info.key == key:
            return info
    raise KeyError(f"There is no panel {key!r}: choose {', '.join(info.key for info in PANELS)}.")
