"""Encoder, one chain of books, decoder: what SoundStream, EnCodec and DAC have in common as something to train."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.quantizers.residual import Quantized
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights


class ResidualNetwork(Trainable):
    """A network that is called with audio, depths and what stays unquantised. It starts at random."""

    codec: ClassVar[type[NetworkCodec]]
    module: Any

    def __init__(self, network: dict[str, Any]) -> None:
        """Raises ValueError or TypeError for sizes that cannot work."""
        self.module = self.codec.network(network)
        config = self.module.config
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books

    def own_terms(self, quantized: Quantized) -> dict[str, Tensor]:
        """The losses of the quantiser itself, by key of `own_weights`."""
        return {"commitment": quantized.commitment_loss}

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Quantiser dropout as the recipe draws it. Where the network gives less than it heard, so is the target."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        unquantised = draw.unquantised(audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, depths, unquantised=unquantised)
        target = audio[..., : out.audio.shape[-1]]
        return Reconstruction(out.audio, target, self.own_terms(out.quantized), used_codes(out.quantized))

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return self.native_of(self.codec, name, licence, notes)
