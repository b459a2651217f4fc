"""What the trainer asks of a codec family, and the table of families that can be trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.quantizers.residual import Quantized
from speefeare_core.quantizers.vector import vector_quantizers
from speefeare_core.training.draws import DepthDraw


@dataclass(frozen=True)
class Reconstruction:
    """One training pass: what was decoded and what it should have been, aligned."""

    decoded: Tensor  # [B, C, T]
    target: Tensor  # [B, C, T]
    own: Mapping[str, Tensor] = field(default_factory=dict)  # scalars by key of `own_weights`: commitment, codebook, kl
    codes: Tensor | None = None  # [B, K, F] int64, −1 where an example does not use the book; None: no books
    taught: Tensor | None = None  # [B, F', S], what is compared with the teacher's features
    features: Tensor | None = None  # [B, F', S], the teacher's, at the same frames


def used_codes(quantized: Quantized) -> Tensor:
    """Codes `[B, K, F]` with −1 where an example does not use the book."""
    books = torch.arange(quantized.codes.shape[1], device=quantized.codes.device)
    unused = books[None, :, None] >= quantized.depths[:, None, None]
    return quantized.codes.masked_fill(unused, -1)


class Trainable(ABC):
    """A network with what the trainer needs to know of it."""

    module: nn.Module
    rate_hz: int
    frame_samples: int
    book_sizes: tuple[int, ...] = ()
    fitted: bool = False  # True: `start` does all the work and no step follows

    def start(self, speech: Tensor) -> None:  # noqa: B027 - most families start at random
        """Initialise from speech [N] before the first step."""

    def take_over(self, codec: Codec) -> None:
        """Start from the weights of a codec. Raises RuntimeError where they do not fit."""
        self.module.load_state_dict(codec.module.state_dict())
        for _, book in vector_quantizers(self.module):
            book.adopt(book.codebook.clone())

    @abstractmethod
    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Encode, quantise with depths drawn per example, and decode audio [B, 1, F * frame_samples].

        `features` `[B, S, F']`: what the recipe's teacher hears in it, for families that listen to one.
        """

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
