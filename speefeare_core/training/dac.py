"""DAC as something to train."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.dac import DacCodec
from speefeare_core.nn.dac_model import DacConfig, DacModel
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights


class TrainableDac(Trainable):
    """Starts at random; its factorised books learn by gradient, with a loss `codebook` of their own."""

    module: DacModel

    def __init__(self, network: dict[str, Any]) -> None:
        config = DacConfig.from_dict(network)
        self.module = DacModel(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Quantiser dropout per example. Odd strides lose a few samples at the end, and the target loses them too."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        unquantised = draw.unquantised(audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, depths, unquantised=unquantised)
        own = {"commitment": out.quantized.commitment_loss, "codebook": out.quantized.codebook_loss}
        return Reconstruction(out.audio, audio[..., : out.audio.shape[-1]], own, used_codes(out.quantized))

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return self.native_of(DacCodec, name, licence, notes)
