"""The live session: its thread, its start, its changes and its end."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Callable

import torch

from speefeare_core.channel.check import check_settings
from speefeare_core.codec import Codec, CodecInfo
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server import latency, live_advice, live_devices, live_source
from workbench.engine.server.latents import Basis
from workbench.engine.server.live_coder import StreamCoder
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_devices import InputSide, OutputSide, Side
from workbench.engine.server.live_feed import Feed, Source
from workbench.engine.server.live_hooks import OutputOverride, Tap
from workbench.engine.server.live_plan import PlanChange
from workbench.engine.server.live_prepare import Prepared, prepare
from workbench.engine.server.priority import STEP_PRIORITY, prefer_this_thread
from workbench.engine.server.sleep_watch import SleepWatch
from workbench.engine.server.sound import Sound
from workbench.engine.server.tasks import plain_sentence
from workbench.state.sound import LatencyPart

LOOK_S = 0.02  # between looks at devices and status
LINGER_S = 0.3  # how long a device that was left stays open, to play its fade
WAKE_S = 10.0  # after sleep, in which a device that does not come back is opened again
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
        self._leaving: list[tuple[float, Side]] = []
        self._plan: PlanChange | None = None
        self._watch = SleepWatch()
        self._bar = latency.LatencyWatch()
        self._woken = -WAKE_S
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
        self.post(lambda: self._change_now(number, request))
        return request.mode is None

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
            prefer_this_thread(STEP_PRIORITY)
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
        if source is None:
            self.input = live_devices.open_input(self.sound, request.input, info)
        self.output = live_devices.open_output_or_silence(self.sound, request.output, info, self.emit)
        for _ in live_devices.settling([side for side in (self.output, self.input) if side is not None]):
            if self._end.is_set():
                break
        self.take_over_now(prepared, self.input, self.output, source)
        self._status["running"] = 1.0

    def take_over_now(
        self, prepared: Prepared, new_in: InputSide | None, new_out: OutputSide, source: Source | None
    ) -> None:
        """A core for what was prepared, heard through these devices from now on; the one before fades out."""
        info, request, before = prepared.codec.info, prepared.request, self.core
        self._drop_plan()
        guard = request.howl_guard and new_in is not None
        core = LiveCore(
            info,
            prepared.coder,
            request,
            self._status,
            prepared.basis,
            guard,
            self.bypass,
            fade_in=True,
            energies=prepared.codec.book_energies,
        )
        core.on_howl = lambda: self.emit(protocol.Notice(0, HOWL))
        prefill = latency.prefill_samples(
            core.step_samples,
            round(new_in.port.flow.burst_samples * info.rate_hz / new_in.port.rate_hz) if new_in is not None else 0,
            round(new_out.port.flow.burst_samples * info.rate_hz / new_out.port.rate_hz),
            0 if prepared.buffered else prepared.compute,
            info.rate_hz,
        )
        if before is not None:
            core.taps.watched = before.taps.watched
            if self.codec is prepared.codec:
                for tap in before.listeners:
                    core.add_tap(tap)
        core.begin(prefill)
        delay = prepared.coder.delay_samples
        old_left_s = 0.0
        if before is not None:
            old_left_s = min(before.to_play / before.info.rate_hz, (prefill + delay) / info.rate_hz)
        if self.output is not None and self.output is not new_out:
            self.output.port.disconnect()
            self._leave(self.output)
        new_out.port.connect(core.pull, info.rate_hz, info.channels, old_left_s)
        if self.input is not None and self.input is not new_in:
            self._leave(self.input)
        if new_in is not None:
            new_in.port.connect(core.push, info.rate_hz, info.channels)
        # After the last sample of a file: what waits, what the codec holds back, what the loudspeaker holds back.
        tail = prefill + delay + core.step_samples + round(new_out.stream.latency_s * info.rate_hz)
        self._feed = None if source is None else Feed(source, core, tail)
        self.input, self.output, self.prepared = new_in, new_out, prepared
        self.core, self.codec, self.request = core, prepared.codec, request
        if before is not None:
            before.taps.unlink()
            if before.coder is not core.coder:
                before.coder.close()
        self.emit(self._started(core, prepared, source))

    def _started(self, core: LiveCore, prepared: Prepared, source: Source | None) -> protocol.LiveStarted:
        assert self.output is not None
        info, taps = prepared.codec.info, core.taps
        sides = [side for side in (self.input, self.output) if side is not None]
        notes = [*prepared.notes, *(note for side in sides for note in live_devices.rate_note(side, info))]
        spoken = source.name if source is not None else ""
        bar = self.latency
        self._bar.show(bar)
        return protocol.LiveStarted(
            self.number,
            info.rate_hz,
            self.input.stream.name if self.input is not None else spoken,
            self.output.stream.name,
            bar,
            taps.input.ref,
            taps.output.ref,
            taps.codes.ref if taps.codes is not None else None,
            taps.latents.ref if taps.latents is not None else None,
            info.frame_rate_hz,
            tuple(notes),
            taps.residual.ref if taps.residual is not None else None,
            prepared.plan,
            core.step_frames,
        )

    def _change_now(self, number: int, request: protocol.SetLive) -> None:
        assert self.core is not None and self.prepared is not None
        self.core.change(request)
        if request.bypass is not None:
            self.bypass = request.bypass
        self.request = merged(self.request, request)
        if request.mode is None:
            return
        if self.prepared.buffered:
            self.emit(protocol.Failed(number, "Blocks are computed exactly; end the buffered mode to choose another."))
            return
        self._drop_plan()
        self._plan = PlanChange(number, self.codec, self.core.step_frames, self.core.coder.depth, request.mode)
        self.core.add_tap(self._plan)

    def _drop_plan(self) -> None:
        if self._plan is not None and self.core is not None:
            self.core.remove_tap(self._plan)
            self._plan.close()
            self.emit(protocol.Voided(self._plan.number))
        self._plan = None

    def _look_at_plan(self) -> None:
        change = self._plan
        if change is None or not change.ready:
            return
        assert self.core is not None and self.prepared is not None
        coder = self.core.coder
        self.core.remove_tap(change)
        self._plan = None
        try:
            plan, missed = change.take()
        except SpeefeareError as error:
            self.emit(protocol.Failed(change.number, str(error)))
            return
        assert isinstance(coder, StreamCoder)
        coder.take_over(plan.stream, missed)
        self.prepared = dataclasses.replace(self.prepared, plan=plan.report)
        self.request = dataclasses.replace(self.request, mode=change.mode)
        self.emit(protocol.LivePlan(change.number, plan.report))
        self.emit(protocol.Done(change.number, plan.report.build_s))

    def _loop(self) -> None:
        look = 0.0
        self._watch.look()  # waiting for the devices was no sleep
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
                self._look_at_plan()
                self._look_at_sleep(core)
                self._tell(core)
                if not self._devices_live():
                    return

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.emit(protocol.Notice(0, plain_sentence(error)))

    def _tell(self, core: LiveCore) -> None:
        assert self.output is not None and self.prepared is not None
        core.tell(
            self._feed.source.position if self._feed is not None else 0,
            self.input.stream.glitches if self.input is not None else 0,
            self.output.stream.glitches,
        )
        if core.load.too_slow():
            self.emit(protocol.Notice(0, live_advice.too_slow(core, self.prepared)))
        bar = self._bar.moved(lambda: self.latency, core.info.rate_hz)
        if bar is not None:
            self.emit(protocol.LiveLatency(self.number, bar))

    def _look_at_sleep(self, core: LiveCore) -> None:
        slept = self._watch.look()
        if slept:
            self._woken = time.monotonic()
            frames = core.drop_waiting()
            self.emit(
                protocol.Notice(
                    0,
                    f"The computer stood still for {slept:.0f} s; live goes on from now, without the {frames} frames"
                    " that waited.",
                )
            )

    def _devices_live(self) -> bool:
        """Whether the session can go on; closes devices that were left."""
        assert self.output is not None
        now = time.monotonic()
        for at, side in self._leaving:
            if now > at:
                side.stream.stop()
        self._leaving = [(at, side) for at, side in self._leaving if now <= at]
        self.output.port.forget_old()
        sides: list[Side] = [side for side in (self.input, self.output) if side is not None]
        gone = next((side for side in sides if side.stream.lost()), None)
        if gone is None:
            return True
        if now - self._woken < WAKE_S:
            self._open_again_now()
            return True
        self._reason = f"The sound device {gone.stream.name} went away, so live has stopped."
        return False

    def _open_again_now(self) -> None:
        """After sleep: the same devices once more. Raises `SpeefeareError` where they are not there."""
        assert self.output is not None and self.prepared is not None
        self._woken = -WAKE_S
        info = self.codec.info
        for side in (self.input, self.output):
            if side is not None:
                side.stream.stop()
        new_in = None
        if self.input is not None:
            new_in = live_devices.open_input(self.sound, self.request.input, info)
        new_out = live_devices.open_output_or_silence(self.sound, self.request.output, info, self.emit)
        for _ in live_devices.settling([side for side in (new_in, new_out) if side is not None]):
            pass
        source = self._feed.source if self._feed is not None else None
        self.take_over_now(dataclasses.replace(self.prepared, request=self.request), new_in, new_out, source)

    def _leave(self, side: Side) -> None:
        self._leaving.append((time.monotonic() + LINGER_S, side))

    def _close(self) -> None:
        for side in (self.input, self.output, *(side for _, side in self._leaving)):
            if side is not None:
                side.stream.stop()
        self._status["running"] = 0.0
        self._drop_plan()
        if self.core is not None:
            self.core.coder.close()
            self.core.taps.unlink()


def make_source(request: protocol.StartLive, info: CodecInfo) -> Source:
    """What speaks where there is no microphone. Raises `SpeefeareError` for a file that cannot be read or a signal that
    there is not."""
    if request.file is not None:
        return live_source.FileSource(request.file, info.rate_hz, info.channels, request.loop_file)
    if request.generator is not None:
        return live_source.GeneratorSource(request.generator, info.rate_hz, info.channels, request.tone_hz)
    return live_source.SilenceSource(info.channels)


def merged(request: protocol.StartLive, change: protocol.SetLive) -> protocol.StartLive:
    """What a session would be started with to be as it is after a change."""
    names = ("depth", "muted", "input_gain_db", "output_gain_db", "mix", "books", "channel")
    changes = {name: getattr(change, name) for name in names if getattr(change, name) is not None}
    return dataclasses.replace(request, **changes)
