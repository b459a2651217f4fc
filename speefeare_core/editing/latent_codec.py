"""The decoder of a codec with books as a codec of its own whose latents are continuous.

Whatever cuts a recording into blocks for a codec without books then does so for latents that no codes say.
"""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from speefeare_core.codec import Codec, CodecInfo, Encoded
from speefeare_core.stream import CodecStream, Start, StreamState


class LatentCodec(Codec):
    """`depth` is what a decoder that knows its depth is told. It decodes; to encode is the other codec's part."""

    def __init__(self, codec: Codec, depth: int) -> None:
        self._codec, self._depth = codec, depth
        self.module = codec.module
        self.block_context = codec.block_context
        self.step_s = codec.step_s
        # Only streams that give away where their decoder begins can carry its state from latents to latents.
        streamable = codec.info.streamable and hasattr(codec.stream(), "decode_latents")
        self.info = dataclasses.replace(codec.info, books=(), depth_mode="none", streamable=streamable)

    def at_frame(self, first: int) -> AbstractContextManager[None]:
        """As of the codec."""
        return self._codec.at_frame(first)

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> CodecStream:
        """A fresh stream, whose decoder takes latents."""
        return _LatentStream(self._codec.stream(batch, self._depth, start), self.info, self._depth)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        encoded = self._codec.encode(audio)
        return Encoded((), encoded.latents, encoded.length_samples, encoded.side)

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        assert encoded.latents is not None
        return self._codec._decode_latents(encoded.latents.to(self._codec.device), self._depth, encoded.side)


class _LatentStream(CodecStream):
    """The stream of a codec with books, entered behind its quantiser."""

    def __init__(self, stream: Any, info: CodecInfo, depth: int) -> None:
        super().__init__(info, stream.batch, None, stream.start)
        self._stream, self._depth = stream, depth

    def encode(self, audio: Tensor) -> tuple[None, Tensor]:
        """`[B, C, n·hop]` → None and latents `[B, D, n]`."""
        _, latents = self._stream.encode(audio)
        return None, latents

    def decode(self, codes: Tensor) -> Tensor:
        """Latents `[B, D, n]` → audio `[B, C, n·hop]`."""
        with torch.inference_mode():
            found: Tensor = self._stream.decode_latents(codes, self._depth)
        return found

    def finish_decode(self) -> Tensor | None:
        """As of the codec's stream."""
        found: Tensor | None = self._stream.finish_decode()
        return found

    def get_state(self) -> StreamState:
        """As of the codec's stream."""
        found: StreamState = self._stream.get_state()
        return found

    def set_state(self, state: StreamState) -> None:
        """As of the codec's stream."""
        self._stream.set_state(state)

    def reset(self) -> None:
        """As of the codec's stream."""
        self._stream.reset()
