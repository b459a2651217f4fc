"""Records a live session into a folder: hears every step, and writes on a thread of its own.

The live thread pays for a queue's `put`, and once, at the beginning, for a copy of the stream's state, from which the
recording can be replayed to the bit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import queue
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions.fingerprint import fingerprinting
from speefeare_core.sessions.format import Change, Dropped, Row, SessionInfo, StreamStart
from speefeare_core.sessions.writer import SessionWriter, versions
from speefeare_core.stream import CodecStream
from workbench.engine import protocol
from workbench.engine.server.live_hooks import Tap
from workbench.engine.server.live_prepare import Prepared

FLUSH_S = 0.25
LAST_S = 1.5  # what the end may wait for the fingerprint of large weights
MOST_WAITING_S = 60.0  # of sound that a disk which stands still may keep waiting in memory
NICENESS = 10
SETTINGS = ("depth", "books", "mode", "mix", "bypass", "channel", "muted", "input_gain_db", "output_gain_db")
Samples = NDArray[np.float32]


class Recorded(Protocol):
    """What is asked of the live session."""

    codec: Codec
    request: protocol.StartLive  # with all changes since
    bypass: bool
    prepared: Prepared | None

    @property
    def dropped_frames(self) -> int:
        """Since the start."""
        ...

    def post(self, action: Callable[[], None]) -> None:
        """Have something done on the live thread."""
        ...

    def add_tap(self, tap: Tap) -> None:
        """Hear every step."""
        ...

    def remove_tap(self, tap: Tap) -> None:
        """No longer."""
        ...


@dataclasses.dataclass(frozen=True)
class _Heard:
    """One step on its way to the disk."""

    before: Samples
    after: Samples
    codes: NDArray[Any] | None
    start_s: float
    step_s: float


@dataclasses.dataclass(frozen=True)
class _State:
    """A stream's state on its way to the disk."""

    name: str
    state: dict[str, Any]


