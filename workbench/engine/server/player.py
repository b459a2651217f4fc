"""The player: the core, the loudspeaker it plays on, and what happens when that goes away."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server.deck import Deck
from workbench.engine.server.player_core import FADE_S, PlayerCore
from workbench.engine.server.sound import PLAYER_LATENCY_S, Sound
from workbench.engine.server.streams import Stream
from workbench.engine.topics.audition import PlayOnce
from workbench.engine.topics.sounds import HearSound, SeekSounds, SoundsEnded, StopSounds

IDLE_S = 5.0  # how long the loudspeaker stays open in silence: opening it takes time, and can lose the first samples


class Player:
    """All on the main loop's thread, except `core.render`, which the device calls while it is open."""

    def __init__(self, status: Status, sound: Sound, emit: Callable[[protocol.Event], None]) -> None:
        self.core = PlayerCore(status)
        self._status = status
        self._sound = sound
        self._emit = emit
        self._device = protocol.DEFAULT_DEVICE
        self._stream: Stream | None = None
        self._opened: tuple[int, int] = (0, 0)  # rate and channels of the stream
        self._format: tuple[int, int] = (0, 0)  # of the clip
        self._ends = 0
        self._idle_since = time.monotonic()
        self._deck: Deck | None = None
        self._deck_number = self._deck_rate = 0

    # -- the clip -------------------------------------------------------------------------------------------------
    def open_clip(self, samples: NDArray[np.float32], rate_hz: int) -> None:
        """Another clip `[C, T]`; playback stops."""
        if self._opened != (rate_hz, samples.shape[0]):
            self._close_stream()
        self._format = (rate_hz, samples.shape[0])
        self._post(partial(self.core.open, samples, rate_hz))

    def add_render(self, depth: int, samples: NDArray[np.float32]) -> None:
        """A depth can be heard."""
        self._post(partial(self.core.add, depth, samples))

    def remove_render(self, depth: int) -> None:
        """A depth cannot be heard any more."""
        self._post(partial(self.core.remove, depth))

    def audition(self, samples: NDArray[np.float32]) -> None:
        """Hear a short sound `[C, n]` of its own beside the clip. Raises `SpeefeareError` where there is no clip."""
        self._be_open()
        self._post(partial(self.core.aside, samples, 0, samples.shape[1]))

    def play_sounds(
        self, number: int, sounds: list[NDArray[np.float32]], rate_hz: int, heard: int, start: int, loop: bool
    ) -> None:
        """Hear one of several sounds `[C, T]` of one length beside the clip, or where there is no clip."""
        wanted = (rate_hz, sounds[0].shape[0])
        if self._format == (0, 0):
            if self._stream is not None and self._opened != wanted:
                self._close_stream()
            self._post(partial(self.core.set_format, *wanted))
        elif self._format != wanted:
            self._emit(SoundsEnded(number))  # another clip came meanwhile
            return
        if self._stream is None:
            self._open_stream(wanted)
        self._end_sounds()
        deck = Deck(sounds, heard, start, loop, max(1, round(FADE_S * rate_hz)))
        self._deck, self._deck_number, self._deck_rate = deck, number, rate_hz
        self._status["sounds_s"] = deck.cursor / rate_hz
        self._post(partial(self.core.beside, deck))

    def _end_sounds(self) -> None:
        """Those that play give way, or are gone."""
        if self._deck is not None:
            self._deck = None
            self._emit(SoundsEnded(self._deck_number))

    def _tend_sounds(self) -> None:
        deck = self._deck
        if deck is None:
            return
        self._status["sounds_s"] = deck.cursor / self._deck_rate
        if deck.ended or self._stream is None or (deck.started and not self.core.keeps(deck)):
            self._end_sounds()

    def forget_clip(self) -> None:
        """No clip."""
        self._format = (0, 0)
        self._post(self.core.forget)

    # -- requests -------------------------------------------------------------------------------------------------
    def handle(self, request: protocol.Request) -> None:
        """Answer one request at once. Raises `SpeefeareError`."""
        core = self.core
        match request:
            case protocol.Play():
                self._play()
            case PlayOnce():
                self._be_open()
                self._post(partial(core.once, request.start, request.end, request.take))
            case HearSound():
                if self._deck is not None:
                    self._post(partial(self._deck.select, request.heard))
            case SeekSounds():
                if self._deck is not None:
                    self._post(partial(self._deck.seek, round(request.second * self._deck_rate)))
            case StopSounds():
                if self._deck is not None:
                    self._post(self._deck.stop)
            case protocol.Pause():
                self._post(core.pause)
            case protocol.Seek():
                self._post(partial(core.seek, request.sample))
            case protocol.SetLoop():
                self._post(partial(core.loop, request.start, request.end))
            case protocol.SelectDepth():
                self._post(partial(core.select, request.depth, request.blind))
            case protocol.SetVolume():
                self._post(partial(core.volume, 10 ** (request.gain_db / 20)))
            case protocol.SetOutput():
                self._set_output(request.device)
            case _:
                raise SpeefeareError(f"The engine does not know the request {type(request).__name__}.")

    def _play(self) -> None:
        self._be_open()
        self._post(self.core.play)

    def _be_open(self) -> None:
        if self._format == (0, 0):
            raise SpeefeareError("There is nothing to play; open a sound file first.")
        if self._stream is None:
            self._open_stream(self._format)

    def _set_output(self, device: str) -> None:
        playing, opened = self.core.playing, self._opened if self._stream is not None else self._format
        self._close_stream()
        self._device = device
        if playing:
            self._open_stream(opened)

    # -- the loudspeaker --------------------------------------------------------------------------------------------
    def tend(self) -> None:
        """Now and then: notice the end of the clip, a lost device, and a loudspeaker that nobody needs any more."""
        if self._stream is None:
            self.core.settle()
        elif self._stream.lost():
            words = f"The loudspeaker {self._stream.name} went away; playing goes on without sound."
            self._fall_back(words, self._opened)
        self._tend_sounds()
        if self.core.ends != self._ends:
            self._ends = self.core.ends
            self._emit(protocol.PlayerStopped(0))
        if self.core.playing:
            self._idle_since = time.monotonic()
        elif self._stream is not None and time.monotonic() - self._idle_since > IDLE_S:
            self._close_stream()
        if self._stream is not None:
            self._status["underruns"] = self._stream.glitches

    def close(self) -> None:
        """End the sound."""
        self._close_stream()

    def _post(self, command: Callable[[], None]) -> None:
        self.core.post(command)
        if self._stream is None:
            self.core.settle()

    def _open_stream(self, wanted: tuple[int, int]) -> None:
        rate, channels = wanted
        self._idle_since = time.monotonic()
        self._opened = wanted
        try:
            self._stream = self._sound.open_output(
                self._device, rate, channels, PLAYER_LATENCY_S, self.core.render, low_delay=False
            )
        except SpeefeareError as error:
            self._fall_back(f"{error} Playing goes on without sound.", wanted)

    def _fall_back(self, sentence: str, wanted: tuple[int, int]) -> None:
        self._close_stream()
        self._device = protocol.VIRTUAL_DEVICE
        self._emit(protocol.Notice(0, sentence))
        rate, channels = self._opened = wanted
        self._stream = self._sound.open_output(self._device, rate, channels, PLAYER_LATENCY_S, self.core.render)

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.stop()
            self._stream = None
            self._opened = (0, 0)
