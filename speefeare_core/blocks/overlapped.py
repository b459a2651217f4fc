"""Blocks of a codec that looks ahead: each is computed with context on both sides, which is thrown away."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.blocks.pieces import Joiner, common_frames, count_frames, cut, round_up
from speefeare_core.codec import BlockContext, Codec, Encoded


class OverlappedEncoder(BlockEncoder):
    """A block goes as soon as the samples of its context are there; the last one takes all that is left."""

    def __init__(self, codec: Codec, context: BlockContext, depth: int | None, batch: int) -> None:
        self.seams = []
        self._codec = codec
        self._depth = depth
        unit = common_frames(codec.info)
        self._block = round_up(max(1, context.frames), unit)
        self._before, self._after = (round_up(frames, unit) for frames in context.encode)
        self._waiting = [torch.zeros(batch, codec.info.channels, 0)]
        self._first = self._frame = 0  # of the samples that wait; of the next block
        self._pushed = self._told = 0

    def push(self, audio: Tensor) -> Encoded | None:
        """`[B, C, n]`."""
        self._waiting.append(audio.to("cpu", torch.float32))
        self._pushed += audio.shape[-1]
        hop, found = self._codec.info.hop_samples, Joiner(self._codec.info)
        given = False
        while (self._frame + self._block + self._after) * hop <= self._pushed:
            stop = self._frame + self._block
            found.push(self._encode((stop + self._after) * hop, stop))
            self.seams.append(stop)
            given = True
        return found.result() if given else None

    def finish(self) -> Encoded | None:
        """The last block."""
        left = self._pushed - self._frame * self._codec.info.hop_samples
        if left + self._codec.info.delay_samples <= 0 or not self._pushed:
            return None
        return self._encode(self._pushed, None)

    def _encode(self, end_sample: int, stop: int | None) -> Encoded:
        """The frames from the next block's first up to `stop` (None: all), seen with the audio up to `end_sample`."""
        info, hop = self._codec.info, self._codec.info.hop_samples
        audio = torch.cat(self._waiting, dim=-1)
        lead = max(0, self._frame - self._before)
        audio = audio[..., (lead - self._first) * hop :]
        self._waiting, self._first = [audio], lead
        encoded = self._codec.encode(audio[..., : end_sample - lead * hop], self._depth)
        last = count_frames(info, encoded) if stop is None else stop - lead
        upto = self._pushed if stop is None else min(self._pushed, stop * hop)
        piece = cut(info, encoded, self._frame - lead, last, upto - self._told)
        self._frame, self._told = lead + last, upto
        return piece


class OverlappedDecoder(BlockDecoder):
    """A block goes as soon as the frames of its context are there; the last one takes all that is left."""

    def __init__(self, codec: Codec, context: BlockContext, depth: int | None, books: tuple[int, ...] | None) -> None:
        self._codec = codec
        self._depth, self._books = depth, books
        unit = common_frames(codec.info)
        self._block = round_up(max(1, context.frames), unit)
        self._before, self._after = (round_up(frames, unit) for frames in context.decode)
        self._waiting: Encoded | None = None
        self._first = self._frame = 0
        self._allowed = self._given = 0

    def push(self, piece: Encoded) -> Tensor:
        """The next frames."""
        info = self._codec.info
        self._allowed += piece.length_samples
        joiner = Joiner(info, latents=not piece.code_groups)
        joiner.push(self._waiting)
        joiner.push(piece)
        self._waiting = joiner.result()
        found = []
        while self._frame + self._block + self._after <= self._first + count_frames(info, self._waiting):
            stop = self._frame + self._block
            found.append(self._decode(stop + self._after, stop))
        return torch.cat(found, dim=-1) if found else self._nothing(piece)

    def finish(self) -> Tensor:
        """The last block."""
        if self._waiting is None:
            return torch.zeros(1, self._codec.info.channels, 0)
        frames = count_frames(self._codec.info, self._waiting)
        if self._given == self._allowed:
            return self._nothing(self._waiting)
        return self._decode(self._first + frames, None)

    def _decode(self, end: int, stop: int | None) -> Tensor:
        """The audio up to the frame `stop` (None: the recording's end), decoded with the frames up to `end`."""
        codec, info, hop = self._codec, self._codec.info, self._codec.info.hop_samples
        assert self._waiting is not None
        lead = max(0, self._frame - self._before)
        last = self._first + count_frames(info, self._waiting)
        self._waiting = cut(info, self._waiting, lead - self._first, last - self._first, 0)
        self._first = lead
        reach = self._allowed if stop is None else min(self._allowed, stop * hop - info.delay_samples)
        length = self._allowed - lead * hop if stop is None else (end - lead) * hop - info.delay_samples
        block = cut(info, self._waiting, 0, end - lead, max(1, length))
        with codec.at_frame(lead):
            audio = codec.decode(block, self._depth) if self._books is None else codec.decode(block, books=self._books)
        start = self._given - lead * hop
        self._frame = self._frame if stop is None else stop
        self._given = max(self._given, reach)
        return audio[..., start : max(start, reach - lead * hop)].to("cpu")

    def _nothing(self, like: Encoded) -> Tensor:
        tensors = [*like.code_groups, *([like.latents] if like.latents is not None else []), *like.side.values()]
        return torch.zeros(tensors[0].shape[0], self._codec.info.channels, 0)
