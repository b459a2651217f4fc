"""The real window for a soak: it starts live by itself, draws all of itself 60 times a second, and tells how it is.

    python -m tests.benchmarks.soak_window STATE.json CODEC SOURCE OUTPUT MODE FRAMES

SOURCE is a device or `file:PATH`. STATE.json is written once a second, whole or not at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from workbench import app, live_commands

DRAW_MS, TELL_MS = 16, 1000


class Soaked(QObject):
    """Beside the window: starts live once the codec is there."""

    def __init__(self, workbench: app.Workbench, state: Path, chosen: dict[str, Any]) -> None:
        super().__init__(workbench.window)
        self._workbench, self._state, self._chosen = workbench, state, chosen
        self._asked = False
        self._redraws = 0
        for period_ms, call in ((DRAW_MS, self._draw), (TELL_MS, self._tell)):
            timer = QTimer(self)
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.timeout.connect(call)
            workbench.window.closed.connect(timer.stop)
            timer.start(period_ms)

    def _draw(self) -> None:
        live = self._workbench.context.live
        if live.running:
            self._redraws += 1
        for widget in self._workbench.window.findChildren(QWidget):
            if widget.isVisible():
                widget.update()

    def _tell(self) -> None:
        ctx = self._workbench.context
        if not self._asked and ctx.engine.status == "ready" and ctx.codec.info is not None and not ctx.codec.loading:
            self._asked = True
            live_commands.start_live(ctx, **self._chosen)
        if ctx.live.running and ctx.live.muted:
            live_commands.set_live(ctx, muted=False)
        info = ctx.codec.info
        state = {
            "running": ctx.live.running,
            "counters": ctx.live.counters,
            "rate_hz": ctx.live.rate_hz,
            "frame_rate_hz": info.frame_rate_hz if info is not None else 0.0,
            "step_frames": ctx.live.step_frames,
            "engine": ctx.client.pid,
            "redraws": self._redraws,
            "messages": [*ctx.engine.messages, *filter(None, [ctx.live.message])],
        }
        part = self._state.with_suffix(".part")
        part.write_text(json.dumps(state))
        part.replace(self._state)


def main(state: str, codec: str, source: str, output: str, mode: str, frames: str) -> int:
    """Run until the window is closed."""
    begin = app.begin
    chosen = {"source": source, "output": output, "mode": mode, "frames": int(frames)}

    def begin_and_soak(workbench: app.Workbench, options: app.Options) -> None:
        begin(workbench, options)
        Soaked(workbench, Path(state), chosen)

    app.begin = begin_and_soak
    return app.run(app.Options(codec=codec, panel="live"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
