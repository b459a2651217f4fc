"""The long-lived objects, handed down to commands and panels."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.engine.catalog_jobs import CatalogJobs
from workbench.engine.client import EngineClient
from workbench.settings import Settings
from workbench.state.clip import ClipState
from workbench.state.codec import CodecState
from workbench.state.engine import EngineState
from workbench.state.history import History
from workbench.state.live import LiveState
from workbench.state.playback import PlaybackState
from workbench.state.view import TimeView


@dataclass
class Context:
    """Everything that outlives a panel. Panels read the states and call `workbench.commands`; they keep no more."""

    settings: Settings
    client: EngineClient
    engine: EngineState
    codec: CodecState
    clip: ClipState
    playback: PlaybackState
    live: LiveState
    time_view: TimeView
    catalog: CatalogJobs = field(default_factory=CatalogJobs)
    history: History = field(default_factory=History)
