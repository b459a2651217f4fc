"""The live round trip without devices: samples in, codec steps, samples out, taps and counters.

Three threads meet here: the microphone's callback calls `push`, the loudspeaker's `pull`, the live thread everything
else. The two callbacks only copy and count.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from speefeare_core.codec import Codec
from workbench.engine.memory import Status
from workbench.engine.protocol import SetLive, StartLive
from workbench.engine.server.fifo import SampleFifo
from workbench.engine.server.flow import Flow
from workbench.engine.server.howl_guard import HowlGuard
from workbench.engine.server.latents import Basis
from workbench.engine.server.live_taps import LiveTaps
from workbench.engine.server.ramp import Ramp
from workbench.engine.server.step_times import StepTimes

CAPACITY_S = 4.0
Samples = NDArray[np.float32]


class LiveCore:
    """One live session. `begin` after both devices run; until then the loudspeaker gets silence that nobody counts."""

    def __init__(self, codec: Codec, request: StartLive, status: Status, basis: Basis | None, guard: bool) -> None:
        info = codec.info
        self.info = info
        least = info.hop_samples * info.live_frames
        self.step_samples = least * max(1, request.frames_per_step)
        self._codec = codec
        self._status = status
        self._stream = codec.stream(depth=request.depth, start="silence")
        capacity = round(CAPACITY_S * info.rate_hz) + 8 * self.step_samples
        self._input = SampleFifo(info.channels, capacity)
        self._output = SampleFifo(info.channels, capacity)
        self._most_extra = request.max_queue_frames * least
        self.taps = LiveTaps(info, basis)
        self._guard = HowlGuard(info.rate_hz) if guard else None
        self._input_gain = Ramp(_factor(request.input_gain_db), info.rate_hz)
        self._output_gain = Ramp(_factor(request.output_gain_db), info.rate_hz)
        self._open = Ramp(0.0 if request.muted else 1.0, info.rate_hz)
        self._wet = Ramp(1.0, info.rate_hz)
        self._dry: Samples = np.zeros((info.channels, info.stream_delay_samples), np.float32)
        self.times = StepTimes()
        self._begun = False
        self._prefill = 0
        self.input_flow, self.output_flow = Flow(info.rate_hz), Flow(info.rate_hz)
        self.played = 0  # samples that the loudspeaker took since `begin`
        self._overruns = self._underruns = self._dropped = self._frames = 0
        self._howl_muted = False
        self.on_howl: Callable[[], None] = lambda: None

    # -- callbacks --------------------------------------------------------------------------------------------------
    def push(self, block: Samples) -> None:
        """The microphone's `[C, n]`."""
        if self._begun:
            self._overruns += bool(self._input.write(block))
        else:
            self.input_flow.add(block.shape[1])

    def pull(self, count: int) -> Samples:
        """The loudspeaker's next `[C, count]`."""
        if not self._begun:
            self.output_flow.add(count)
            return np.zeros((self.info.channels, count), np.float32)
        block = self._output.read(count)
        self.played += count
        if block.shape[1] < count:
            self._underruns += 1
            block = np.pad(block, ((0, 0), (0, count - block.shape[1])))
        return block

    # -- the live thread --------------------------------------------------------------------------------------------
    def begin(self, prefill: int) -> None:
        """From now on samples count; `prefill` samples of silence wait for the loudspeaker."""
        self._prefill = prefill
        self._output.write(np.zeros((self.info.channels, prefill), np.float32))
        self._begun = True

    @property
    def queued(self) -> int:
        """Samples that wait, before and after the codec."""
        return self._input.waiting + self._output.waiting

    @property
    def to_play(self) -> int:
        """Samples that wait for the loudspeaker."""
        return self._output.waiting

    def change(self, request: SetLive) -> None:
        """Between steps."""
        if request.depth is not None:
            self._stream.depth = request.depth
        if request.muted is not None:
            self._open.target = 0.0 if request.muted else 1.0
            self._howl_muted = False
            if self._guard is not None:
                self._guard.reset()
        if request.bypass is not None:
            self._wet.target = 0.0 if request.bypass else 1.0
        if request.input_gain_db is not None:
            self._input_gain.target = _factor(request.input_gain_db)
        if request.output_gain_db is not None:
            self._output_gain.target = _factor(request.output_gain_db)

    def step(self) -> bool:
        """Code the oldest whole frames; False where there are none yet."""
        self._skip_excess()
        if self._input.waiting < self.step_samples:
            return False
        block = self._input.read(self.step_samples)
        self._listen_for_howl(block)
        block = block * self._input_gain.next(self.step_samples)
        started = time.perf_counter()
        result = self._stream.step(torch.from_numpy(block)[None].to(self._codec.device))
        decoded = result.audio[0].cpu().numpy()
        self.times.add(time.perf_counter() - started)
        out = self._mixed(block, decoded) * self._output_gain.next(self.step_samples)
        # The taps show what the codec makes of the input also while the loudspeaker is muted.
        self.taps.write(block, out, result.codes, result.latents)
        self._output.write(out * self._open.next(self.step_samples))
        self._frames += self.step_samples // self.info.hop_samples
        return True

    def _mixed(self, block: Samples, decoded: Samples) -> Samples:
        """The decode, or, bypassed, the input as late as the decode would be."""
        joined = np.concatenate([self._dry, block], axis=1)
        dry, self._dry = joined[:, : block.shape[1]], joined[:, block.shape[1] :]
        if self._wet.settled and self._wet.target == 1.0:
            return decoded
        wet = self._wet.next(block.shape[1])
        return decoded * wet + dry * (1 - wet)

    def _skip_excess(self) -> None:
        """Late: rather lose whole frames, and count them, than let the delay grow for ever."""
        hop = self.info.hop_samples
        excess = self.queued - self._prefill - self._most_extra
        if excess > 0:
            frames = min(-(-excess // hop), self._input.waiting // hop)
            self._input.skip(frames * hop)
            self._dropped += frames

    def _listen_for_howl(self, block: Samples) -> None:
        if self._guard is not None and self._open.target > 0 and self._guard.hears_howl(block):
            self._open.target = 0.0
            self._howl_muted = True
            self.on_howl()

    def tell(self, source_position: int, device_overruns: int = 0, device_underruns: int = 0) -> None:
        """Write the status block; the devices' own losses are counted with ours."""
        median, p99 = self.times.median_and_p99()
        values = {
            "frames": self._frames,
            "overruns": self._overruns + device_overruns,
            "underruns": self._underruns + device_underruns,
            "dropped_frames": self._dropped,
            "step_ms_last": self.times.last,
            "step_ms_median": median,
            "step_ms_p99": p99,
            "step_ms_worst": self.times.worst,
            "queue_samples": self.queued,
            "howl_muted": self._howl_muted,
            "muted": self._open.target == 0.0,
            "depth": self._stream.depth,
            "source_position": source_position,
            **self.taps.levels(),
        }
        for name, value in values.items():
            self._status[name] = float(value)


def _factor(gain_db: float) -> float:
    return float(10 ** (gain_db / 20))
