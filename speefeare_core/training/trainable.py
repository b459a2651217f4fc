"""What the trainer asks of a codec family, and the table of families that can be trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.quantizers.residual import ResidualVQ
from speefeare_core.quantizers.vector import vector_quantizers

DrawDepths = Callable[[ResidualVQ, int], Tensor]  # quantiser and batch → depths [B]


@dataclass(frozen=True)
class Reconstruction:
    """One training pass: what was decoded and what it should have been, aligned."""

    decoded: Tensor  # [B, C, T]
    target: Tensor  # [B, C, T]
    commitment_loss: Tensor  # scalar


class Trainable(ABC):
    """A network with what the trainer needs to know of it."""

    module: nn.Module
    rate_hz: int
    frame_samples: int
    fitted: bool = False  # True: `start` does all the work and no step follows

    def start(self, speech: Tensor) -> None:  # noqa: B027 - most families start at random
        """Initialise from speech [N] before the first step."""

    def take_over(self, codec: Codec) -> None:
        """Start from the weights of a codec. Raises RuntimeError where they do not fit."""
        self.module.load_state_dict(codec.module.state_dict())
        for _, book in vector_quantizers(self.module):
            book.adopt(book.codebook.clone())

    @abstractmethod
    def reconstruct(self, audio: Tensor, draw_depths: DrawDepths) -> Reconstruction:
        """Encode, quantise with depths drawn per example, and decode audio [B, 1, F * frame_samples]."""

    @abstractmethod
    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""


TRAINABLES: dict[str, str] = {
    "transform": "speefeare_core.training.transform:TrainableTransform",
    "linear": "speefeare_core.training.linear:TrainableLinear",
    "soundstream": "speefeare_core.training.soundstream:TrainableSoundStream",
}


def build_trainable(family: str, network: dict[str, Any]) -> Trainable:
    """A fresh network of a family. Raises `SpeefeareError` for an unknown family or option."""
    if family not in TRAINABLES:
        raise SpeefeareError(f"The family {family} cannot be trained here; choose one of {', '.join(TRAINABLES)}.")
    module, name = TRAINABLES[family].split(":")
    try:
        built: Trainable = getattr(import_module(module), name)(network)
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"The recipe's network entry does not fit the family {family}: {error}.") from error
    return built
