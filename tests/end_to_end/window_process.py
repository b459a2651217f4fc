"""The workbench as a person starts it, which also writes what it shows into a file, ten times a second.

    python -m tests.end_to_end.window_process STATE.json FILE

Beside the state lies `input.npz`, the last samples that Live took in, once a file `want_input` asks for them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer

from workbench import app
from workbench.engine.memory import Ring


def tell(workbench: app.Workbench, target: Path) -> None:
    """Write the state; whole or not at all."""
    ctx = workbench.context
    ring = ctx.live.rings.get("input")
    state = {
        "complete": ctx.clip.complete,
        "gains_db": {depth: render.gain_db for depth, render in ctx.clip.data.renders.items()},
        "depth": ctx.playback.depth,
        "playing": ctx.playback.playing,
        "live": ctx.live.running,
        "muted": ctx.live.muted,
        "counters": ctx.live.counters,
        "engine_side_modules": sorted({"torch", "sounddevice"} & set(sys.modules)),
        "messages": ctx.engine.messages,
    }
    asked, saved = target.with_name("want_input"), target.with_name("input.npz")
    if asked.exists() and not saved.exists() and isinstance(ring, Ring):
        part = target.with_name("part.npz")
        written = ring.written
        samples, end = ring.read_since(max(0, written - ring.capacity))
        np.savez(part, samples=samples[0], written=end)
        part.replace(saved)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(target)


def main(target: Path, file: str) -> int:
    """Run until the window is closed."""
    begin = app.begin

    def begin_and_tell(workbench: app.Workbench, options: app.Options) -> None:
        begin(workbench, options)
        timer = QTimer(workbench.window)
        timer.timeout.connect(lambda: tell(workbench, target))
        timer.start(100)

    app.begin = begin_and_tell
    return app.run(app.Options(files=(file,), codec="default"))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
