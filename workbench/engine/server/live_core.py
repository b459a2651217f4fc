"""The live round trip without devices: samples in, codec steps, samples out, taps and counters.

Three threads meet here: the microphone's callback calls `push`, the loudspeaker's `pull`, the live thread everything
else. The two callbacks only copy and count.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import CodecInfo
from workbench.engine.memory import Status
from workbench.engine.protocol import SetLive, StartLive
from workbench.engine.server.howl_guard import HowlGuard
from workbench.engine.server.live_coder import Coder
from workbench.engine.server.live_hooks import OutputOverride, Tap
from workbench.engine.server.live_load import Load
from workbench.engine.server.live_mix import LiveMix
from workbench.engine.server.live_queue import InputQueue, OutputQueue
from workbench.engine.server.live_taps import LiveTaps
from workbench.engine.server.step_times import StepTimes

CAPACITY_S = 4.0
Samples = NDArray[np.float32]


class LiveCore:
    """One codec with one step size in a live session. Until `begin` the loudspeaker gets silence that nobody counts.

    `fade_in`: the input begins in the middle of a sound.
    """

    def __init__(
        self,
        info: CodecInfo,
        coder: Coder,
        request: StartLive,
        status: Status,
        taps: LiveTaps | None,
        guard: bool,
        bypass: bool = False,
        fade_in: bool = False,
    ) -> None:
        self.info = info
        self.step_frames = step_frames(info, request.frames_per_step)
        self.step_samples = info.hop_samples * self.step_frames
        self.coder = coder
        self._status = status
        capacity = round(CAPACITY_S * info.rate_hz) + 8 * self.step_samples
        self._input = InputQueue(info.rate_hz, info.channels, capacity)
        self._output = OutputQueue(info.rate_hz, info.channels, capacity)
        self._most_extra = request.max_queue_frames * info.hop_samples * info.live_frames
        self.taps = taps or LiveTaps(info, None)
        self._listeners: list[Tap] = []
        self._guard = HowlGuard(info.rate_hz) if guard else None
        self._mix = LiveMix(info.rate_hz, info.channels, coder.delay_samples, request, bypass, fade_in)
        self.times = StepTimes()
        self.load = Load(coder.block_samples / info.rate_hz)
        self._begun = False
        self.prefill = 0  # samples of silence that waited for the loudspeaker at first
        self.played = 0  # samples that the loudspeaker took since `begin`
        self._dropped = self._frames = 0
        self._before = self._lost = (0, 0)  # overruns and underruns: of the core before, and all told
        self._howl_muted = False
        self.on_howl: Callable[[], None] = lambda: None

    # -- callbacks --------------------------------------------------------------------------------------------------
    def push(self, block: Samples) -> None:
        """The microphone's `[C, n]`."""
        if self._begun:
            self._input.put(block)

    def pull(self, count: int) -> Samples:
        """The loudspeaker's next `[C, count]`."""
        if not self._begun:
            return np.zeros((self.info.channels, count), np.float32)
        self.played += count
        return self._output.take(count)

    # -- the live thread --------------------------------------------------------------------------------------------
    def begin(self, prefill: int) -> None:
        """From now on samples count; `prefill` samples of silence wait for the loudspeaker."""
        self.prefill = prefill
        self._output.put(np.zeros((self.info.channels, prefill), np.float32))
        self._begun = True

    def count_on(self, before: LiveCore) -> None:
        """Add to what that core counted, whose coder this one has: the devices were only opened again."""
        self._frames, self._dropped, self._before = before._frames, before._dropped, before._lost

    @property
    def dropped_frames(self) -> int:
        """Left out because something was late."""
        return self._dropped + self.coder.dropped_frames

    @property
    def queued(self) -> int:
        """Samples that wait, before and after the codec."""
        return self._input.waiting + self._output.waiting

    @property
    def to_play(self) -> int:
        """Samples that wait for the loudspeaker."""
        return self._output.waiting

    def change(self, request: SetLive) -> None:
        """Between steps. Raises `SpeefeareError` for a depth, books or a channel that the codec does not have."""
        self.coder.change(request)
        self._mix.change(request)
        if request.watch is not None:
            self.taps.watched = request.watch
        if request.muted is not None:
            self._howl_muted = False
            if self._guard is not None:
                self._guard.reset()

    @property
    def listeners(self) -> tuple[Tap, ...]:
        """Who hears every step."""
        return tuple(self._listeners)

    def add_tap(self, tap: Tap) -> None:
        """Who hears every step from the next on."""
        self._listeners.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """No longer; nothing where it does not listen."""
        self._listeners = [other for other in self._listeners if other is not tap]

    def override(self, speaker: OutputOverride | None) -> None:
        """Who speaks in the codec's place from the next step on; None: nobody."""
        self._mix.override(speaker)

    def step(self) -> bool:
        """Code the oldest whole frames; False where there are none yet."""
        dropped = self._skip_excess()
        if self._input.waiting < self.step_samples:
            return False
        block = self._input.take(self.step_samples)
        self._listen_for_howl(block)
        block = self._mix.take(block)
        started = time.perf_counter()
        coded = self.coder.step(block)
        taken = time.perf_counter() - started if coded.computing_s is None else coded.computing_s
        if taken > 0:
            self.times.add(taken)
        self.load.add(taken, self.step_samples / self.info.rate_hz, dropped)
        out = self._mix.shown(block, coded.audio)
        self._output.put(self._mix.heard(out))
        # After the sound is on its way. They see what the codec makes of the input also while it is muted.
        arrived = coded.codes if coded.decoded_codes is None else coded.decoded_codes
        self.taps.write(block, out, arrived, coded.latents)
        for tap in self._listeners:
            tap.write(block, out, coded.codes, coded.latents, taken)
        self._frames += self.step_frames
        return True

    def drop_waiting(self) -> int:
        """What waits for the codec is too old to be heard (the machine slept): whole frames of it go, counted."""
        frames = self._input.waiting // self.info.hop_samples
        self._input.skip(frames * self.info.hop_samples)
        self._dropped += frames
        return frames

    def _skip_excess(self) -> int:
        """Late: rather lose whole frames, and count them, than let the delay grow for ever."""
        hop = self.info.hop_samples
        excess = self.queued - self.prefill - self._most_extra
        if excess <= 0:
            return 0
        frames = min(-(-excess // hop), self._input.waiting // hop)
        self._input.skip(frames * hop)
        self._dropped += frames
        return frames

    def _listen_for_howl(self, block: Samples) -> None:
        if self._guard is not None and not self._mix.muted and self._guard.hears_howl(block):
            self._mix.mute()
            self._howl_muted = True
            self.on_howl()

    @property
    def muted(self) -> bool:
        """By a person or by the howl guard."""
        return self._mix.muted

    def tell(self, source_position: int, device_overruns: int = 0, device_underruns: int = 0) -> None:
        """Write the status block; the devices' own losses are counted with ours."""
        median, p99 = self.times.median_and_p99()
        self._lost = (
            self._before[0] + self._input.overruns + device_overruns,
            self._before[1] + self._output.underruns + device_underruns,
        )
        values = {
            "overruns": self._lost[0],
            "underruns": self._lost[1],
            "dropped_frames": self.dropped_frames,
            "step_ms_last": self.times.last,
            "step_ms_median": median,
            "step_ms_p99": p99,
            "step_ms_worst": self.times.worst,
            "queue_samples": self.queued,
            "howl_muted": self._howl_muted,
            "muted": self._mix.muted,
            "depth": self.coder.depth,
            "source_position": source_position,
            "output_limited_db": self._mix.limited_db,
            "lost_packets": self.coder.lost_packets,
            "flipped_bits": self.coder.flipped_bits,
            "real_time_factor": self.load.real_time_factor,
            "lag_samples": max(0, self.queued - self.prefill),
            **self.taps.levels(),
            "frames": self._frames,  # last: who sees frames counted finds everything else written
        }
        for name, value in values.items():
            self._status[name] = float(value)


def step_frames(info: CodecInfo, asked: int) -> int:
    """Frames of a live step: sample by sample codes take several together."""
    return info.live_frames * max(1, asked)
