"""The live session: its thread, its devices, its start and its end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import numpy as np
import torch

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server import latency
from workbench.engine.server.flow import WINDOW_S, Flow
from workbench.engine.server.latents import Basis
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_source import FileSource, SilenceSource
from workbench.engine.server.priority import STEP_PRIORITY, prefer_this_thread
from workbench.engine.server.sound import LIVE_LATENCY_S, Sound
from workbench.engine.server.streams import Stream
from workbench.engine.server.tasks import plain_sentence

WARM_UP_STEPS = 10
SETTLE_S = 4.0  # the longest that devices are waited for; an idle PulseAudio sink may sleep for two seconds
LOOK_S = 0.02  # between looks at devices and status
HOWL = (
    "Feedback: the loudspeaker was heard by the microphone, so the output was muted. Use headphones or turn it down,"
    " then unmute."
)


class LiveSession:
    """Runs on a thread of its own from `start` until it is stopped, its file ends or a device goes away.

    `find_basis` gives the plane of the latents. `stop` may be called from any thread.
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
        self._number = number
        self._request = request
        self._codec = codec
        self._find_basis = find_basis
        self._sound = sound
        self._status = status
        self._emit = emit
        self._changes: queue.SimpleQueue[protocol.SetLive] = queue.SimpleQueue()
        self._end = threading.Event()
        self._reason = ""
        self._streams: list[Stream] = []
        self._core: LiveCore | None = None
        self._tail = 0
        self._source: FileSource | SilenceSource | None = None
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    def change(self, request: protocol.SetLive) -> None:
        """Between the next two steps. Raises `SpeefeareError` for a depth that does not exist."""
        if request.depth is not None:
            self._codec.info.check_depth(request.depth)
        self._changes.put(request)

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
            event = self._start()
        except Exception as error:
            self._close()
            self._emit(protocol.Failed(self._number, plain_sentence(error)))
            return
        self._emit(event)
        self._emit(protocol.Done(self._number, time.perf_counter() - started))
        try:
            self._loop()
        except Exception as error:
            self._reason = plain_sentence(error)
        self._close()
        self._emit(protocol.LiveStopped(self._number, self._reason))

    def _start(self) -> protocol.LiveStarted:
        request, info = self._request, self._codec.info
        if not info.streamable:
            self._codec.stream()  # says why
            raise SpeefeareError(f"{info.name} cannot stream; choose a causal codec.")
        microphone = request.file is None and request.input != protocol.VIRTUAL_DEVICE
        basis = self._find_basis(self._codec)
        core = self._core = LiveCore(self._codec, request, self._status, basis, guard=request.howl_guard and microphone)
        core.on_howl = lambda: self._emit(protocol.Notice(0, HOWL))
        compute = self._warm_up()
        notes = []
        if request.file is not None:
            self._source = FileSource(request.file, info.rate_hz, info.channels, request.loop_file)
        elif not microphone:
            self._source = SilenceSource(info.channels)
        input_s = 0.0
        if microphone:
            stream = self._sound.open_input(request.input, info.rate_hz, info.channels, LIVE_LATENCY_S, core.push)
            self._streams.append(stream)
            input_name, input_s = stream.name, stream.latency_s
            notes += _rate_note(stream, info.rate_hz)
        else:
            assert self._source is not None
            input_name = self._source.name
        output = self._open_output(core)
        notes += _rate_note(output, info.rate_hz)
        self._settle([core.output_flow, core.input_flow] if microphone else [core.output_flow])
        prefill = latency.prefill_samples(
            core.step_samples,
            core.input_flow.burst_samples,
            core.output_flow.burst_samples,
            compute,
            info.rate_hz,
        )
        core.begin(prefill)
        # After the last sample of a file: what waits, what the codec holds back, what the loudspeaker holds back.
        self._tail = prefill + info.stream_delay_samples + core.step_samples + round(output.latency_s * info.rate_hz)
        self._status["running"] = 1.0
        return protocol.LiveStarted(
            self._number,
            info.rate_hz,
            input_name,
            output.name,
            latency.parts(
                input_s,
                output.latency_s,
                core.step_samples,
                info.stream_delay_samples,
                compute,
                prefill,
                info.rate_hz,
            ),
            core.taps.input.ref,
            core.taps.output.ref,
            core.taps.codes.ref if core.taps.codes is not None else None,
            core.taps.latents.ref if core.taps.latents is not None else None,
            info.frame_rate_hz,
            tuple(notes),
        )

    def _warm_up(self) -> int:
        """Steps of silence on a stream of their own: the first are slow. The median of the rest, in samples."""
        assert self._core is not None
        stream = self._codec.stream(depth=self._request.depth, start="silence")
        silence = torch.zeros(1, self._codec.info.channels, self._core.step_samples, device=self._codec.device)
        seconds = []
        for _ in range(WARM_UP_STEPS):
            started = time.perf_counter()
            stream.step(silence).audio.cpu()
            seconds.append(time.perf_counter() - started)
        return round(float(np.median(seconds[2:])) * self._codec.info.rate_hz)

    def _settle(self, flows: list[Flow]) -> None:
        """Let the devices run until all give and take evenly."""
        limit = time.monotonic() + SETTLE_S
        while not self._end.wait(WINDOW_S) and time.monotonic() < limit:
            steady = [flow.steady() for flow in flows]  # each is asked every time
            if all(steady):
                return

    def _open_output(self, core: LiveCore) -> Stream:
        info = self._codec.info
        try:
            stream = self._sound.open_output(
                self._request.output, info.rate_hz, info.channels, LIVE_LATENCY_S, core.pull
            )
        except SpeefeareError as error:
            self._emit(protocol.Notice(0, f"{error} Live goes on without sound."))
            stream = self._sound.open_output(
                protocol.VIRTUAL_DEVICE, info.rate_hz, info.channels, LIVE_LATENCY_S, core.pull
            )
        self._streams.append(stream)
        return stream

    def _loop(self) -> None:
        core, source = self._core, self._source
        assert core is not None
        pause = min(0.002, core.step_samples / core.info.rate_hz / 8)
        fed = spoken = 0
        look = 0.0
        while not self._end.is_set():
            while not self._changes.empty():
                core.change(self._changes.get())
            if source is not None and core.played > fed:
                count = core.played - fed
                block = source.read(count)
                fed, spoken = fed + count, spoken + block.shape[1]
                core.push(np.pad(block, ((0, 0), (0, count - block.shape[1]))))
                if source.ended and core.played >= spoken + self._tail:
                    return
            if not core.step():
                time.sleep(pause)
            now = time.monotonic()
            if now - look > LOOK_S:
                look = now
                *microphone, loudspeaker = self._streams
                core.tell(
                    source.position if source is not None else 0,
                    sum(stream.glitches for stream in microphone),
                    loudspeaker.glitches,
                )
                gone = next((stream for stream in self._streams if stream.lost()), None)
                if gone is not None:
                    self._reason = f"The sound device {gone.name} went away, so live has stopped."
                    return

    def _close(self) -> None:
        for stream in self._streams:
            stream.stop()
        self._status["running"] = 0.0
        if self._core is not None:
            self._core.taps.unlink()


def _rate_note(stream: Stream, rate_hz: int) -> list[str]:
    if stream.rate_hz == rate_hz:
        return []
    return [f"{stream.name} runs at {stream.rate_hz} Hz, so its sound is resampled to and from {rate_hz} Hz."]
