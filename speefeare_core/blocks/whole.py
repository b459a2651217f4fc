"""No blocks: the recording is collected and is one call. For short ones, and codecs that know no other way."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.blocks.pieces import Joiner
from speefeare_core.codec import Codec, Encoded


class WholeEncoder(BlockEncoder):
    """Everything comes with `finish`."""

    def __init__(self, codec: Codec, depth: int | None) -> None:
        self.seams = []
        self._codec, self._depth = codec, depth
        self._audio: list[Tensor] = []

    def push(self, audio: Tensor) -> Encoded | None:
        """Keep `[B, C, n]`."""
        self._audio.append(audio.clone())
        return None

    def finish(self) -> Encoded | None:
        """The encoding; None where nothing was pushed."""
        audio, self._audio = self._audio, []
        return self._codec.encode(torch.cat(audio, dim=-1), self._depth) if audio else None


class WholeDecoder(BlockDecoder):
    """Everything comes with `finish`."""

    def __init__(self, codec: Codec, depth: int | None, books: tuple[int, ...] | None) -> None:
        self._codec, self._depth, self._books = codec, depth, books
        self._joiner = Joiner(codec.info)
        self._pieces = 0

    def push(self, piece: Encoded) -> Tensor:
        """Keep it."""
        self._joiner.push(piece)
        self._pieces += 1
        return torch.zeros(1, self._codec.info.channels, 0)

    def finish(self) -> Tensor:
        """The decode."""
        if not self._pieces:
            return torch.zeros(1, self._codec.info.channels, 0)
        encoded = self._joiner.result()
        if self._books is None:
            return self._codec.decode(encoded, self._depth).to("cpu")
        return self._codec.decode(encoded, books=self._books).to("cpu")
