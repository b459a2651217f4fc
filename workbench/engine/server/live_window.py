"""A codec that looks ahead, block after block: each is computed with context on both sides, which is thrown away."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.blocks.pieces import Joiner, common_frames, count_frames, cut, group_slowness, round_up
from speefeare_core.channel.channel import Channel
from speefeare_core.channel.conceal import Concealer
from speefeare_core.codec import BlockContext, Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError
from workbench.engine.protocol import SetLive, StartLive
from workbench.engine.server.live_coder import FADE_S, Coded, check_there, fitting_channel

OWN_CONTEXT_S = 0.25  # around a block, where a codec knows no context of its own
Samples = NDArray[np.float32]


class WindowCoder:
    """`step` takes blocks of `block_samples` and gives what is finished by then: `late_samples` less than it took.

    Blocks meet in a fade of 10 ms, so that neither an inexact context nor another depth is heard as a click.
    """

    delay_samples = 0  # what it gives is where it was in the input

    def __init__(self, codec: Codec, block_s: float, request: StartLive) -> None:
        info = codec.info
        self.lost_packets = self.flipped_bits = self.dropped_frames = 0
        self._codec = codec
        self._hop = info.hop_samples
        unit = common_frames(info)
        own = round_up(max(1, round(OWN_CONTEXT_S * info.frame_rate_hz)), unit)
        context = codec.block_context or BlockContext(own, (own, own), (own, own), False)
        self._encode_before, self._encode_after = (round_up(frames, unit) for frames in context.encode)
        fade_frames = -(-round(FADE_S * info.rate_hz) // self._hop)
        self._decode_before = round_up(context.decode[0], unit)
        self._decode_after = round_up(context.decode[1] + fade_frames, unit)
        self.block_samples = self._hop * round_up(max(1, round(block_s * info.frame_rate_hz)), unit)
        self.late_samples = self._hop * (self._encode_after + self._decode_after) + info.delay_samples
        self._fade: Samples = np.linspace(0, 1, round(FADE_S * info.rate_hz), dtype=np.float32)
        self._channel = Channel(info, fitting_channel(codec, request.channel))
        self._concealer = Concealer(self._hop, info.rate_hz)
        self._depth = info.check_depth(request.depth)
        self._books = request.books
        self._audio = torch.zeros(1, info.channels, 0)
        self._pieces: Encoded | None = None
        self._taken = self._encoded = self._decoded = 0  # frames
        self._audio_from = self._pieces_from = 0  # frames at which what is kept begins
        self._given = 0  # samples
        self._gains: Samples = np.zeros(0, np.float32)
        self._tail: Samples = np.zeros((info.channels, 0), np.float32)

    @property
    def blocks_to_fill(self) -> int:
        """Blocks until the first sound comes."""
        return -(-self.late_samples // self.block_samples) + 1

    @property
    def words(self) -> str:
        """What is computed, for people."""
        info, context = self._codec.info, self._codec.block_context
        told = (
            f"{info.name} looks ahead: live computes blocks of {self.block_samples / info.rate_hz:.2g} s with"
            f" {self.late_samples / info.rate_hz:.2g} s after them"
        )
        if context is not None and context.exact:
            return f"{told}, which gives what the whole-file computation gives."
        return f"{told}; near the seams they differ from the whole-file computation."

    @property
    def depth(self) -> int:
        """Books used for decoding."""
        return self._depth

    def check_books(self, books: tuple[int, ...]) -> None:
        """Raise `SpeefeareError` where it cannot decode just these."""
        check_there(self._codec.info, books)
        if not self._codec.can_decode_books:
            raise SpeefeareError(f"{self._codec.info.name} decodes the first books only.")

    def change(self, request: SetLive) -> None:
        """Depth, books and channel."""
        self._depth = self._depth if request.depth is None else request.depth
        self._books = self._books if request.books is None else request.books
        if request.channel is not None:
            self._channel.settings = request.channel

    def close(self) -> None:
        """Nothing works for it."""

    def step(self, block: Samples) -> Coded:
        """`[C, block_samples]`."""
        self._audio = torch.cat([self._audio, torch.from_numpy(np.ascontiguousarray(block))[None]], dim=-1)
        self._taken += block.shape[1] // self._hop
        piece = self._encode()
        if piece is None:
            return Coded(np.zeros((block.shape[0], 0), np.float32), None, None)
        arrived, received = self._channel.send_encoded(piece)
        gain = self._concealer.gain(received.lost, self._channel.settings.conceal)
        self.lost_packets += received.lost_packets
        self.flipped_bits += received.flipped_bits
        info = self._codec.info
        ones = np.ones(len(received.lost) * self._hop, np.float32)
        self._gains = np.concatenate([self._gains, ones if gain is None else gain])
        audio = self._decode(arrived)
        return Coded(audio, rows(info, piece), piece.latents, rows(info, arrived))

    def _encode(self) -> Encoded | None:
        """The frames that have all their context now."""
        stop = self._taken - self._encode_after
        if stop <= self._encoded:
            return None
        info, first = self._codec.info, max(0, self._encoded - self._encode_before)
        self._audio = self._audio[..., (first - self._audio_from) * self._hop :]
        self._audio_from = first
        whole = self._codec.encode(self._audio)
        length = (stop - self._encoded) * self._hop
        piece = cut(info, whole, self._encoded - first, stop - first, length)
        self._encoded = stop
        return piece

    def _decode(self, piece: Encoded) -> Samples:
        """The sound up to the frame whose context has arrived."""
        info, hop = self._codec.info, self._hop
        self._keep(piece)
        assert self._pieces is not None
        end, first = self._encoded, self._pieces_from
        reach = (end - self._decode_after) * hop - info.delay_samples
        if reach <= self._given:
            return np.zeros((info.channels, 0), np.float32)
        length = (end - first) * hop - info.delay_samples
        window = cut(info, self._pieces, 0, end - first, length)
        if self._books:
            decoded = self._codec.decode(window, books=self._books)
        else:
            decoded = self._codec.decode(window, self._depth or None)
        audio: Samples = decoded[0].float().cpu().numpy()
        start = self._given - first * hop
        out = audio[:, start : reach - first * hop].copy()
        count = min(self._tail.shape[1], out.shape[1], len(self._fade))
        out[:, :count] += (self._tail[:, :count] - out[:, :count]) * (1 - self._fade[:count])
        self._tail = audio[:, reach - first * hop :][:, : len(self._fade)]
        self._given = reach
        self._decoded = end - self._decode_after
        return self._silenced(out)

    def _keep(self, piece: Encoded) -> None:
        info = self._codec.info
        joiner = Joiner(info, latents=not piece.code_groups)
        if self._pieces is not None:
            first = max(self._pieces_from, self._decoded - self._decode_before)
            frames = count_frames(info, self._pieces)
            joiner.push(cut(info, self._pieces, first - self._pieces_from, frames, 0))
            self._pieces_from = first
        joiner.push(piece)
        self._pieces = joiner.result()

    def _silenced(self, out: Samples) -> Samples:
        """The gains of the frames that were sent, as far as their sound has come."""
        gains, self._gains = self._gains[: out.shape[1]], self._gains[out.shape[1] :]
        return out if bool((gains == 1.0).all()) else out * gains


def rows(info: CodecInfo, piece: Encoded) -> Tensor | None:
    """All books in one array `[1, K, F]` at the rate of the fastest: slower ones stand still."""
    if not piece.code_groups:
        return None
    frames = count_frames(info, piece)
    groups = zip(piece.code_groups, group_slowness(info, piece), strict=True)
    return torch.cat([group.repeat_interleave(times, -1)[..., :frames] for group, times in groups], dim=1)
