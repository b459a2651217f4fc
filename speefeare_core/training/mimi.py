"""Mimi as something to train: split books, half of the examples unquantised, the semantic book taught."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.codecs.mimi import MimiCodec
from speefeare_core.nn.mimi import MimiConfig, MimiModel
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.listening import at_frames
from speefeare_core.training.taught import adopt_books, load_but_transform
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights

POOL = 2.0  # the teacher is averaged over two frames around each, later sound too: stride 4, kernel 8 at 50 Hz


class TrainableMimi(Trainable):
    """Starts at random. Quantiser dropout leaves out acoustic books alone; with one chain of books, any but the first.

    `semantic_books` equal to `books` gives that one chain, to compare the split with.
    """

    module: MimiModel

    def __init__(self, network: dict[str, Any]) -> None:
        config = MimiConfig.from_dict(network)
        self.module = MimiModel(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books
        self.taught_width = config.semantic_dimension

    def take_over(self, codec: Codec) -> None:
        """Start from the weights of a codec; the published ones lack the layer to the teacher's width."""
        load_but_transform(self.module, codec)
        adopt_books(self.module)

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Without features nothing is taught. The features are pooled over later sound too, though Mimi is causal."""
        config = self.module.config
        always = config.semantic_books if config.semantic_books < config.books else 0
        depths = draw.depths(config.books - always, audio.shape[0], audio.device) + always
        unquantised = draw.unquantised(audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, depths, unquantised)
        own = {"commitment": out.quantized.commitment_loss}
        if features is None or out.semantic is None:
            return Reconstruction(out.audio, audio, own, used_codes(out.quantized))
        heard = at_frames(features, out.latents.shape[-1], kernel=POOL)
        return Reconstruction(out.audio, audio, own, used_codes(out.quantized), out.semantic, heard)

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents, the layer to the teacher's width in it."""
        return self.native_of(MimiCodec, name, licence, notes)
