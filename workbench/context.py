"""The long-lived objects, handed down to commands and panels."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.engine.catalog_jobs import CatalogJobs
from workbench.engine.client import EngineClient
from workbench.engine.errands import Errands
from workbench.settings import Settings
from workbench.state.clip import ClipState
from workbench.state.codec import CodecState
from workbench.state.columns import ColumnsState
from workbench.state.dataset import DatasetState
from workbench.state.document import DocumentState
from workbench.state.edits import EditsState
from workbench.state.engine import EngineState
from workbench.state.history import History
from workbench.state.ladder import LadderState
from workbench.state.latents import LatentsState
from workbench.state.live import LiveState
from workbench.state.marks import MarksState
from workbench.state.playback import PlaybackState
from workbench.state.run_watch import RunWatch
from workbench.state.runs import RunsState
from workbench.state.spectrogram import SpectrogramState
from workbench.state.token_statistics import TokenStatistics
from workbench.state.training_draft import TrainingDraft
from workbench.state.view import TimeView
from workbench.state.voice import VoiceState


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
    dataset: DatasetState = field(default_factory=DatasetState)
    document: DocumentState = field(default_factory=DocumentState)
    errands: Errands = field(default_factory=Errands)
    history: History = field(default_factory=History)
    columns: ColumnsState = field(default_factory=ColumnsState)
    draft: TrainingDraft = field(default_factory=TrainingDraft)
    edits: EditsState = field(default_factory=EditsState)
    ladder: LadderState = field(default_factory=LadderState)
    latents: LatentsState = field(default_factory=LatentsState)
    marks: MarksState = field(default_factory=MarksState)
    runs: RunsState = field(default_factory=RunsState)
    run_watch: RunWatch = field(default_factory=RunWatch)
    spectrogram: SpectrogramState = field(default_factory=SpectrogramState)
    tokens: TokenStatistics = field(default_factory=TokenStatistics)
    voice: VoiceState = field(default_factory=VoiceState)
