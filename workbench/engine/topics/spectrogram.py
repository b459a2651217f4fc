"""Spectrograms: how they are made. They themselves come as `protocol.SpectrogramReady`."""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.engine.messages import Request


@dataclass(frozen=True)
class SetSpectrogram(Request):
    """From now on make the spectrograms of the open clip so. Those that are there go; `WantDepth` makes them anew."""

    settings: SpectrogramSettings
