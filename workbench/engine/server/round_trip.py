"""The measured round trip: a known sound out of the loudspeaker, found again at the microphone.

An exponential sine sweep (Farina 2000, "Simultaneous measurement of impulse response and distortion with a
swept-sine technique") and its matched filter. Positions are counted in the samples that the codec takes and gives:
what it gives as sample n, while it takes sample n, comes back as sample n + lag, so a sample that the microphone hears
is played `lag` samples later, and later again by what the codec itself delays.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.server import latency
from workbench.state.sound import LatencyPart

Samples = NDArray[np.float32]
LEVEL_DB = -20.0
LENGTH_S = 0.04
FADE = 0.15  # share of the sweep, at either end
ECHO_S = 0.02  # nearer than this to the peak lie its own echoes, which take nothing from its certainty
GUESS = 2.0  # a peak less than this above the next one is none
CERTAIN = 4.0  # and from here on nothing more has to be sent
MOST_CERTAIN = 1000.0  # where there is nothing else at all
LONGEST_S = 3.0
# Pauses between the sweeps: unlike each other, so that a lag longer than a pause is not taken for a shorter one.
PAUSES_S = (0.30, 0.41, 0.35, 0.47, 0.38)
QUIET_S = 0.05  # before the first, in which what the codec said before dies away
LOOK_S = 0.2
GRACE_S = 2.0  # a device that stalls is noticed by then
NOT_HEARD = (
    "The microphone did not hear the loudspeaker; turn it up, or connect the output to the input, and measure again."
)
STOPPED = "Live stopped before the round trip was measured; start it again and measure again."


class Chirp:
    """The sound that is sent: `signal` `[n]`, from 300 Hz (or less) to what the rate and speech equipment carry."""

    def __init__(self, rate_hz: int, length_s: float = LENGTH_S, level_db: float = LEVEL_DB) -> None:
        self.rate_hz = rate_hz
        low, high = min(300.0, 0.1 * rate_hz), min(7000.0, 0.42 * rate_hz)
        count = max(8, round(length_s * rate_hz))
        seconds = np.arange(count) / rate_hz
        growth = np.log(high / low)
        phase = 2 * np.pi * low * length_s / growth * np.expm1(seconds / length_s * growth)
        edge = max(2, round(FADE * count))
        fade = np.ones(count)
        fade[:edge] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
        fade[-edge:] = fade[:edge][::-1]
        self.signal: Samples = (10 ** (level_db / 20) * fade * np.sin(phase)).astype(np.float32)


@dataclass(frozen=True)
class Found:
    """Where a chirp was heard: `lag` in samples (with a fraction), `certainty`: its peak over the next one."""

    lag: float
    certainty: float


def find(chirp: Chirp, recorded: NDArray[np.floating], sent: tuple[int, ...] = (0,)) -> Found:
    """The lag with which `recorded` `[T]` holds the chirps that were sent at these positions, all by the same lag.

    The correlations of those that would be heard within the recording are averaged: noise falls, what was sent does
    not. Of several chirps two at least must be within, and most must agree. A recording that is silent or too short,
    or whose chirps disagree, gives a certainty of 0.
    """
    heard = np.asarray(recorded, np.float64)
    whole = len(heard) - len(chirp.signal) + 1
    if whole < 1 or not heard.any():
        return Found(0.0, 0.0)
    matched = _correlation(heard, chirp.signal.astype(np.float64))
    each = np.full((len(sent), whole), np.nan)
    for row, position in zip(each, sent, strict=True):
        row[: max(0, whole - position)] = matched[position:]
    count = np.isfinite(each).sum(axis=0)
    within = int((count >= min(2, len(sent))).sum())
    if within < 1:
        return Found(0.0, 0.0)
    each, count = each[:, :within], count[:within]
    mean = np.nansum(each, axis=0) / count
    # One chirp's lag to another's echo is no lag of both: two thirds must be about as high as all of them together.
    agreeing = (each * np.sign(mean) > 0.5 * np.abs(mean)).sum(axis=0)
    height = np.where(3 * agreeing >= 2 * count, np.abs(mean), 0.0)
    peak = int(height.argmax())
    guard = round(ECHO_S * chirp.rate_hz)
    others = np.concatenate([height[: max(0, peak - guard)], height[peak + guard + 1 :]])
    if len(others) < 2 * guard or peak + len(chirp.signal) > within:
        return Found(float(peak), 0.0)  # too little to compare with, or something higher may follow
    next_best = max(float(others.max()), float(height[peak]) / MOST_CERTAIN)
    return Found(_between(mean, peak), float(height[peak]) / next_best if next_best else 0.0)


def _correlation(heard: NDArray[np.float64], sought: NDArray[np.float64]) -> NDArray[np.float64]:
    size = 1 << (len(heard) + len(sought) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sought, size))
    return np.fft.irfft(spectrum, size)[: len(heard) - len(sought) + 1]


def _between(values: NDArray[np.float64], peak: int, around: int = 32, finer: int = 16) -> float:
    """The place of the peak between samples: of the band-limited curve through them, and a parabola at its top."""
    low, high = max(0, peak - around), min(len(values), peak + around + 1)
    index = np.arange(low, high)
    places = peak + np.arange(-finer, finer + 1) / finer
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip((places[:, None] - index) / (around + 1), -1, 1))
    curve = np.abs((np.sinc(places[:, None] - index) * window) @ values[low:high])
    top = int(np.clip(curve.argmax(), 1, len(curve) - 2))
    before, here, after = curve[top - 1 : top + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(np.clip(places[top] + shift / finer, low, high - 1))


class RoundTrip:
    """Sends and listens, step by step, in the live thread: a `live_hooks.OutputOverride`.

    Another thread calls `look` now and then until it is `finished`; it takes too long for the live one.
    """

    def __init__(self, rate_hz: int) -> None:
        self._chirp = Chirp(rate_hz)
        self._rate_hz = rate_hz
        self._most = round(LONGEST_S * rate_hz)
        self._heard: Samples = np.zeros(self._most, np.float32)
        self._taken = self._given = 0
        self._looked = 0
        self._best = Found(0.0, 0.0)
        self._sound: Samples = np.zeros(self._most, np.float32)
        sent, at, turn = [], round(QUIET_S * rate_hz), 0
        while at + len(self._chirp.signal) < self._most - round(0.5 * rate_hz):
            self._sound[at : at + len(self._chirp.signal)] = self._chirp.signal
            sent.append(at)
            at += round(PAUSES_S[turn % len(PAUSES_S)] * rate_hz)
            turn += 1
        self._sent = tuple(sent)
        self.finished = False

    def hear(self, block: Samples) -> None:
        """What the codec takes, `[C, n]`, before any gain."""
        if self.finished:
            return
        mono = block.mean(axis=0)[: self._most - self._taken]
        self._heard[self._taken : self._taken + len(mono)] = mono
        self._taken += len(mono)

    def replace(self, out: Samples) -> Samples | None:
        """The chirps instead of what the codec gives, `[C, n]`; None when it is finished."""
        if self.finished:
            return None
        count = out.shape[1]
        part = self._sound[self._given : self._given + count]
        self._given += count
        return np.tile(np.pad(part, (0, count - len(part))), (out.shape[0], 1))

    def result(self) -> Found:
        """Raises `SpeefeareError` where nothing was heard."""
        if self._best.certainty < GUESS:
            raise SpeefeareError(NOT_HEARD)
        return self._best

    def look(self) -> None:
        """Search what was heard so far. One chirp is never enough: a click of somebody's keyboard could be it."""
        taken = self._taken
        if self.finished or (taken - self._looked < LOOK_S * self._rate_hz and taken < self._most):
            return
        self._looked = taken
        sent = tuple(at for at in self._sent if at < taken)
        if len(sent) >= 2:
            self._best = find(self._chirp, self._heard[:taken], sent)
        self.finished = taken == self._most or self._best.certainty >= CERTAIN


