"""A recording through a channel: pieces of `Encoded` in, pieces for the decoder out, and the gain over its sound.

Works for every codec that sends codes or latents, streamed or whole: `blocks` gives the pieces and takes them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from speefeare_core import blocks
from speefeare_core.blocks.pieces import common_frames, count_frames, cut, round_up
from speefeare_core.channel.channel import Channel, Received
from speefeare_core.channel.conceal import Concealer
from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.codec import Codec, Encoded

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class ChannelCounts:
    """What was sent and what happened to it."""

    frames: int = 0
    lost_frames: int = 0
    packets: int = 0
    lost_packets: int = 0
    bits: int = 0  # of all codes that were sent; 0 for continuous latents
    flipped_bits: int = 0  # in packets that arrived


class RecordingChannel:
    """One recording on its way. `freeze`: (book from 0, time in seconds) from which on the book keeps its entry.

    Raises `SpeefeareError` for settings that cannot be, or a codec that sends neither codes nor latents.
    """

    def __init__(self, codec: Codec, settings: ChannelSettings, freeze: Iterable[tuple[int, float]] = ()) -> None:
        info = codec.info
        self.counts = ChannelCounts()
        self._info = info
        self._spread = blocks.way_of(codec) == "segments"
        self._unit = common_frames(info)
        times = [(round_up(round(seconds * info.frame_rate_hz), self._unit), book) for book, seconds in freeze]
        self._freeze = sorted(times)
        books = tuple(sorted({*settings.frozen_books, *(book for _, book in times)}))
        self._channel = Channel(info, dataclasses.replace(settings, frozen_books=books))  # checks them all
        self._channel.settings = settings
        self._concealer = Concealer(info.hop_samples, info.rate_hz)
        self._skip = info.delay_samples  # the decode is given without its delay
        self._gains: list[NDArray[np.float32]] = []

    def send(self, piece: Encoded) -> Encoded:
        """The next piece, as it arrives."""
        frames = count_frames(self._info, piece)
        joiner, lost = blocks.Joiner(self._info), []
        for start, stop in self._spans(frames):
            part = piece if stop - start == frames else cut(self._info, piece, start, stop, 0)
            arrived, received = self._channel.send_encoded(part)
            lost.append(received.lost)
            joiner.push(arrived)
            self._count(part, received, stop - start)
        self._add_gain(np.concatenate(lost), piece.length_samples)
        return dataclasses.replace(joiner.result(), length_samples=piece.length_samples)

    def heard(self, sound: Tensor) -> Tensor:
        """The decoder's next `[B, C, m]` with lost stretches faded; its delay was taken off the front."""
        import torch

        count = sound.shape[-1]
        gains = np.concatenate([*self._gains, np.zeros(0, np.float32)])
        self._gains = [gains[count:]]
        gains = np.pad(gains[:count], (0, max(0, count - len(gains))), constant_values=1.0)
        return sound * torch.from_numpy(gains).to(sound.device) if (gains != 1.0).any() else sound

    def _spans(self, frames: int) -> Iterator[tuple[int, int]]:
        """From one moment of freezing to the next, setting the channel before each."""
        start = 0
        while start < frames or frames == 0:
            now = self.counts.frames
            while self._freeze and self._freeze[0][0] <= now:
                settings = self._channel.settings
                books = (*settings.frozen_books, self._freeze.pop(0)[1])
                self._channel.settings = dataclasses.replace(settings, frozen_books=books)
            left = frames - start
            count = min(left, self._freeze[0][0] - now) if self._freeze else left
            yield start, start + count
            start += count
            if frames == 0:
                return

    def _count(self, part: Encoded, received: Received, frames: int) -> None:
        counts, size = self.counts, self._channel.settings.packet_frames
        counts.frames += frames
        counts.packets = -(-counts.frames // size)
        counts.lost_frames += int(received.lost.sum())
        counts.lost_packets += received.lost_packets
        counts.flipped_bits += received.flipped_bits
        book = 0
        for group in part.code_groups:
            widths = [(self._info.books[book + row].size - 1).bit_length() for row in range(group.shape[1])]
            counts.bits += sum(widths) * group.shape[-1] * group.shape[0]
            book += group.shape[1]

    def _add_gain(self, lost: NDArray[np.bool_], length: int) -> None:
        gain = self._concealer.gain(lost, self._channel.settings.conceal)
        full = len(lost) * self._info.hop_samples
        if gain is None:
            gain = np.ones(full, np.float32)
        if self._spread and full - length >= self._info.hop_samples:
            gain = gain[np.arange(length) * full // max(1, length)]  # segments share samples with their neighbours
        cut_off = min(self._skip, len(gain))
        self._skip -= cut_off
        self._gains.append(gain[cut_off:])
