"""The engine: one loop that reads requests, and the parts that serve them."""

from __future__ import annotations

import gc
import queue
import time
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection

import torch

from speefeare_core import blocks
from speefeare_core.blocks import seam
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec
from speefeare_core.devices import available_devices
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server import estimate, latents, round_trip
from workbench.engine.server.answers import ANSWERS, Desk
from workbench.engine.server.clip import Clip, Listener
from workbench.engine.server.columns import CodecShelf
from workbench.engine.server.live import LiveSession
from workbench.engine.server.live_keeper import LiveKeeper
from workbench.engine.server.live_switch import switching
from workbench.engine.server.outbox import Outbox
from workbench.engine.server.player import Player
from workbench.engine.server.priority import STEP_PRIORITY, prefer_this_thread
from workbench.engine.server.sound import Sound
from workbench.engine.server.tasks import Task, TaskThread, Work, plain_sentence
from workbench.engine.server.topics.shelf import SHELF

TURN_S = 0.01  # how often the player and the live session are looked after
LOAD, DEPTH, CLIP, SEAM = 0, 1, 2, 3  # urgencies


class Engine:
    """Reads requests until Shutdown or until the window is gone.

    Instant requests are answered here, long ones on the task thread. What other threads want done on this one they give
    to `call`.
    """

    def __init__(self, connection: Connection, started: float) -> None:
        self._connection = connection
        self._outbox = Outbox(connection)
        self._emit = self._outbox.put
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._player_status = Status.create(protocol.PLAYER_STATUS)
        self._live_status = Status.create(protocol.LIVE_STATUS)
        self._threads = torch.get_num_threads()
        self._sound = Sound()
        self._player = Player(self._player_status, self._sound, self._emit)
        self._tasks = TaskThread(self._emit, self._choose_threads)
        self._codec: Codec | None = None
        self._fitted: tuple[Codec, latents.Basis | None] | None = None
        self._clip: Clip | None = None
        self._shelf = CodecShelf()
        self._depth = 0
        self._live: LiveSession | None = None
        self._keeper = LiveKeeper(self._live_status, self._emit)
        self._emit(
            protocol.EngineReady(
                0,
                self._player_status.ref,
                self._live_status.ref,
                available_devices(),
                str(torch.__version__),  # torch.__version__ is of a class whose unpickling would import torch
                time.perf_counter() - started,
            )
        )

    def call(self, action: Callable[[], None]) -> None:
        """Have something done on the main loop's thread."""
        self._calls.put(action)

    def run(self) -> None:
        """Until Shutdown or the end of the window."""
        # This loop does little, but a device's callback would wait for it while it holds the interpreter lock.
        prefer_this_thread(STEP_PRIORITY)
        try:
            while True:
                asked = self._connection.poll(TURN_S)
                while not self._calls.empty():  # first: the window may ask because of what these announce
                    self._calls.get()()
                if asked:
                    envelope = self._connection.recv()
                    if isinstance(envelope.request, protocol.Shutdown):
                        return
                    self._handle(envelope)
                self._player.tend()
                self._keeper.tend(self._live)
        except (EOFError, ConnectionError):  # the window is gone
            return
        finally:
            self._close()

    def _close(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._keeper.close()
        self._player.close()
        self._tasks.stop(timeout=0.5)
        self._outbox.close()

    def _choose_threads(self) -> None:
        """Long work leaves a core to the live session."""
        busy = self._live is not None and self._live.running
        torch.set_num_threads(1 if busy else self._threads)

    # -- requests -----------------------------------------------------------------------------------------------
    def _handle(self, envelope: protocol.Envelope) -> None:
        number, request = envelope.id, envelope.request
        started = time.perf_counter()
        try:
            match request:
                case protocol.LoadCodec():
                    self._tasks.submit(Task(number, "load", LOAD, self._load(number, request)), voids="load")
                    return
                case protocol.ProcessClip():
                    self._tasks.submit(Task(number, "clip", CLIP, self._process(number, request)), voids="clip")
                    return
                case protocol.WantDepth():
                    self._tasks.submit(Task(number, "depth", DEPTH, self._want(number, request.depth)))
                    return
                case protocol.MeasureSeam():
                    self._tasks.submit(Task(number, "seam", SEAM, self._measure_seam(number)), voids="seam")
                    return
                case protocol.Cancel():
                    self._tasks.cancel(request.target_id)
                case protocol.ListDevices():
                    self._emit(self._sound.list(number))
                case protocol.StartLive():
                    self._start_live(number, request)
                    return
                case protocol.SetLive():
                    if self._live is not None and not self._live.change(number, request):
                        return
                case protocol.SwitchLive():
                    self._tasks.submit(Task(number, "switch", LOAD, self._switch(number, request)))
                    return
                case protocol.RecordLive() | protocol.FreezeLive() | protocol.ReplayFrozen():
                    if not self._keeper.handle(number, request, self._live):
                        return
                case protocol.MeasureRoundTrip():
                    work = round_trip.measuring(number, self._running(), self._emit)
                    self._tasks.submit(Task(number, "round trip", DEPTH, work), voids="round trip")
                    return
                case protocol.EstimateLive():
                    self._estimate(number, request)
                    return
                case protocol.StopLive():
                    self._stop_live()
                case protocol.SelectDepth():
                    self._depth = request.depth
                    self._player.handle(request)
                case _ if type(request) in ANSWERS:
                    self._answer(number, request)
                    return
                case _:
                    self._player.handle(request)
        except Exception as error:
            self._emit(protocol.Failed(number, plain_sentence(error)))
        else:
            self._emit(protocol.Done(number, time.perf_counter() - started))

    def _answer(self, number: int, request: protocol.Request) -> None:
        """Long work of the table."""
        codec, row = self._loaded(), ANSWERS[type(request)]
        desk = Desk(
            self._emit, self.call, self._player, codec, lambda: self._clip, lambda: self._fit(codec), self._shelf
        )
        self._tasks.submit(Task(number, row.kind, row.urgency, row.start(desk, number, request)), voids=row.voids)

    def _load(self, number: int, request: protocol.LoadCodec) -> Work:
        self._emit(protocol.Progress(number, "Loading the codec", 0.0, 1.0))
        yield
        started = time.perf_counter()
        codec = load_codec(request.source, request.device)
        taken = time.perf_counter() - started
        live = self._live
        if live is None or not live.running:
            self._adopt(number, codec, taken)
            return
        try:
            yield from self._carry_over(live, protocol.SwitchLive(), codec, lambda: self._adopt(number, codec, taken))
        except SpeefeareError as error:
            sentence = str(error)
            if self._codec is not codec:
                self._adopt(number, codec, taken)
            self.call(lambda: self._stop_live(sentence))

    def _switch(self, number: int, request: protocol.SwitchLive) -> Work:
        live = self._running()
        if request.source is None:
            yield from switching(live, request)
            return
        self._emit(protocol.Progress(number, "Loading the codec", 0.0, 1.0))
        yield
        started = time.perf_counter()
        codec = load_codec(request.source, request.device)
        taken = time.perf_counter() - started
        yield from self._carry_over(live, request, codec, lambda: self._adopt(number, codec, taken))

    def _carry_over(
        self, live: LiveSession, request: protocol.SwitchLive, codec: Codec, ready: Callable[[], None]
    ) -> Work:
        """Another codec for the session that runs, which never becomes a buffered one by itself."""
        if not codec.info.streamable and live.request.buffered_s <= 0:
            raise SpeefeareError(f"{codec.info.name} cannot stream; start live in buffered mode to hear it.")
        yield from switching(live, request, codec, ready)

    def _adopt(self, number: int, codec: Codec, taken_s: float) -> None:
        """From now on this is the codec."""
        self._tasks.void(("clip", "depth", "seam", "estimate", *(row.kind for row in ANSWERS.values())))
        self._forget_clip()
        SHELF.clear()
        self._codec = codec
        gc.collect()
        gc.freeze()  # a later collection need not walk through torch, which would hold up the sound for long
        self.call(self._player.forget_clip)
        words, has_seam = blocks.words_for(codec), not blocks.is_exact(codec)
        self._emit(protocol.CodecLoaded(number, codec.info, str(codec.device), taken_s, words, has_seam))

    def _process(self, number: int, request: protocol.ProcessClip) -> Work:
        codec = self._loaded()
        listener = Listener(
            self._emit,
            lambda samples, rate: self.call(lambda: self._player.open_clip(samples, rate)),
            lambda depth, samples: self.call(lambda: self._player.add_render(depth, samples)),
            lambda depth: self.call(lambda: self._player.remove_render(depth)),
        )
        self._clip = yield from Clip.open(
            codec, lambda: self._fit(codec), listener, number, request.path, self._forget_clip
        )
        self._clip.settings = request.spectrogram
        yield from self._clip.process(number, request.wanted_depths, lambda: self._depth)

    def _fit(self, codec: Codec) -> Generator[None, None, latents.Basis | None]:
        """The plane of the codec's latents, fitted at its first use."""
        fitted = self._fitted
        if fitted is None or fitted[0] is not codec:
            basis = yield from latents.fit_to_codec(codec)
            fitted = self._fitted = (codec, basis)
        return fitted[1]

    def _measure_seam(self, number: int) -> Work:
        codec = self._loaded()
        self._emit(protocol.Progress(number, "Measuring the seam", 0.0, 1.0))
        yield
        report = yield from seam.measuring(codec, seam.long_sample(codec))
        self._emit(protocol.SeamMeasured(number, report))

    def _want(self, number: int, depth: int) -> Work:
        if self._clip is None:
            raise SpeefeareError("There is no open clip to decode; open a sound file first.")
        yield from self._clip.want(number, depth)

    def _start_live(self, number: int, request: protocol.StartLive) -> None:
        codec = self._loaded()
        self._stop_live()
        self._live = LiveSession(number, request, codec, self._find_basis, self._sound, self._live_status, self._emit)

    def _stop_live(self, reason: str = "") -> None:
        if self._live is not None:
            self._live.stop(reason)
            self._live = None
        self._keeper.tend(None)

    def _running(self) -> LiveSession:
        if self._live is None or not self._live.running:
            raise SpeefeareError("Live does not run; start it first.")
        return self._live

    def _estimate(self, number: int, request: protocol.EstimateLive) -> None:
        if self._live is not None and self._live.running:
            raise SpeefeareError("Live runs, and timing would disturb it; stop it first.")
        work = estimate.estimating(number, self._loaded(), request.frames, request.modes, self._emit)
        self._tasks.submit(Task(number, "estimate", SEAM, work), voids="estimate")

    def _find_basis(self, codec: Codec) -> latents.Basis | None:
        """The same for the live session, in one go."""
        work = self._fit(codec)
        while True:
            try:
                next(work)
            except StopIteration as end:
                basis: latents.Basis | None = end.value
                return basis

    def _loaded(self) -> Codec:
        if self._codec is None:
            raise SpeefeareError("No codec is loaded yet; open a codec first.")
        return self._codec

    def _forget_clip(self) -> None:
        """A new clip or codec is there: WantDepth for the clip before is void, and its arrays go."""
        self._tasks.void(("depth", *(row.kind for row in ANSWERS.values() if row.of_clip)))
        if self._clip is not None:
            self._clip.unlink()
            self._clip = None
