"""What is heard, sample by sample: aligned buffers, one cursor, a loop, and 5 ms ramps wherever one would click.

A buffer may be a `Mixed`, which is summed as it is read. Short sounds of their own (`Aside`) are heard beside the clip;
what plays waits for them and goes on where it was.

Knows nothing of devices. Commands wait in a queue until the sound reaches a point where they can be followed: at once,
or, while a ramp is under way, at its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.engine.memory import Status
from workbench.engine.server.aside import Aside
from workbench.engine.server.deck import Deck

FADE_S = 0.005
Samples = NDArray[np.float32]


@dataclass
class Voice:
    """A buffer `[C, T]` and where in it we are."""

    samples: Samples
    cursor: int


@dataclass
class Fade:
    """From one voice to another (None: silence) with a weight for each sample; `at` samples of it are done."""

    old: Voice | None
    down: NDArray[np.float32]
    up: NDArray[np.float32]
    at: int = 0


class PlayerCore:
    """`render` makes the next samples. Only the thread that renders follows commands; any thread may `post` them."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._commands: deque[Callable[[], None]] = deque()
        self._buffers: dict[int, Samples] = {}
        self._voice: Voice | None = None  # None: silent
        self._fade: Fade | None = None
        self._cursor = 0
        self._depth = 0
        self._wanted: tuple[int, bool] | None = None  # a depth, and whether blind, that is not there yet
        self._loop: tuple[int, int] | None = None
        self._asides: list[Aside | Deck] = []
        self._resume = False  # play on when the last aside has ended
        self._once: tuple[int, int, int] | None = None  # a moment (start, end) of a take that is not there yet
        self._gain = self._wanted_gain = 1.0
        self._ramp = np.zeros(0, np.float32)
        self._peak_decay = 1.0
        self.rate_hz = 0
        self.channels = 1
        self.ends = 0  # how often the end of the clip was reached
        self.set_rate(16_000)

    # -- commands (from any thread) -----------------------------------------------------------------------------
    def post(self, command: Callable[[], None]) -> None:
        """Have a bound method of this object called (through functools.partial) when the sound allows it."""
        self._commands.append(command)

    def settle(self) -> None:
        """Follow the commands now. Only where nobody renders."""
        self._fade = None
        while self._commands:
            self._commands.popleft()()
            self._fade = None
        self._asides.clear()
        self._resume = False
        self._tell(0.0, self.rate_hz)

    # -- what commands do (on the rendering thread) ---------------------------------------------------------------
    def set_rate(self, rate_hz: int) -> None:
        """Samples per second of the buffers."""
        count = max(1, round(FADE_S * rate_hz))
        self.rate_hz = rate_hz
        self._ramp = ((np.arange(count) + 0.5) / count).astype(np.float32)
        self._peak_decay = 0.5 ** (1 / (0.1 * rate_hz))  # the meter falls by half in 0.1 s

    def open(self, original: Samples, rate_hz: int) -> None:
        """Another clip: silence, cursor at the start, no loop; the depth that was wanted stays wanted."""
        self._stop()
        self._end_asides()
        wanted = self._wanted or (self._depth, False)
        self._buffers = {0: original}
        self._wanted = wanted if wanted[0] else None
        self._depth, self._cursor, self._loop = 0, 0, None
        self.channels = original.shape[0]
        if rate_hz != self.rate_hz:
            self.set_rate(rate_hz)

    def forget(self) -> None:
        """No clip."""
        self._stop()
        self._end_asides()
        self._buffers = {}
        self._cursor, self._loop = 0, None

    def add(self, depth: int, samples: Samples) -> None:
        """A depth is there, or is another sound now; if it was waited for, it is heard from now on."""
        self._buffers[depth] = samples
        if self._wanted is not None and self._wanted[0] == depth:
            self.select(*self._wanted)
        elif depth == self._depth and self._voice is not None and self._voice.samples is not samples:
            self._turn_to(Voice(samples, self._voice.cursor), False)
        if self._once is not None and self._once[2] == depth:
            self.once(*self._once)

    def remove(self, depth: int) -> None:
        """A depth cannot be heard any more; where it is heard, the original takes its place."""
        if depth in self._buffers and depth:
            if depth == self._depth:
                self.select(0, False)
            del self._buffers[depth]

    def select(self, depth: int, blind: bool) -> None:
        """Hear a depth, or keep what is heard until it is there."""
        if depth not in self._buffers:
            self._wanted = (depth, blind)
            return
        self._wanted = None
        if depth == self._depth:
            return
        self._depth = depth
        if self._voice is not None:
            self._turn_to(Voice(self._buffers[depth], self._voice.cursor), blind)

    def play(self) -> None:
        """From the cursor; where that is at the end or outside the loop, from the start (of the loop)."""
        self._end_asides()
        if self._voice is not None or self._depth not in self._buffers:
            return
        samples = self._buffers[self._depth]
        start, end = self._loop or (0, samples.shape[1])
        if not (self._cursor < samples.shape[1] and (self._loop is None or start <= self._cursor < end)):
            self._cursor = start
        self._turn_to(Voice(samples, self._cursor), False)

    def pause(self) -> None:
        """Silence; the cursor stays."""
        self._end_asides()
        self._silence()

    def once(self, start: int, end: int, take: int) -> None:
        """Hear a moment of a take beside the clip, as soon as the take is there."""
        self._once = None if take in self._buffers else (start, end, take)
        if take in self._buffers:
            self.aside(self._buffers[take], start, end)

    def aside(self, samples: Samples, start: int, end: int) -> None:
        """Hear `samples[:, start:end]` once; the cursor stays, and what plays waits and goes on."""
        self.beside(Aside(samples, start, end, len(self._ramp)))

    def beside(self, sound: Aside | Deck) -> None:
        """Hear a sound of its own; the cursor stays, and what plays waits and goes on."""
        resume = self._resume or self._voice is not None
        self._end_asides()
        self._silence()
        self._resume = resume
        self._asides.append(sound)

    def keeps(self, sound: Deck) -> bool:
        """Whether a sound is still among those beside the clip."""
        return sound in self._asides

    def set_format(self, rate_hz: int, channels: int) -> None:
        """What is rendered while there is no clip."""
        if not self._buffers:
            self.channels = channels
            self.set_rate(rate_hz)

    @property
    def ramp_samples(self) -> int:
        """The length of a ramp."""
        return len(self._ramp)

    def _end_asides(self) -> None:
        self._resume, self._once = False, None
        for aside in self._asides:
            aside.stop()

    def _silence(self) -> None:
        if self._voice is not None:
            self._cursor = self._voice.cursor
            self._turn_to(None, False)

    def seek(self, sample: int) -> None:
        """Move the cursor."""
        length = self._buffers[0].shape[1] if self._buffers else 0
        self._cursor = min(max(sample, 0), length)
        if self._voice is not None:
            self._turn_to(Voice(self._voice.samples, self._cursor), False)

    def loop(self, start: int | None, end: int | None) -> None:
        """Loop [start, end), or not. A cursor outside goes to the loop's start when it plays."""
        self._loop = None
        length = self._buffers[0].shape[1] if self._buffers else 0
        if start is not None and end is not None and 0 <= start < min(end, length):
            self._loop = (start, min(end, length))
            if self._voice is not None and not self._loop[0] <= self._voice.cursor < self._loop[1]:
                self.seek(self._loop[0])

    def volume(self, gain: float) -> None:
        """Output gain as a factor; reached within one block."""
        self._wanted_gain = gain

    # -- sound ----------------------------------------------------------------------------------------------------
    @property
    def playing(self) -> bool:
        """Whether there is something to hear, a last ramp included."""
        return self._clip_sounds or self._resume or bool(self._asides)

    @property
    def _clip_sounds(self) -> bool:
        return self._voice is not None or self._fade is not None

    def render(self, count: int) -> Samples:
        """The next samples `[C, count]`."""
        out = np.zeros((self.channels, count), np.float32)
        at = 0
        if self._resume and not self._asides and self._fade is None:
            self.play()
        while True:
            while self._commands and self._fade is None:
                self._commands.popleft()()
            if at == count or not self._clip_sounds:
                break
            size = self._until_turn(count - at)
            if out.shape[0] != self.channels:  # another clip was opened within this block
                out = np.zeros((self.channels, count), np.float32)
            out[:, at : at + size] = self._next(size)
            at += size
        for aside in self._asides:
            aside.add_to(out)
        self._asides = [aside for aside in self._asides if not aside.ended]
        if self._gain != self._wanted_gain:
            steps = np.linspace(self._gain, self._wanted_gain, count + 1, dtype=np.float32)[1:]
            out *= steps
            self._gain = self._wanted_gain
        elif self._gain != 1.0:
            out *= np.float32(self._gain)
        self._tell(float(np.abs(out).max()) if out.size else 0.0, count)
        return out

    def _next(self, size: int) -> Samples:
        out = _take(self._voice, size, self._loop, self.channels)
        fade = self._fade
        if fade is not None:
            old = _take(fade.old, size, self._loop, self.channels)
            out = out * fade.up[fade.at : fade.at + size] + old * fade.down[fade.at : fade.at + size]
            fade.at += size
            if fade.at == len(fade.up):
                self._fade = None
        return out

    def _until_turn(self, size: int) -> int:
        """How many samples until a ramp ends or the last one before the end of the clip must begin."""
        if self._fade is not None:
            return min(size, len(self._fade.up) - self._fade.at)
        assert self._voice is not None
        left = self._voice.samples.shape[1] - self._voice.cursor
        if self._loop is not None and self._voice.cursor < self._loop[1]:
            return size
        if left > len(self._ramp):
            return min(size, left - len(self._ramp))
        self._turn_to(None, False)
        self._cursor = self._voice_length()
        self.ends += 1
        return min(size, len(self._ramp))

    def _voice_length(self) -> int:
        return self._buffers[0].shape[1]

    def _turn_to(self, voice: Voice | None, blind: bool) -> None:
        """Begin the ramp to another voice: a cross-fade, or, blind, out and then in."""
        up = self._ramp
        down = 1 - self._ramp
        if blind and self._voice is not None and voice is not None:
            silent = np.zeros_like(up)
            up, down = np.concatenate([silent, up]), np.concatenate([down, silent])
        self._fade = Fade(self._voice, down, up)
        self._voice = voice

    def _stop(self) -> None:
        if self._voice is not None:
            self._turn_to(None, False)

    def _tell(self, peak: float = 0.0, count: int = 0) -> None:
        status = self._status
        status["position"] = self._cursor if self._voice is None else self._voice.cursor
        status["playing"] = float(self._voice is not None or self._resume)
        status["depth"] = self._depth
        status["loop_start"], status["loop_end"] = self._loop or (0, 0)
        status["peak"] = max(peak, status["peak"] * self._peak_decay**count)
        status["rate_hz"] = self.rate_hz


def _take(voice: Voice | None, size: int, loop: tuple[int, int] | None, channels: int) -> Samples:
    """The next `size` samples of a voice, round the loop as often as it takes; silence beyond its end."""
    if voice is None:
        return np.zeros((channels, size), np.float32)
    end = voice.cursor + size
    if end <= voice.samples.shape[1] and (loop is None or voice.cursor >= loop[1] or end < loop[1]):
        piece = voice.samples[:, voice.cursor : end]
        voice.cursor = end
        return piece
    out = np.zeros((voice.samples.shape[0], size), np.float32)
    at = 0
    while at < size:
        inside = loop is not None and voice.cursor < loop[1]
        stop = loop[1] if loop is not None and inside else voice.samples.shape[1]
        count = min(size - at, stop - voice.cursor)
        if count > 0:
            out[:, at : at + count] = voice.samples[:, voice.cursor : voice.cursor + count]
        elif not inside:
            break
        voice.cursor += count
        at += count
        if loop is not None and inside and voice.cursor == loop[1]:
            voice.cursor = loop[0]
    return out
