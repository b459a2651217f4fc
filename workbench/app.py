"""Builds everything once, from its parts, and runs it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from speefeare_core.errors import SpeefeareError
from workbench import commands
from workbench.context import Context
from workbench.engine.client import EngineClient
from workbench.engine_events import EngineEvents
from workbench.frame_clock import FrameClock
from workbench.main_window import TITLE, MainWindow
from workbench.openable import codec_source
from workbench.settings import Settings, load_settings
from workbench.state.clip import ClipState
from workbench.state.codec import CodecState
from workbench.state.engine import EngineState
from workbench.state.live import LiveState
from workbench.state.playback import PlaybackState
from workbench.state.view import TimeView
from workbench.theme import apply_theme
from workbench.verbs import training


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    files: tuple[str, ...] = ()
    codec: str = ""  # empty: the shipped default
    panel: str = ""
    device: str = ""
    theme: str = ""
    sample: bool = False
    capture: str = ""
    timeout_s: float = 120.0  # how long a capture waits where nothing moves on


@dataclass
class Workbench:
    """The window and what keeps it alive."""

    context: Context
    events: EngineEvents
    clock: FrameClock
    window: MainWindow

    def add_panels(self) -> None:
        """Build the panels (after the window is on screen: importing them takes a while)."""
        from workbench.dock_area import DockArea
        from workbench.panels import PANELS

        self.window.set_docks(DockArea(self.context, PANELS))

    def start(self) -> None:
        """Start the engine and listen to it."""
        self.context.client.start()
        self.clock.start()

    def close(self) -> None:
        """End everything that was started. May be called twice."""
        self.clock.stop()
        self.context.catalog.stop()
        self.context.errands.stop()
        self.context.client.stop()


def build_workbench(settings: Settings, client: EngineClient) -> Workbench:
    """Everything, wired, nothing started; needs a QApplication."""
    context = Context(
        settings=settings,
        client=client,
        engine=EngineState(),
        codec=CodecState(),
        clip=ClipState(),
        playback=PlaybackState(),
        live=LiveState(),
        time_view=TimeView(),
    )
    context.playback.device, context.playback.volume_db = settings.output_device, settings.volume_db
    window = MainWindow(context)
    events = EngineEvents(context)
    clock = FrameClock(context, events, lambda: window.docks.visible_panels() if window.docks else ())
    return Workbench(context, events, clock, window)


def run(options: Options, job: Callable[[Workbench, Options], int] | None = None) -> int:
    """The application, until its window is closed or `job` is done; gives the exit code."""
    app = QApplication(sys.argv[:1])
    app.setApplicationName("speefeare-workbench")
    app.setApplicationDisplayName("")
    QGuiApplication.setDesktopFileName("speefeare-workbench")
    settings = Settings() if job else load_settings()  # a job neither follows nor changes what a person likes
    if options.theme:
        settings.theme = options.theme
    if options.device:
        settings.compute_device = options.device
    apply_theme(app, settings.theme, settings.text_scale)
    workbench = build_workbench(settings, EngineClient())
    engine = workbench.context.engine
    restore_hook = install_excepthook(engine.failures.append if job else engine.add_message)
    try:
        if job:
            return job(workbench, options)
        for notice in settings.notices:
            engine.add_message(notice)
        workbench.window.restore_geometry()
        workbench.window.show()
        workbench.window.closed.connect(app.quit)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: workbench.window.close())
        QTimer.singleShot(0, lambda: begin(workbench, options))
        return app.exec()
    finally:
        workbench.close()
        restore_hook()


def begin(workbench: Workbench, options: Options) -> None:
    """What follows once the window is on screen: the engine, the panels, and what was asked for."""
    ctx = workbench.context
    workbench.start()
    workbench.add_panels()
    workbench.window.documents.start()
    training.work_through_queue(ctx)
    open_first(workbench, options)
    workbench.window.offer_recovery()
    if options.panel and workbench.window.docks is not None:
        if options.panel in workbench.window.docks.docks:
            workbench.window.docks.show_panel(options.panel)
        else:
            known = ", ".join(workbench.window.docks.docks)
            ctx.engine.add_message(f"There is no panel {options.panel}; choose one of {known}.")


def open_first(workbench: Workbench, options: Options) -> None:
    """Ask for the codec and the clip of the command line."""
    ctx = workbench.context
    source = codec_source(options.codec) if options.codec else "default"
    commands.load_codec(ctx, source, ctx.settings.compute_device)
    if options.files:
        workbench.window.open_paths([str(Path(file).expanduser().absolute()) for file in options.files])
    elif options.sample:
        workbench.window.open_sample()


def install_excepthook(tell: Callable[[str], None]) -> Callable[[], None]:
    """From now on an unexpected error in the window is a sentence in it; gives the function that undoes this."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        if os.environ.get("SPEEFEARE_DEBUG"):
            before(kind, error, trace)
        words = " ".join(str(error).split()) or "no details"
        if isinstance(error, SpeefeareError):
            tell(words)
        else:
            tell(f"Something in the window went wrong ({kind.__name__}: {words}); your clip and codec are kept.")

    def restore() -> None:
        sys.excepthook = before

    sys.excepthook = hook
    return restore


__all__ = ["TITLE", "Options", "Workbench", "begin", "build_workbench", "install_excepthook", "open_first", "run"]
