"""Makes a video: draws its frames in small steps and hands them to an encoder in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from workbench.exporting.scenes import Scene

# -P: a folder named like a package in the current directory must not take its place.
COMMAND = (sys.executable, "-P", "-m", "workbench.exporting.video_encoder")
_PACKAGES = str(Path(__file__).resolve().parents[2])
RATE_FPS = 30
AHEAD = 4  # frames that may wait for the encoder


class VideoJob(QObject):
    """One video. Emits `finished` with its path or `failed` with a sentence, once; `cancel` leaves no file behind."""

    progressed = Signal(float)
    finished = Signal(str)
    failed = Signal(str)

    def __init__(self, scene: Scene, sound: NDArray[np.float32], rate_hz: int, target: Path, parent: QObject) -> None:
        """`sound` `[C, T]`: what is heard over the span of the scene; at most two channels are kept."""
        super().__init__(parent)
        self.scene, self.target = scene, target
        self.frames = max(1, round((scene.end_s - scene.start_s) * RATE_FPS))
        self._sound = np.ascontiguousarray(sound[:2].T, np.float32)
        self._header = {
            "target": str(target), "width": scene.size.width(), "height": scene.size.height(), "rate_fps": RATE_FPS,
            "sound_hz": rate_hz, "channels": self._sound.shape[1], "sound_samples": self._sound.shape[0],
        }  # fmt: skip
        self._given = 0
        self._last: dict[str, Any] = {}
        self._over = False
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        paths = os.pathsep.join(filter(None, (_PACKAGES, environment.value("PYTHONPATH", ""))))
        environment.insert("PYTHONPATH", paths)
        self._process.setProcessEnvironment(environment)
        self._process.started.connect(self._begin)
        self._process.readyReadStandardOutput.connect(self._hear)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._trouble)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._give)

    def start(self) -> None:
        """Returns at once."""
        self._process.start(COMMAND[0], list(COMMAND[1:]))

    def cancel(self) -> None:
        """Stop; what was written so far goes."""
        if not self._over:
            self._over = True
            self._timer.stop()
            self._process.kill()
            self._process.waitForFinished(3000)
            self.target.with_name(f".{self.target.stem}.part.mp4").unlink(missing_ok=True)

    def _begin(self) -> None:
        self._process.write((json.dumps(self._header) + "\n").encode())
        self._process.write(self._sound.tobytes())
        self._timer.start()

    def _give(self) -> None:
        """One frame, unless the encoder is behind."""
        size = self.scene.size
        if self._process.bytesToWrite() > AHEAD * 4 * size.width() * size.height():
            self._timer.setInterval(4)
            return
        self._timer.setInterval(0)
        image = self.scene.frame(self.scene.start_s + self._given / RATE_FPS)
        self._process.write(bytes(image.constBits()))
        self._given += 1
        if self._given >= self.frames:
            self._timer.stop()
            self._process.closeWriteChannel()

    def _hear(self) -> None:
        while self._process.canReadLine():
            self._last = json.loads(bytes(self._process.readLine().data()))
            if "frames" in self._last and not self._over:
                self.progressed.emit(self._last["frames"] / self.frames)

    def _ended(self) -> None:
        self._timer.stop()
        self._hear()
        if self._over:
            return
        self._over = True
        if "finished" in self._last:
            self.finished.emit(self._last["finished"])
        else:
            self.failed.emit(self._last.get("error") or "The video could not be made: its encoder ended early.")

    def _trouble(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self._over:
            self._over = True
            self.failed.emit("The video could not be made: its encoder did not start.")
