"""The parts of the status bar: what is being computed, how far it is, *Cancel*, and how the engine is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar

from workbench.context import Context


class StatusStrip(QStatusBar):
    """Shows clip, codec and engine states; knows nothing of commands."""

    cancel_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.ctx = context
        self.work = QLabel()
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setFixedWidth(180)
        self.progress.setTextVisible(False)
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop what is being computed; what is there stays")
        self.cancel.clicked.connect(self.cancel_wanted)
        self.engine = QLabel()
        self.addWidget(self.work, 1)
        self.addWidget(self.progress)
        self.addWidget(self.cancel)
        self.addPermanentWidget(self.engine)
        context.clip.progress_changed.connect(self.update_text)
        context.clip.opened.connect(self.update_text)
        context.codec.changed.connect(self.update_text)
        context.engine.changed.connect(self.update_text)
        self.update_text()

    def update_text(self) -> None:
        """Bring everything up to date."""
        clip, codec, engine = self.ctx.clip, self.ctx.codec, self.ctx.engine
        busy = bool(clip.stage) or bool(codec.loading)
        if engine.status == "dead":
            busy = False
        self.work.setText(self._work() if busy else self._idle())
        self.progress.setVisible(busy)
        self.cancel.setVisible(busy and engine.status == "ready")
        if clip.stage and clip.fraction > 0.0:
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(1000 * clip.fraction))
        else:
            self.progress.setRange(0, 0)  # how long is not known
        words = {"starting": "Engine: starting …", "ready": f"Engine: ready on {codec.device or 'CPU'}"}
        self.engine.setText(words.get(engine.status, "Engine: stopped"))
        details = f"torch {engine.torch_version} · computes on {', '.join(engine.devices)}" if engine.devices else ""
        self.engine.setToolTip(details)

    def _work(self) -> str:
        if self.ctx.codec.loading:
            return f"Loading codec {self.ctx.codec.loading} …"
        return self.ctx.clip.stage

    def _idle(self) -> str:
        data = self.ctx.clip.data
        if not self.ctx.clip.is_open:
            return "Open a sound file (Ctrl+O), or drop one here."
        name = data.path.replace("\\", "/").rpartition("/")[2]
        kind = "mono" if data.file_channels == 1 else f"{data.file_channels} channels"
        return f"{name} · {data.length_s:.2f} s · {data.file_rate_hz / 1000:g} kHz {kind} {data.file_encoding}"
