"""Streaming: the offline computation with carried state.

`CodecStream` takes whole frames only; `Framer` turns ragged blocks into whole frames. The state is a value of the
stream; the modules hold none, so one loaded codec can serve any number of streams.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import CodecInfo

StreamState = dict[str, Any]

# What lies before the first sample. "file": the beginning of a recording, exactly as the whole-file computation treats
# it. A codec whose official code mirrors the first frames into the past (EnCodec) must then hold the first results
# back until those frames are there, and gives them all at once. "silence": the stream goes on from silence, so that n
# frames in give n frames out from the first on (live); it equals the whole-file result of the same audio after a
# second of silence. Codecs that pad with zeros treat both alike.
Start = Literal["file", "silence"]


@dataclass(frozen=True)
class StreamStep:
    """What one step gives back, for n whole frames (fewer or none while a stream holds back its beginning)."""

    audio: Tensor  # [B, C, n·hop], delayed by info.stream_delay_samples
    codes: Tensor | None  # [B, K, n]; None for a codec with continuous latents
    latents: Tensor | None  # [B, D, n] before quantisation


class CodecStream(ABC):
    """Carried state for encoding and decoding frame after frame.

    `encode` and `decode` carry separate state and may be used alone; `step` does both. `depth` may be set between
    steps: encoding always uses every book, decoding the first `depth`.
    """

    def __init__(self, info: CodecInfo, batch: int = 1, depth: int | None = None, start: Start = "file") -> None:
        if batch < 1:
            raise SpeefeareError(f"A stream of {info.name} wants a batch of 1 or more, not {batch}.")
        self.info = info
        self.batch = batch
        self.start = start
        self._depth = info.check_depth(depth)
        self.state: StreamState = {}

    @property
    def depth(self) -> int:
        """Books used for decoding."""
        return self._depth

    @depth.setter
    def depth(self, depth: int | None) -> None:
        self._depth = self.info.check_depth(depth)

    @abstractmethod
    def encode(self, audio: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """`[B, C, n·hop]` → codes `[B, K, n]` and latents `[B, D, n]`."""

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → audio `[B, C, n·hop]`, with the first `depth` books.

        Of a codec without books: latents `[B, D, n]` → audio.
        """

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0, instead of the first `depth` (None: back to these).

        Raises `SpeefeareError` where a family decodes the first books only.
        """
        if books is not None:
            raise SpeefeareError(f"A stream of {self.info.name} decodes the first books only.")

    def finish_encode(self, rest: Tensor | None = None) -> tuple[Tensor | None, Tensor | None]:
        """The end of a recording: what was held back, and a last ragged piece `[B, C, r]`, r < hop, padded as the
        codec pads the end of a file. Gives codes `[B, K, m]` and latents `[B, D, m]`, m ≥ 0 (None, None: nothing)."""
        import torch

        if rest is None or rest.shape[-1] == 0:
            return None, None
        return self.encode(torch.nn.functional.pad(rest, (0, self.info.hop_samples - rest.shape[-1])))

    def finish_decode(self) -> Tensor | None:
        """The end of a recording: the audio `[B, C, m]` that was held back; None where nothing was."""
        return None

    def step(self, audio: Tensor) -> StreamStep:
        """Encode and decode n whole frames `[B, C, n·hop]`. Raises `SpeefeareError` for a ragged block."""
        import torch

        hop = self.info.hop_samples
        if audio.shape[-1] == 0 or audio.shape[-1] % hop:
            raise SpeefeareError(
                f"A stream of {self.info.name} takes whole frames of {hop} samples, not {audio.shape[-1]};"
                " put a Framer before it."
            )
        with torch.inference_mode():
            codes, latents = self.encode(audio)
            told = latents if codes is None else codes
            if told is None:
                raise SpeefeareError(f"{self.info.name} gives neither codes nor latents to decode.")
            return StreamStep(self.decode(told), codes, latents)

    def check_batch(self, given: Tensor) -> None:
        """Raise `SpeefeareError` where audio or codes `[B, …]` are of another batch than this stream."""
        if given.shape[0] != self.batch:
            raise SpeefeareError(f"This stream was made for a batch of {self.batch}, not {given.shape[0]}.")

    def get_state(self) -> StreamState:
        """A copy of the carried state, for `set_state` later or on another stream of the same codec."""
        return copy.deepcopy(self.state)

    def set_state(self, state: StreamState) -> None:
        """Go on from a state that `get_state` gave."""
        self.state = copy.deepcopy(state)

    def reset(self) -> None:
        """Back to silence before the first sample."""
        self.state = {}


class Framer:
    """Ragged blocks in, whole frames out; keeps what is left over. Knows nothing of codecs."""

    def __init__(self, frame_samples: int, channels: int = 1) -> None:
        self.frame_samples = frame_samples
        self._rest: NDArray[np.float32] = np.zeros((channels, 0), np.float32)

    @property
    def pending_samples(self) -> int:
        """Samples that wait for their frame to fill."""
        return int(self._rest.shape[-1])

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """`[C, n]` → `[C, m·frame]` with m ≥ 0 whole frames."""
        joined = np.concatenate([self._rest, block], axis=-1)
        whole = joined.shape[-1] - joined.shape[-1] % self.frame_samples
        self._rest = joined[:, whole:].copy()
        return joined[:, :whole]

    def flush(self) -> NDArray[np.float32]:
        """The rest, filled with zeros to one whole frame; `[C, 0]` where nothing is left."""
        rest = self._rest
        self._rest = rest[:, :0].copy()
        if rest.shape[-1] == 0:
            return rest
        return np.pad(rest, ((0, 0), (0, self.frame_samples - rest.shape[-1])))
