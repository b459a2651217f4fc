"""The whole window on a fake engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.app.shell.fake_engine import FakeClient
from workbench import commands
from workbench.app import Workbench, build_workbench
from workbench.context import Context
from workbench.main_window import MainWindow
from workbench.settings import Settings
from workbench.theme import apply_theme


@dataclass
class Desk:
    """A workbench whose engine is a fake, with a clock that a test turns."""

    workbench: Workbench
    client: FakeClient

    @property
    def ctx(self) -> Context:
        return self.workbench.context

    @property
    def window(self) -> MainWindow:
        return self.workbench.window

    def tick(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.workbench.clock.tick()

    def ready(self) -> Desk:
        """The engine is there."""
        self.client.say_ready()
        self.tick(2)
        return self

    def with_codec(self) -> Desk:
        commands.load_codec(self.ctx, "fake")
        self.client.say_codec()
        self.tick(2)
        return self

    def with_clip(self, path: str = "/clips/a.wav") -> Desk:
        commands.open_clip(self.ctx, path)
        self.client.say_clip()
        self.tick(10)
        return self


@pytest.fixture
def make_desk(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Builds desks; each is closed at the end of the test."""
    desks: list[Desk] = []

    def make(settings: Settings | None = None, *, panels: bool = True) -> Desk:
        client = FakeClient()
        workbench = build_workbench(settings or Settings(path=tmp_path / "settings.json"), client)  # type: ignore[arg-type]
        if panels:
            workbench.add_panels()
        desks.append(Desk(workbench, client))
        workbench.window.show()
        return desks[-1]

    apply_theme(qapp, "light")
    yield make
    for desk in desks:
        desk.workbench.close()
        desk.window.close()
        desk.window.deleteLater()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A window whose engine is starting."""
    return make_desk()


@pytest.fixture
def loaded_desk(desk: Desk) -> Desk:
    """A window with a codec of four books and a clip of a second, everything computed."""
    return desk.ready().with_codec().with_clip()
