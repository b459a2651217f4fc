"""Opens a document, stage by stage: codec, sound and layout first, the rest when the clip and all of it are there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from speefeare_core.documents import reader
from speefeare_core.documents.format import Document
from speefeare_core.errors import SpeefeareError
from speefeare_core.folders import cache_dir
from workbench import commands
from workbench.context import Context
from workbench.documents.parts import PARTS, Stage
from workbench.state.stepwise import Stepwise

POLL_MS = 50


class Opening(QObject):
    """One document on its way. `done` when every part is in place; `given_up` with a sentence (empty: told already)."""

    done = Signal()
    given_up = Signal(str)
    audio_missing = Signal(str)  # the sound file that is not there

    def __init__(self, ctx: Context, path: Path, document: Document, audio: str = "", parent: QObject | None = None):
        super().__init__(parent)
        self.ctx, self.path, self.document = ctx, path, document
        self.steps = Stepwise()
        self._audio = audio  # another sound file in place of the document's
        self._clip = ""  # what was asked to be opened
        self._opened = 0  # how often a clip was opened since
        self._stage: Stage = "first"
        self._told: list[str] = []
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        ctx.clip.opened.connect(self._clip_opened)

    def start(self) -> None:
        """Take the embedded sound out, where there is one; then the first parts."""
        embedded = self.document.audio
        if self._audio or embedded is None:
            self._first()
            return
        target = sound_copy(self.path, self.document)
        if target.is_file() and target.stat().st_size == embedded.bytes:
            self._audio = str(target)
            self._first()
            return
        self._audio = str(target)
        self.steps.progressed.connect(lambda share: self.ctx.clip.set_progress("Taking the sound out", share))
        self.steps.start(_as_steps(reader.extract_audio(self.path, target)), self._first, self._give_up)

    def stop(self) -> None:
        """The person goes on to something else."""
        self.steps.cancel()
        self._timer.stop()
        self.ctx.clip.opened.disconnect(self._clip_opened)

    # -- stages -------------------------------------------------------------------------------------------------
    def _first(self) -> None:
        parts = dict(self.document.parts)
        if self._audio:
            known = parts.get("audio")
            parts["audio"] = {**(known if isinstance(known, dict) else {}), "path": self._audio, "bytes": 0}
        audio = parts.get("audio")
        if isinstance(audio, dict) and not self._audio:
            from workbench.documents.source_parts import find

            if find(self.ctx, audio, "path") is None:
                self.audio_missing.emit(str(audio.get("path", "")))
                return
        self._load("first", parts)
        self._clip = self.ctx.clip.wanted
        self._stage = "clip"
        self._timer.start()

    def _clip_opened(self) -> None:
        self._opened += 1

    def _poll(self) -> None:
        clip, codec = self.ctx.clip, self.ctx.codec
        wanted = codec.wanted or (codec.info.source if codec.info is not None else "")
        if not codec.loading and codec.info is None and self.ctx.engine.status == "ready":
            self._tell(f"The codec of {self.path.name} could not be loaded, so the shipped one takes its place.")
            commands.load_codec(self.ctx, "default", self.ctx.settings.compute_device)
        elif clip.wanted != self._clip or not self._clip:
            self._give_up("")  # it could not be read, which was told; or the person has opened something else
        elif codec.loading or not wanted:
            return
        elif self._stage == "clip" and self._opened and clip.in_engine and clip.data.path == self._clip:
            self._load("clip", self.document.parts)
            self._stage = "complete"
        elif self._stage == "complete" and self._all_there():
            self._load("complete", self.document.parts)
            self._check()
            self._timer.stop()
            self.done.emit()

    def _all_there(self) -> bool:
        waiting = any(column.request for column in self.ctx.columns.columns.values())
        return self.ctx.clip.complete and not waiting

    def _load(self, stage: Stage, parts: dict[str, object]) -> None:
        for part in PARTS:
            if part.stage == stage and (stage != "first" or part.key in parts):
                self._guarded(lambda part=part: part.load(self.ctx, parts.get(part.key)))  # type: ignore[misc]

    def _check(self) -> None:
        for part in PARTS:
            if part.check is not None and part.key in self.document.array_parts:
                check = part.check
                self._guarded(lambda key=part.key, check=check: check(self.ctx, reader.read_arrays(self.path, key)))  # type: ignore[misc]

    def _guarded(self, load: Callable[[], None]) -> None:
        try:
            load()
        except SpeefeareError as error:
            self._tell(str(error))

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.append(sentence)
            self.ctx.engine.add_message(sentence)

    def _give_up(self, sentence: str) -> None:
        self._timer.stop()
        self.given_up.emit(sentence)


def sound_copy(path: Path, document: Document) -> Path:
    """Where the embedded sound of a document is played from: one place for each state of each document."""
    assert document.audio is not None
    name = Path(document.audio.name.replace("\\", "/")).name or "sound.wav"
    key = f"{path.absolute()}\n{document.audio.bytes}\n{path.stat().st_mtime_ns}"
    return cache_dir() / "sounds" / hashlib.sha256(key.encode()).hexdigest()[:16] / name


def _as_steps(steps: Iterator[float]) -> Iterator[float]:  # a generator of its own, so that it can be closed
    yield from steps
