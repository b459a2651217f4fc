"""A context on a fake engine, empty or with a codec and a clip whose arrays are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.app.panels.known_clip import known_codec, open_known_clip
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import delete_now
from workbench.context import Context
from workbench.panels import PanelInfo
from workbench.panels.base import Panel
from workbench.settings import Settings
from workbench.state.clip import ClipState
from workbench.state.codec import CodecState
from workbench.state.engine import EngineState
from workbench.state.live import LiveState
from workbench.state.playback import PlaybackState
from workbench.state.view import TimeView
from workbench.theme import apply_theme


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def context(qapp: QApplication, client: FakeClient) -> Context:
    """Nothing is loaded; the engine is ready."""
    apply_theme(qapp, "light")
    context = Context(
        settings=Settings(),
        client=client,  # type: ignore[arg-type]
        engine=EngineState(),
        codec=CodecState(),
        clip=ClipState(),
        playback=PlaybackState(),
        live=LiveState(),
        time_view=TimeView(),
    )
    context.engine.set_status("ready")
    return context


@pytest.fixture
def loaded_context(context: Context) -> Context:
    """The known codec and the known clip, everything computed."""
    context.codec.set_codec(known_codec(), "cpu")
    open_known_clip(context)
    return context


@pytest.fixture
def show(qapp: QApplication) -> Iterator[Callable[[PanelInfo, Context], Panel]]:
    """Builds and shows a panel at 900 x 400; it is closed and deleted after the test."""
    shown: list[Panel] = []

    def build(info: PanelInfo, context: Context) -> Panel:
        panel = info.build(context)
        shown.append(panel)
        panel.resize(900, 400)
        panel.show()
        qapp.processEvents()
        return panel

    yield build
    delete_now(*shown)
