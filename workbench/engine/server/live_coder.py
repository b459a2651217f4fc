"""The codec of a live session, one step after the other: encode, channel, decode.

Depth and books may change between two steps without a cross-fade: a decoder carries its state (overlapping transforms,
convolutions that reach back), so that its sound goes over as it does from one frame to the next;
tests/app/engine/test_live_changes.py measures that. Another stream has another state, so its sound is faded in.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.channel.channel import Channel
from speefeare_core.channel.conceal import Concealer
from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.codec import Codec, CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.stream import CodecStream
from workbench.engine.protocol import SetLive, StartLive

FADE_S = 0.01
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Coded:
    """What came of a step."""

    audio: Samples  # [C, n]
    codes: Tensor | None  # [1, K, f], as they left the encoder
    latents: Tensor | None  # [1, D, f]
    decoded_codes: Tensor | None = None  # what reached the decoder, after the channel
    computing_s: float | None = None  # where it was computed elsewhere: of what was finished since the step before


class Coder(Protocol):
    """A codec that takes and gives n samples a step, its sound later by `delay_samples`."""

    delay_samples: int
    block_samples: int  # computed at once, where that is not a step; else 0

    @property
    def lost_packets(self) -> int:
        """In the channel, since the start."""
        ...

    @property
    def flipped_bits(self) -> int:
        """In the channel, since the start."""
        ...

    @property
    def dropped_frames(self) -> int:
        """Left out by itself, because it was late."""
        ...

    @property
    def depth(self) -> int:
        """Books used for decoding."""
        ...

    def step(self, block: Samples) -> Coded:
        """Whole frames `[C, n]`."""
        ...

    def change(self, request: SetLive) -> None:
        """Depth, books and channel, where they are not None. Between steps."""
        ...

    def check_books(self, books: tuple[int, ...]) -> None:
        """Raise `SpeefeareError` where it cannot decode just these. From any thread."""
        ...

    def close(self) -> None:
        """End what works for it."""
        ...


class StreamCoder:
    """A stream (a plan, or the plain one), stepped by whoever calls."""

    def __init__(self, codec: Codec, stream: CodecStream, request: StartLive) -> None:
        info = codec.info
        self.delay_samples = info.stream_delay_samples
        self.block_samples = self.lost_packets = self.flipped_bits = self.dropped_frames = 0
        self._device = codec.device
        self._stream = stream
        self._next: CodecStream | None = None
        self._books: tuple[int, ...] = ()
        self._channel = Channel(info, fitting_channel(codec, request.channel))
        self._concealer = Concealer(info.hop_samples, info.rate_hz)
        self._fade: Samples = np.linspace(0, 1, round(FADE_S * info.rate_hz), dtype=np.float32)
        if request.books:
            self._choose(request.books)

    @property
    def depth(self) -> int:
        """Books used for decoding."""
        return self._stream.depth

    @property
    def stream(self) -> CodecStream:
        """The one that computes now."""
        return self._stream

    def change(self, request: SetLive) -> None:
        """Depth, books and channel."""
        if request.depth is not None:
            self._stream.depth = request.depth
        if request.books is not None:
            self._choose(request.books)
        if request.channel is not None:
            self._channel.settings = request.channel

    def take_over(self, stream: CodecStream, missed: list[Samples]) -> None:
        """From the next step on another stream, whose sound is faded in. `missed`: the blocks since it was stepped."""
        for block in missed:
            stream.step(self._tensor(block))
        stream.depth = self._stream.depth or None
        if self._books:
            stream.choose_books(self._books)
        self._next = stream

    def step(self, block: Samples) -> Coded:
        """Encode, channel, decode."""
        with torch.inference_mode():
            audio = self._tensor(block)
            codes, latents = self._stream.encode(audio)
            received = self._channel.send(_told(codes, latents))
            arrived = received.codes
            out: Samples = self._stream.decode(arrived)[0].cpu().numpy()
            if self._next is not None:
                codes, latents = self._next.encode(audio)
                if self._channel.settings.clean:
                    arrived = _told(codes, latents)
                out = self._faded(out, self._next.decode(arrived)[0].cpu().numpy())
                self._stream, self._next = self._next, None
        gain = self._concealer.gain(received.lost, self._channel.settings.conceal)
        self.lost_packets += received.lost_packets
        self.flipped_bits += received.flipped_bits
        return Coded(out if gain is None else out * gain, codes, latents, None if codes is None else arrived)

    def check_books(self, books: tuple[int, ...]) -> None:
        """Raise `SpeefeareError` where it cannot decode just these."""
        check_there(self._stream.info, books)
        if type(self._stream).choose_books is CodecStream.choose_books:
            CodecStream.choose_books(self._stream, books)  # says why not

    def close(self) -> None:
        """Nothing works for it."""

    def _faded(self, old: Samples, new: Samples) -> Samples:
        count = min(len(self._fade), old.shape[1])
        new = new.copy()
        new[:, :count] += (old[:, :count] - new[:, :count]) * (1 - self._fade[:count])
        return new

    def _choose(self, books: tuple[int, ...]) -> None:
        self._stream.choose_books(books or None)
        self._books = books

    def _tensor(self, block: Samples) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(block))[None].to(self._device)


def _told(codes: Tensor | None, latents: Tensor | None) -> Tensor:
    told = latents if codes is None else codes
    assert told is not None
    return told


def fitting_channel(codec: Codec, settings: ChannelSettings) -> ChannelSettings:
    """What of the settings, which may have been made for another codec, this one can have."""
    if not codec.info.books:
        return dataclasses.replace(settings, bit_errors=0.0, frozen_books=())
    there = tuple(book for book in settings.frozen_books if book < codec.info.depth)
    return dataclasses.replace(settings, frozen_books=there)


def check_there(info: CodecInfo, books: tuple[int, ...]) -> None:
    """Raise `SpeefeareError` for books, counted from 0, that do not exist."""
    missing = [book for book in books if not 0 <= book < info.depth]
    if missing:
        there = f"books 1 to {info.depth}" if info.depth > 1 else "one book" if info.depth else "no books"
        raise SpeefeareError(f"Book {missing[0] + 1} is not there: {info.name} has {there}.")
