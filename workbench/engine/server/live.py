"""The live session: its thread, its start, its changes and its end."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Callable

import torch

from speefeare_core.channel.check import check_settings
from speefeare_core.codec import Codec
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server import latency, live_advice, live_devices
from workbench.engine.server.drift import DriftControl
from workbench.engine.server.latents import Basis
from workbench.engine.server.leftovers import Leftovers
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_devices import InputSide, OutputSide
from workbench.engine.server.live_feed import Feed, Source, make_source
from workbench.engine.server.live_hooks import OutputOverride, Tap
from workbench.engine.server.live_modes import LiveModes
from workbench.engine.server.live_prepare import Prepared, prepare
from workbench.engine.server.live_recovery import Recovery
from workbench.engine.server.live_request import merged
from workbench.engine.server.live_started import started
from workbench.engine.server.live_taps import LiveTaps
from workbench.engine.server.priority import STEP_PRIORITY, prefer_this_thread
from workbench.engine.server.sound import Sound
from workbench.engine.server.tasks import plain_sentence
from workbench.state.sound import LatencyPart

LOOK_S = 0.02  # between looks at devices and status
LINGER_S = 0.3  # how long a device that was left stays open, to play its fade
HOWL = (
    "Feedback: the loudspeaker was heard by the microphone, so the output was muted. Use headphones or turn it down,"
    " then unmute."
)


class LiveSession:
    """Runs on a thread of its own from `start` until it is stopped, its file ends or a device goes away.

    `find_basis` gives the plane of the latents. `stop`, `change`, `post` and what posts may be called from any thread;
    what is named `…_now` runs on the live thread alone.
    """

    def __init__(
        self,
        number: int,
        request: protocol.StartLive,
        codec: Codec,
        find_basis: Callable[[Codec], Basis | None],
        sound: Sound,
        status: Status,
        emit: Callable[[protocol.Event], None],
    ) -> None:
        self.number = number
        self.request = request  # with all changes since
        self.codec = codec
        self.find_basis = find_basis
        self.sound = sound
        self.emit = emit
        self._status = status
        self.bypass = False
        self._actions: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._end = threading.Event()
        self._reason = ""
        self.input: InputSide | None = None
        self.output: OutputSide | None = None
        self.prepared: Prepared | None = None
        self.core: LiveCore | None = None
        self._feed: Feed | None = None
        self._before = (0, 0)  # glitches of the devices when the core began
        self._leftovers = Leftovers()
        self._modes = LiveModes(emit, self._leftovers)
        self._recovery = Recovery(self)
        self._bar = latency.LatencyWatch()
        self._drift = DriftControl()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive() and not self._end.is_set()

    @property
    def dropped_frames(self) -> int:
        """Of the core that is heard, since it began."""
        return self.core.dropped_frames if self.core is not None else 0

    @property
    def source(self) -> Source | None:
        """What speaks where there is no microphone."""
        return self._feed.source if self._feed is not None else None

    @property
    def rate_hz(self) -> int:
        """Of the codec that is heard."""
        return self.codec.info.rate_hz

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        """The stacked bar as it is now, in samples at `rate_hz`; nothing before the start. Asked on the live thread:
        what is within a step is in no queue."""
        core, prepared, new_in, new_out = self.core, self.prepared, self.input, self.output
        if core is None or prepared is None or new_out is None:
            return ()
        rate = core.info.rate_hz
        waits = prepared.block + prepared.compute if prepared.buffered else 0  # within the coder's own delay
        now = latency.between(new_in.stream if new_in is not None else None, new_out.stream, lambda: core.queued)
        return latency.parts(
            now.input_s,
            now.output_s,
            core.step_samples + prepared.block,
            core.coder.delay_samples - waits,
            prepared.compute,
            now.queued + waits,
            rate,
            round(now.conversion_s * rate),
            prepared.buffered,
            round(now.phase_s * rate),
        )

    @property
    def young(self) -> bool:
        """Whether its devices do not know yet how far away they are."""
        sides = (self.input, self.output)
        return any(side.stream.clock.young for side in sides if side is not None)

    # -- from any thread --------------------------------------------------------------------------------------------
    def post(self, action: Callable[[], None]) -> None:
        """Have something done between two steps. What it raises becomes a notice."""
        self._actions.put(action)

    def change(self, number: int, request: protocol.SetLive) -> bool:
        """Between the next two steps. False: it ends later, with an event of its own for request `number`.

        Raises `SpeefeareError` for what the codec does not have.
        """
        info = self.codec.info
        if request.depth is not None:
            info.check_depth(request.depth)
        if request.channel is not None:
            check_settings(info, request.channel)
        if request.books and self.prepared is not None:
            self.prepared.coder.check_books(request.books)
        self.post(lambda: self._change_now(request))
        if request.mode is None:
            return True
        self._modes.wish(number, request.mode)
        return False

    def add_tap(self, tap: Tap) -> None:
        """Let this hear every step, also of the core that follows where the codec stays."""
        self.post(lambda: self.core.add_tap(tap) if self.core is not None else None)

    def remove_tap(self, tap: Tap) -> None:
        """No longer."""
        self.post(lambda: self.core.remove_tap(tap) if self.core is not None else None)

    def override(self, speaker: OutputOverride | None) -> None:
        """Let this speak in the codec's place; None: the codec again."""
        self.post(lambda: self.core.override(speaker) if self.core is not None else None)

    def stop(self, reason: str = "", timeout: float = 2.0) -> None:
        """End it; returns when LiveStopped is on its way."""
        self._reason = self._reason or reason
        self._end.set()
        self._thread.join(timeout)

    # -- the live thread --------------------------------------------------------------------------------------------
    def _run(self) -> None:
        started = time.perf_counter()
        try:
            torch.set_num_threads(1)
            self._start()
        except Exception as error:
            self._close()
            self.emit(protocol.Failed(self.number, plain_sentence(error)))
            return
        self.emit(protocol.Done(self.number, time.perf_counter() - started))
        try:
            self._loop()
        except Exception as error:
            self._reason = plain_sentence(error)
        self._close()
        self.emit(protocol.LiveStopped(self.number, self._reason))

    def _start(self) -> None:
        request, info = self.request, self.codec.info
        source = None
        if not live_devices.has_microphone(request):  # a file that cannot be read says so before a plan is made
            source = make_source(request, info)
        prepared = prepare(self.codec, request, self.find_basis(self.codec))
        prefer_this_thread(STEP_PRIORITY)  # not before: for seconds, nobody else would get this processor
        if source is None:
            self.input = live_devices.open_input(self.sound, request.input, info, request.device_latency_s)
        self.output = live_devices.open_output_or_silence(
            self.sound, request.output, info, self.emit, request.device_latency_s
        )
        for _ in live_devices.settling([side for side in (self.output, self.input) if side is not None]):
            if self._end.is_set():
                break
        taps = LiveTaps(info, prepared.basis, self.codec.book_energies)
        self.take_over_now(prepared, self.input, self.output, source, taps)
        self._status["running"] = 1.0

    def take_over_now(
        self, prepared: Prepared, new_in: InputSide | None, new_out: OutputSide, source: Source | None, taps: LiveTaps
    ) -> None:
        """A core for what was prepared, heard through these devices from now on; the one before fades out."""
        info, request, before = prepared.codec.info, prepared.request, self.core
        self._modes.drop(before)
        guard = request.howl_guard and new_in is not None
        core = LiveCore(info, prepared.coder, request, self._status, taps, guard, self.bypass, fade_in=True)
        core.on_howl = lambda: self.emit(protocol.Notice(0, HOWL))
        prefill = latency.prefill_samples(
            core.step_samples,
            live_devices.burst(new_in, info) if new_in is not None else 0,
            live_devices.burst(new_out, info),
            0 if prepared.buffered else prepared.compute,
            info.rate_hz,
        )
        core.begin(prefill)
        delay = prepared.coder.delay_samples
        left_s = 0.0
        if before is not None:
            left_s = min(before.to_play / before.info.rate_hz, (prefill + delay) / info.rate_hz)
            self._follow(before, core, prepared.codec)
        if self.output is not None and self.output is not new_out:
            self.output.port.disconnect()
            self._leftovers.end(self.output.stream.stop, LINGER_S)
        if self.input is not None and self.input is not new_in:
            self._leftovers.end(self.input.stream.stop)
        new_out.port.connect(core.pull, info.rate_hz, info.channels, left_s)
        if new_in is not None:
            new_in.port.connect(core.push, info.rate_hz, info.channels)
        self._drift = DriftControl(new_in.port.ppm if new_in is not None else 0.0)
        # After the last sample of a file: what waits, what the codec holds back, what the loudspeaker holds back.
        tail = prefill + delay + core.step_samples + round(new_out.stream.latency_s * info.rate_hz)
        self._feed = None if source is None else Feed(source, core, tail)
        self.input, self.output, self.prepared = new_in, new_out, prepared
        self.core, self.codec, self.request = core, prepared.codec, request
        self._before = self._glitches()  # a device that begins stumbles, which nobody hears
        bar = self.latency
        self._bar.show(bar)
        self.emit(started(self.number, core, prepared, new_in, new_out, source, bar))

    def _follow(self, before: LiveCore, core: LiveCore, codec: Codec) -> None:
        """What listens goes on where the codec stays; what only the old core needs ends."""
        core.taps.watched = before.taps.watched
        if self.codec is codec:
            for tap in before.listeners:
                core.add_tap(tap)
        self._leftovers.end(before.taps.unlink)
        if before.coder is not core.coder:
            self._leftovers.end(before.coder.close)

    def _change_now(self, request: protocol.SetLive) -> None:
        assert self.core is not None
        self.core.change(request)
        if request.bypass is not None:
            self.bypass = request.bypass
        self.request = merged(self.request, request)

    def _loop(self) -> None:
        look = 0.0
        self._recovery.awake()  # waiting for the devices was no sleep
        while not self._end.is_set():
            while not self._actions.empty():
                self._act(self._actions.get())
            core = self.core
            assert core is not None
            if self._feed is not None and not self._feed.feed():
                return
            if not core.step():
                time.sleep(min(0.002, core.step_samples / core.info.rate_hz / 8))
            now = time.monotonic()
            if now - look > LOOK_S:
                look = now
                self._recovery.look_at_sleep(core)
                self._look_at_modes(core)
                self._tell(core)
                gone = self._recovery.look_at_devices()
                if gone:
                    self._reason = gone
                    return

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.emit(protocol.Notice(0, plain_sentence(error)))

    def _tell(self, core: LiveCore) -> None:
        assert self.output is not None and self.prepared is not None
        heard, spoken = self._glitches()
        core.tell(
            self._feed.source.position if self._feed is not None else 0,
            heard - self._before[0],
            spoken - self._before[1],
        )
        if core.load.too_slow():
            self.emit(protocol.Notice(0, live_advice.too_slow(core, self.prepared)))
        self._follow_clock(core)
        bar = self._bar.moved(lambda: self.latency, core.info.rate_hz)
        if bar is not None:
            self.emit(protocol.LiveLatency(self.number, bar))

    def _follow_clock(self, core: LiveCore) -> None:
        """Keep the delay what it was where the clocks of microphone and loudspeaker differ."""
        now = time.monotonic()
        if self.input is not None and not self.young and self._drift.due(now):
            delay_s = sum(part.samples for part in self.latency) / core.info.rate_hz
            if self._drift.look(now, delay_s, int(self._status["underruns"])):
                self.input.port.stretch(self._drift.ppm)
        self._status["drift_ppm"] = self._drift.ppm

    def _glitches(self) -> tuple[int, int]:
        """Blocks that came too late, as the devices say, since they were opened."""
        heard = self.input.stream.glitches if self.input is not None else 0
        return heard, self.output.stream.glitches if self.output is not None else 0

    def _look_at_modes(self, core: LiveCore) -> None:
        assert self.prepared is not None
        report = self._modes.look(core, self.codec)
        if report is not None:
            self.prepared = dataclasses.replace(self.prepared, plan=report)
            self.request = dataclasses.replace(self.request, mode=report.mode)

    def _close(self) -> None:
        for side in (self.input, self.output):
            if side is not None:
                side.stream.stop()
        self._status["running"] = 0.0
        self._modes.drop(self.core)
        if self.core is not None:
            self.core.coder.close()
            self.core.taps.unlink()
        self._leftovers.wait()
