"""`--capture DIR`: the main job in the real window without a person: pictures of every panel, sounds of every depth."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QMessageLogContext, QSize, QTimer, QtMsgType, qInstallMessageHandler

from speefeare_core.errors import SpeefeareError
from workbench import commands, live_commands, pictures
from workbench.app import Options, Workbench, open_first
from workbench.engine.protocol import VIRTUAL_DEVICE
from workbench.state.live_setup import FILE

SIZE = (1440, 900)
ALONE = {  # sizes of a panel that is pictured by itself; the others as in the middle
    "codec": (460, 640), "waveform": (1200, 460), "spectrogram": (1200, 720), "codes": (1200, 520),
    "latents": (820, 700), "compare": (640, 740), "live": (1400, 1080),
    "codebooks": (1200, 760), "training": (1200, 860),
}  # fmt: skip
CAPTURED_FRAMES = (1, 2, 4, 8)  # whose cost the live picture shows
LIVE_S = 5.0  # so that the live picture shows something
SETTLE_S = 0.4


class CaptureFailed(SpeefeareError):
    """The job could not be finished, though its input was good."""


def capture(workbench: Workbench, options: Options) -> int:
    """Run the job; 0 when everything was saved, 2 for bad input, 1 for anything else, with one sentence on stderr."""
    before = qInstallMessageHandler(_without_size_hints)
    try:
        return _Capture(workbench, options).run()
    except CaptureFailed as error:
        print(f"speefeare-workbench: {error}", file=sys.stderr)
        return 1
    except SpeefeareError as error:
        print(f"speefeare-workbench: {error}", file=sys.stderr)
        return 2
    finally:
        workbench.window.close()
        qInstallMessageHandler(before)


def _without_size_hints(_kind: QtMsgType, _where: QMessageLogContext, text: str) -> None:
    """Qt without a screen says of every window that it keeps no size hints; that helps nobody."""
    if "propagateSizeHints" not in text:
        print(text, file=sys.stderr)


class _Capture:
    """One run. Waits by turning the event loop, so that the window lives as it does for a person."""

    def __init__(self, workbench: Workbench, options: Options) -> None:
        self.workbench = workbench
        self.ctx = workbench.context
        self.options = options
        self.folder = Path(options.capture).expanduser()

    def run(self) -> int:
        """The steps in order."""
        ctx, window = self.ctx, self.workbench.window
        if not self.options.files and not self.options.sample:
            raise SpeefeareError("--capture needs a sound FILE (or --sample for the shipped sentence).")
        pictures.make_folder(self.folder)
        window.resize(*SIZE)
        window.show()
        self.workbench.start()
        self.workbench.add_panels()
        docks = window.docks
        assert docks is not None
        if self.options.panel and self.options.panel not in docks.docks:
            raise SpeefeareError(f"There is no panel {self.options.panel}; choose one of {', '.join(docks.docks)}.")
        open_first(self.workbench, self.options)
        self.wait("the engine to start", lambda: ctx.engine.status == "ready")
        self.wait("the codec to load", lambda: ctx.codec.info is not None and not ctx.codec.loading)
        self.wait("every depth of the clip", lambda: ctx.clip.is_open and ctx.clip.complete)
        depth = ctx.codec.full
        commands.select_depth(ctx, depth)
        commands.want_depth(ctx, depth)
        self.wait("the spectrogram", lambda: self._spectrogram_is_whole(depth))
        commands.seek(ctx, ctx.clip.data.length_samples // 3)
        self.rest(SETTLE_S)
        saved = [*self._pictures_of_the_clip(), *self._figures(), *self._live_picture()]
        saved += pictures.save_sounds(ctx.clip.data, self.folder, ctx.codec.takes)
        print(f"Saved {len(saved)} files into {self.folder}.")
        return 0

    def _pictures_of_the_clip(self) -> list[Path]:
        docks = self.workbench.window.docks
        assert docks is not None
        if self.options.panel:
            docks.show_panel(self.options.panel)
        for key, panel in docks.panels.items():
            if panel.isVisible():
                self._settle(key)
        whole = self.folder / "window.png"
        pictures.save_picture(self.workbench.window, whole)
        return [whole, *(self._picture_alone(key) for key in docks.panels if key != "live")]

    def _figures(self) -> list[Path]:
        """What every panel shows, as it is exported, in a folder of its own."""
        from workbench.exporting.formats import export
        from workbench.exporting.page import SIZES

        page = next(size for size in SIZES if size.key == "page")
        docks = self.workbench.window.docks
        saved: list[Path] = []
        assert docks is not None
        found = [figure for panel in docks.panels.values() for figure in panel.figures()]
        for _ in export(found, self.folder / "figures", size=page, written=saved.append):
            self.rest(0.001)
        return saved

    def _live_picture(self) -> list[Path]:
        """Live with the clip as virtual microphone on virtual devices, where the codec can stream."""
        ctx, docks = self.ctx, self.workbench.window.docks
        assert docks is not None and ctx.codec.info is not None
        if not ctx.codec.info.streamable:
            return [self._picture_alone("live")]
        docks.show_only("live")
        live_commands.estimate(ctx, CAPTURED_FRAMES)
        self.wait("the estimate of step sizes", lambda: not ctx.live.estimate_request)
        live_commands.start_live(ctx, source=FILE + ctx.clip.data.path, output=VIRTUAL_DEVICE)
        self.wait("Live to start", lambda: ctx.live.running)
        live_commands.set_live(ctx, muted=False)
        self._resize_for("live")
        self.rest(LIVE_S)
        saved = [self._picture_alone("live")]
        theme = ctx.settings.theme
        for other in ("light", "dark"):
            self.workbench.window.set_theme(other)
            saved.append(self._picture_alone("live", f"live_{other}"))
        self.workbench.window.set_theme(theme)
        live_commands.freeze(ctx, True)
        self.wait("the frozen minute", lambda: ctx.live.frozen is not None)
        saved.append(self._picture_alone("live", "live_frozen"))
        live_commands.freeze(ctx, False)
        live_commands.stop_live(ctx)
        self.wait("Live to stop", lambda: not ctx.live.running)
        return saved

    def _picture_alone(self, key: str, name: str = "") -> Path:
        """The picture of one panel, which has the window to itself, under its key or another name."""
        docks = self.workbench.window.docks
        assert docks is not None
        docks.show_only(key)
        self._resize_for(key)
        self._settle(key)
        path = self.folder / f"{name or key}.png"
        pictures.save_picture(docks.panels[key], path)
        return path

    def _settle(self, key: str) -> None:
        """Until a panel that can be seen shows everything."""
        docks = self.workbench.window.docks
        assert docks is not None
        self.rest(SETTLE_S)
        self.wait(f"the panel {docks.docks[key].windowTitle()}", lambda: docks.panels[key].settled)

    def _resize_for(self, key: str) -> None:
        """So that the panel itself gets its size."""
        window, docks = self.workbench.window, self.workbench.window.docks
        assert docks is not None
        self.rest(0.02)  # the layout after showing it
        around = window.size() - docks.panels[key].size()
        window.resize(QSize(*ALONE.get(key, SIZE)) + around)

    def _spectrogram_is_whole(self, depth: int) -> bool:
        spectrograms = self.ctx.clip.data.spectrograms
        wanted = (0, depth)
        return all(
            key in spectrograms and spectrograms[key].columns_done >= len(spectrograms[key].values) for key in wanted
        )

    # -- waiting ------------------------------------------------------------------------------------------------------
    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Turn the event loop until `done`. Raises where the engine dies, something fails, or nothing moves on."""
        seen: object = None
        deadline = 0.0
        while not done():
            self.rest(0.01)
            progress = self._progress()
            if progress != seen:
                seen, deadline = progress, time.monotonic() + self.options.timeout_s
            if self.ctx.engine.status == "dead":
                raise CaptureFailed(f"The engine stopped while waiting for {what}.")
            if self.ctx.engine.failures:
                raise SpeefeareError(self.ctx.engine.failures[0])
            if time.monotonic() > deadline:
                raise CaptureFailed(
                    f"Waited {self.options.timeout_s:g} s for {what} without any progress; try a larger --timeout."
                )

    def _progress(self) -> object:
        """Differs whenever the engine has moved on."""
        clip, codec, engine = self.ctx.clip, self.ctx.codec, self.ctx.engine
        spectrograms = sum(row.columns_done for row in clip.data.spectrograms.values())
        made = len(clip.data.renders), spectrograms, len(self.ctx.columns.metrics), len(self.ctx.draft.shelf)
        return engine.status, codec.loading, clip.stage, clip.fraction, self.ctx.tokens.wanted.done, made

    @staticmethod
    def rest(seconds: float) -> None:
        """Let the window live for a while."""
        loop = QEventLoop()
        QTimer.singleShot(max(1, round(seconds * 1000)), loop.quit)
        loop.exec()