class Recorder:
    """One recording. Ends by `stop`, or by itself, with a notice, where the disk is full or another codec takes over.

    Its last event is LiveRecorded, and Done where `stop` gave a number. Raises `SpeefeareError` where the folder cannot
    be made. All but `write` may be called from any thread.
    """

    def __init__(self, folder: str, session: Recorded, emit: Callable[[protocol.Event], None]) -> None:
        self._session, self._emit = session, emit
        codec = self._codec = session.codec
        settings = {**dataclasses.asdict(session.request), "bypass": session.bypass}
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        info = SessionInfo(codec.info.source or codec.info.name, codec.info, now, settings, versions())
        self._writer = SessionWriter(Path(folder).expanduser().absolute(), info)
        self._queue: queue.SimpleQueue[_Heard | _State | Row] = queue.SimpleQueue()
        self._began = time.perf_counter()
        self._at = self._states = 0
        self._stream: CodecStream | None = None
        self._known = False
        self._request: protocol.StartLive | None = None
        self._settings: dict[str, Any] = {}
        self._dropped = 0
        self._ending = threading.Event()
        self._number = 0  # of the request that ends it
        self._last_words = threading.Lock()
        self._ended = False
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        session.post(self._begin)
        session.add_tap(self)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still records or writes."""
        return self._thread.is_alive()

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return self._at / self._codec.info.rate_hz

    def stop(self, number: int = 0) -> bool:
        """End it soon; LiveRecorded follows, and Done for request `number`. False: it has ended, nothing follows."""
        with self._last_words:
            if self._ended:
                return False
            self._number = number or self._number
        self._session.remove_tap(self)
        self._ending.set()
        return True

    def join(self, timeout: float = 2.0) -> None:
        """Wait for its last event."""
        self._thread.join(timeout)

    # -- the live thread --------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        """Between two steps: from here on."""
        self._dropped = self._session.dropped_frames
        self._note_settings()
        self._note_stream()

    def write(
        self, block_in: Samples, out: Samples, codes: Tensor | None, latents: Tensor | None, step_s: float
    ) -> None:
        """One step, see `Tap`."""
        if self._ending.is_set():
            return
        if self._at - self._writer.length_samples > MOST_WAITING_S * self._codec.info.rate_hz:
            self._problem = f"The disk of {self._writer.folder} is too slow, so the recording has ended."
            self._ending.set()
            return
        self._note_settings()
        dropped = self._session.dropped_frames
        if dropped != self._dropped:
            self._queue.put(Dropped(self._at, dropped - self._dropped))
            self._dropped = dropped
        followed = self._find_stream() is self._stream
        if not followed and self._known:  # this step is another stream's, and nobody knows from what it began
            self._put_start(known=False)
        told = codes if self._codec.info.books else latents
        kind = np.int32 if self._codec.info.books else np.float32
        kept = None if told is None else told[0].detach().cpu().numpy().astype(kind)
        start_s = time.perf_counter() - self._began - step_s
        self._queue.put(_Heard(block_in, out, kept, start_s, step_s))
        self._at += block_in.shape[1]
        if not followed:
            self._note_stream()

    def _note_settings(self) -> None:
        session = self._session
        if session.request is self._request and session.bypass == self._settings["bypass"]:
            return
        self._request = session.request
        values = {**dataclasses.asdict(session.request), "bypass": session.bypass}
        if session.prepared is not None:
            values["depth"] = session.prepared.coder.depth
        now = {name: values[name] for name in SETTINGS}
        differing = {name: value for name, value in now.items() if self._settings.get(name, self) != value}
        self._settings = now
        if differing:
            self._queue.put(Change(self._at, differing))

    def _find_stream(self) -> CodecStream | None:
        coder = None if self._session.prepared is None else self._session.prepared.coder
        return getattr(coder, "stream", None)  # who codes blocks has none

    def _note_stream(self) -> None:
        """The stream that takes the next step, with a copy of its state."""
        self._stream = self._find_stream()
        if self._stream is None:
            self._put_start(known=False)
            return
        name = f"stream-{self._states}.pt"
        self._states += 1
        self._queue.put(_State(name, self._stream.get_state()))
        self._put_start(known=True, state=name)

    def _put_start(self, known: bool, state: str = "") -> None:
        plan = None if self._session.prepared is None else self._session.prepared.plan
        self._known = known
        frames, mode, compiled = (plan.frames, plan.mode, plan.compiled) if plan is not None else (0, "", False)
        kind = type(self._stream).__name__ if known else ""
        self._queue.put(StreamStart(self._at, frames, mode, compiled, kind, state, known))

    # -- its own thread ---------------------------------------------------------------------------------------------
    def _run(self) -> None:
        if hasattr(os, "setpriority"):
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        weights = fingerprinting(self._codec)
        complete, reason = True, ""
        try:
            while not reason and not self._ending.wait(FLUSH_S):
                self._write_waiting()
                self._fingerprint(weights, 0.02)
                if self._session.codec is not self._codec:
                    reason = "Another codec took over, so the recording has ended."
            self._write_waiting()
            self._fingerprint(weights, LAST_S)
        except Exception as error:
            complete = False
            words = str(error) if isinstance(error, SpeefeareError) else f"The recording failed ({error})."
            reason = f"{words} Live goes on; what was recorded before is kept."
        self._ending.set()
        self._session.remove_tap(self)
        self._writer.close(complete)
        if reason or self._problem:
            self._emit(protocol.Notice(0, reason or self._problem))
        with self._last_words:
            self._ended = True
        self._emit(protocol.LiveRecorded(self._number, str(self._writer.folder), self._writer.flushed_s))
        if self._number:
            self._emit(protocol.Done(self._number, 0.0))

    def _write_waiting(self) -> None:
        while not self._queue.empty():
            given = self._queue.get()
            if isinstance(given, _Heard):
                self._writer.add_step(given.before, given.after, given.codes, given.start_s, given.step_s)
            elif isinstance(given, _State):
                self._writer.write_state(given.name, given.state)
            else:
                self._writer.add_row(given)
        self._writer.flush()

    def _fingerprint(self, weights: Generator[None, None, str], seconds: float) -> None:
        """A little more of it each time: it reads all the weights."""
        limit = time.monotonic() + seconds
        while not self._writer.info.fingerprint and time.monotonic() < limit:
            try:
                next(weights)
            except StopIteration as end:
                self._writer.set_info(fingerprint=end.value)
