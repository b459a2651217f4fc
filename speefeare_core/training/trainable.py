"""What the trainer asks of a codec family, and the table of families that can be trained."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.quantizers.residual import Quantized, ResidualVQ
from speefeare_core.quantizers.vector import LearningRules, VectorQuantizer, vector_quantizers
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.entry_use import check_unquantised
from speefeare_core.training.freezing import frozen_names
from speefeare_core.training.initialise import initialise, start_at_silence
from speefeare_core.training.weight_norm import add_weight_norm, load_plain_state, plain_state

if TYPE_CHECKING:
    from speefeare_core.codecs.network_codec import NetworkCodec
    from speefeare_core.training.recipe import Recipe


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
    hears_itself: bool = False  # True: the network brings its teacher, and gets no features
    taught_width: int | None = None  # S of the features that it learns from; None: of any
    frozen: tuple[str, ...] = ()  # starts of names of parameters that never learn

    def prepare(self, recipe: Recipe) -> None:
        """Everything of a recipe that is about the network itself: initial weights, weight norm, how books learn.

        Raises `SpeefeareError` where latents should stay unquantised for a decoder that cannot take them.
        """
        check_unquantised(recipe)
        initialise(self.module, recipe.init)
        still = frozen_names(self.module, recipe.freeze)
        self.frozen = (*self.frozen, *still)
        add_weight_norm(self.module, recipe.weight_norm, but=still)
        for name, parameter in self.module.named_parameters():
            if still and name.startswith(still):
                parameter.requires_grad_(False)
        if recipe.init == "even":
            start_at_silence(self.module)
        rules = dataclasses.asdict(recipe.books)
        learn = rules.pop("learn") and "quantiser" not in recipe.freeze
        straight_through = rules.pop("straight_through")
        for part in self.module.modules():
            if isinstance(part, VectorQuantizer):
                part.learning, part.rules = learn, LearningRules(**rules)
            elif isinstance(part, ResidualVQ):
                part.legacy_straight_through = straight_through == "legacy"

    def start(self, speech: Tensor) -> None:  # noqa: B027 - most families start at random
        """Initialise from speech [N] before the first step."""

    def take_over(self, codec: Codec) -> None:
        """Start from the weights of a codec. Raises RuntimeError where they do not fit."""
        load_plain_state(self.module, codec.module.state_dict())
        for _, book in vector_quantizers(self.module):
            book.adopt(book.codebook.clone())

    def learning_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """What an optimiser may move, by name."""
        for name, parameter in self.module.named_parameters():
            if not (self.frozen and name.startswith(self.frozen)):
                yield name, parameter

    @abstractmethod
    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Encode, quantise with depths drawn per example, and decode audio [B, 1, F * frame_samples].

        `features` `[B, S, F']`: what the recipe's teacher hears in it, for families that listen to one.
        """

    @abstractmethod
    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents, with plain weights; the network stays as it is."""

    def native_of(self, codec: type[NetworkCodec], name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """`to_native` for a codec class around a network of its `config`."""
        config: Any = self.module.config
        plain = codec.network(config.to_dict())
        plain.load_state_dict(plain_state(self.module))
        made: Any = codec
        file: NativeFile = made(plain, name=name, licence=licence, notes=notes).to_native()
        return file


TRAINABLES: dict[str, str] = {
    "transform": "speefeare_core.training.transform:TrainableTransform",
    "linear": "speefeare_core.training.linear:TrainableLinear",
    "subframe": "speefeare_core.training.subframe:TrainableSubframe",
    "soundstream": "speefeare_core.training.soundstream:TrainableSoundStream",
    "encodec": "speefeare_core.training.encodec:TrainableEncodec",
    "dac": "speefeare_core.training.dac:TrainableDac",
    "wavtokenizer": "speefeare_core.training.wavtokenizer:TrainableWavTokenizer",
    "audiovae": "speefeare_core.training.audiovae:TrainableAudioVae",
    "speechtokenizer": "speefeare_core.training.speechtokenizer:TrainableSpeechTokenizer",
    "mimi": "speefeare_core.training.mimi:TrainableMimi",
    "xcodec": "speefeare_core.training.xcodec:TrainableXCodec",
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


def trainable_for(recipe: Recipe) -> Trainable:
    """The network of a recipe, prepared as it says. Raises `SpeefeareError` for what does not fit the family."""
    built = build_trainable(recipe.family, recipe.network)
    try:
        built.prepare(recipe)
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"The recipe {recipe.name} does not fit the family {recipe.family}: {error}.") from error
    return built


def whole_weights() -> Any:
    """A context in which weights under weight norm are computed once for all layers that ask for them."""
    return parametrize.cached()
