"""DocumentDesk: opens, saves and keeps the document of one window."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from speefeare_core.documents import reader, writer
from speefeare_core.documents.format import with_suffix
from speefeare_core.errors import SpeefeareError
from workbench.context import Context
from workbench.documents import recovery, snapshot
from workbench.documents.opening import Opening
from workbench.documents.recovery import Abandoned, RecoveryCopy
from workbench.documents.snapshot import Snapshot
from workbench.state.stepwise import Stepwise

POLL_MS = 1500  # what is new is kept for a crash after this time at most
SAVE_AFTER_S = 10.0  # a document with a name is saved by itself so long after a change, large ones less often
SLOW = 30  # the window spends at most one part in so many on saving


class DocumentDesk(QObject):
    """`start` begins to keep copies for recovery and to save what has a name."""

    audio_missing = Signal(str, str)  # document, its sound file that is not there

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self.ctx = ctx
        self.copy = RecoveryCopy()
        self.saver = Stepwise()
        self._opening: Opening | None = None
        self._adopted: Abandoned | None = None  # the copy that is being opened: kept until ours takes its place
        self._kept: Snapshot | None = None  # in the copy for recovery
        self._saved = ""  # content in the file
        self._saved_all = ""
        self._saved_at = 0.0
        self._save_took_s = 0.0
        self._last: Snapshot | None = None
        self._told: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.keep)
        ctx.document.leaving.connect(self._leave)

    # -- life ---------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """From now on nothing is lost."""
        self._timer.start()

    def close(self) -> None:
        """The window closes well: save what has a name, keep the rest as the last document. May be called twice."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        self.saver.finish()
        if self._opening is not None:  # half of it is here: the file stays as it is
            self._stop_opening()
            self.copy.remove()
            return
        self.keep()
        self._save_now_if_named()
        if self.ctx.document.path or self._kept is None:
            self.copy.remove()
        else:
            self.copy.keep_as_last()

    # -- open ---------------------------------------------------------------------------------------------------
    def open(self, path: str | Path, audio: str = "") -> None:
        """Open a document; `audio` takes the place of its sound file. Bad files are told and change nothing."""
        path = Path(path).expanduser().absolute()
        try:
            document = reader.read(path)
        except SpeefeareError as error:
            self.ctx.engine.add_message(str(error))
            return
        self._leave()
        state = self.ctx.document
        state.update(path=str(path), opening=str(path), embed=document.audio is not None, modified=False)
        state.audio_name = document.audio.name if document.audio is not None else ""
        self._open(Opening(self.ctx, path, document, audio, self))

    def recover(self, found: Abandoned) -> None:
        """Bring back what a window that did not end well was about."""
        self._leave()
        extra = found.document.extra
        named = str(extra.get("path") or "")
        state = self.ctx.document
        state.update(path=named, opening=named or str(found.path), embed=extra.get("embed") is True, modified=True)
        state.audio_name = str(extra.get("audio_name") or "")
        self._adopted = found
        audio = self._embedded_again(found, named)
        self._open(Opening(self.ctx, found.path, found.document, audio, self))

    def open_last(self) -> None:
        """The untitled document that was closed last."""
        path = recovery.last()
        if path is None:
            self.ctx.engine.add_message("There is no document that was closed without a name.")
            return
        self.open(path)
        self.ctx.document.update(path="")

    @property
    def opening(self) -> bool:
        """Whether parts of a document are still being put in place."""
        return self._opening is not None

    @property
    def kept_text(self) -> str:
        """What a window after a crash would bring back, as `Snapshot.everything`."""
        return "" if self._kept is None else self._kept.everything

    def _open(self, opening: Opening) -> None:
        self._opening = opening
        opening.done.connect(self._opened)
        opening.given_up.connect(self._not_opened)
        opening.audio_missing.connect(self._audio_missing)
        opening.start()

    def _opened(self) -> None:
        self._stop_opening()
        ctx, state = self.ctx, self.ctx.document
        ctx.history.clear()
        recovered, self._adopted = self._adopted, None
        now = self._last = snapshot.take(ctx, self._tell_once)
        self._saved, self._saved_all = ("", "") if recovered or not state.path else (now.content, now.everything)
        state.update(opening="", modified=bool(recovered))
        if state.path:
            ctx.settings.add_recent_document(state.path)
        if state.embed:
            ctx.settings.forget_recent_clip(ctx.clip.data.path)  # a copy in the cache
        if recovered is not None:
            self.keep()
            recovered.remove()

    def _not_opened(self, sentence: str) -> None:
        self._stop_opening()
        self._adopted = None  # its copy stays, to be offered again
        self.ctx.document.update(path="", opening="", embed=False, modified=False)
        if sentence:
            self.ctx.clip.set_progress("", 0.0)
            self.ctx.engine.add_message(sentence)

    def _audio_missing(self, sound: str) -> None:
        assert self._opening is not None
        path = str(self._opening.path)
        self._not_opened("")
        self.ctx.engine.add_message(
            f"{Path(path).name} cannot be opened: its sound file {sound or 'has no name'} is not there. Put it back, or"
            " choose where it is now."
        )
        self.audio_missing.emit(path, sound)

    def _stop_opening(self) -> None:
        if self._opening is not None:
            self._opening.stop()
            self._opening.deleteLater()
            self._opening = None

    def _embedded_again(self, found: Abandoned, named: str) -> str:
        """The sound of a named document whose copy in the cache is gone is taken out of it again."""
        from workbench.documents.opening import sound_copy

        audio = found.document.parts.get("audio")
        place = audio.get("path") if isinstance(audio, dict) else ""
        if not named or not isinstance(place, str) or (place and Path(place).exists()):
            return ""
        try:
            document = reader.read(named)
            if document.audio is None:
                return ""
            target = sound_copy(Path(named), document)
            for _ in reader.extract_audio(named, target):
                pass
            return str(target)
        except (SpeefeareError, OSError):
            return ""

    # -- save ---------------------------------------------------------------------------------------------------
    def save(self, path: str | Path = "", embed: bool | None = None) -> None:
        """Save under this name (empty: the one it has), with its sound file in it or not (None: as before)."""
        state, clip = self.ctx.document, self.ctx.clip.data
        if self._opening is not None or not clip.path:
            self.ctx.engine.add_message(
                "The document is still being opened."
                if self._opening
                else "There is nothing to save; open a clip first."
            )
            return
        target = with_suffix(Path(path or state.path).expanduser().absolute())
        state.update(path=str(target), embed=state.embed if embed is None else embed)
        if state.embed and not state.audio_name:
            state.audio_name = Path(clip.path).name
        self._begin_save(target, tell=True)

    def keep(self) -> None:
        """Look what is new: into the copy for recovery, and after a while into the file of the document."""
        if self._opening is not None:
            return
        ctx, state = self.ctx, self.ctx.document
        if not ctx.clip.is_open:
            return
        now = self._last = snapshot.take(ctx, self._tell_once)
        if not now.has_clip:
            return
        if self._kept is None or now.everything != self._kept.everything:
            extra = {"path": state.path, "embed": state.embed, "audio_name": state.audio_name}
            try:
                self.copy.write(now.parts, extra)
                self._kept = now
            except SpeefeareError as error:
                self._tell_once(str(error))
        state.update(modified=now.content != self._saved)
        waited = time.monotonic() - self._saved_at
        due = max(SAVE_AFTER_S, SLOW * self._save_took_s)
        if state.path and state.modified and not self.saver.running and waited > due:
            self._begin_save(Path(state.path), tell=False)

    def _begin_save(self, target: Path, tell: bool) -> None:
        ctx, state = self.ctx, self.ctx.document
        now = snapshot.take(ctx, self._tell_once)
        began = time.monotonic()
        self._saved_at = began

        def saved() -> None:
            self._saved, self._saved_all = now.content, now.everything
            self._saved_at = time.monotonic()
            self._save_took_s = self._saved_at - began
            ctx.settings.add_recent_document(str(target))
            if self._last is not None:
                state.update(modified=self._last.content != self._saved)
            state.update(modified=False) if self._last is None else None
            if tell:
                ctx.engine.add_message(f"Saved {target}.")

        def failed(sentence: str) -> None:
            state.update(modified=True)
            if tell:
                ctx.engine.add_message(sentence)
            else:
                self._tell_once(sentence)

        self._last = now
        self.saver.finish()
        self.saver.start(self._steps(target, now), saved, failed)

    def _steps(self, target: Path, now: Snapshot, durable: bool = True) -> Any:
        audio = Path(self.ctx.clip.data.path) if self.ctx.document.embed else None
        name = self.ctx.document.audio_name or (audio.name if audio is not None else "")
        return writer.write_steps(target, now.parts, snapshot.arrays(self.ctx), audio, name, durable=durable)

    def _save_now_if_named(self) -> None:
        state, now = self.ctx.document, self._last
        if state.path and now is not None and now.has_clip and now.everything != self._saved_all:
            self._begin_save(Path(state.path), tell=False)
            self.saver.finish()

    def _leave(self) -> None:
        """Another clip or document takes the place of this one: the last moment to save it."""
        if self._opening is not None:
            self._stop_opening()
            self._adopted = None
        elif self._timer.isActive():
            self.keep()
            self._save_now_if_named()
        self._kept = None
        self._saved = self._saved_all = ""
        self.ctx.document.update(path="", opening="", embed=False, audio_name="", modified=False)

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self.ctx.engine.add_message(sentence)
