"""BlockEncoder and BlockDecoder: a recording of any length through a codec, piece by piece, in bounded memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import Encoded


class BlockEncoder(ABC):
    """Audio in ragged pieces → pieces of `Encoded` (see `pieces`), which joined are the encoding of the whole."""

    seams: list[int]  # frames of the fastest book at which blocks meet; none where state is carried

    @abstractmethod
    def push(self, audio: Tensor) -> Encoded | None:
        """The next `[B, C, n]`, any n. What is finished by now, or None."""

    @abstractmethod
    def finish(self) -> Encoded | None:
        """The end of the recording: what is left, or None."""


class BlockDecoder(ABC):
    """Pieces of `Encoded` → audio, which joined is the decode of the whole, of exactly its length."""

    @abstractmethod
    def push(self, piece: Encoded) -> Tensor:
        """The next piece. The audio `[B, C, m]`, m ≥ 0, that is finished by now."""

    @abstractmethod
    def finish(self) -> Tensor:
        """The end of the recording: the audio `[B, C, m]` that is left."""