class Session(Protocol):
    """What the measurement needs of the live session."""

    @property
    def running(self) -> bool:
        """Whether its thread still runs."""
        ...

    @property
    def rate_hz(self) -> int:
        """Of the codec."""
        ...

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        """The stacked bar as it is now; to be asked on the live thread."""
        ...

    @property
    def young(self) -> bool:
        """Whether its devices do not know yet how far away they are."""
        ...

    def override(self, speaker: RoundTrip | None) -> None:
        """Let this speak in the place of the codec; None: no longer."""
        ...

    def post(self, action: Callable[[], None]) -> None:
        """Have something done on the live thread, between two steps."""
        ...


def measuring(number: int, session: Session, emit: Callable[[protocol.Event], None]) -> Iterator[None]:
    """Work for the task thread: measure, and emit RoundTripMeasured. Raises `SpeefeareError` where nothing is heard."""
    trip = RoundTrip(session.rate_hz)
    session.override(trip)
    limit = time.monotonic() + LONGEST_S + GRACE_S
    try:
        while not trip.finished:
            if not session.running or time.monotonic() > limit:
                raise SpeefeareError(STOPPED)
            time.sleep(LOOK_S / 4)
            trip.look()
            yield
    finally:
        session.override(None)
    found = trip.result()
    while session.young and session.running and time.monotonic() < limit:
        time.sleep(LOOK_S / 4)
        yield
    parts = _latency_of(session)
    codec = sum(part.samples for part in parts if part.name == latency.CODEC)
    whole = sum(part.samples for part in parts)
    emit(protocol.RoundTripMeasured(number, round(found.lag) + codec, whole, session.rate_hz, found.certainty))


def _latency_of(session: Session) -> tuple[LatencyPart, ...]:
    """Asked on the live thread. Raises `SpeefeareError` where that does not answer."""
    answer: queue.SimpleQueue[tuple[LatencyPart, ...]] = queue.SimpleQueue()
    session.post(lambda: answer.put(session.latency))
    try:
        return answer.get(timeout=GRACE_S)
    except queue.Empty:
        raise SpeefeareError(STOPPED) from None
