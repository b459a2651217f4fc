"""EnCodec as something to train."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.nn.encodec import EncodecConfig, EncodecModel
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights


class TrainableEncodec(Trainable):
    """Starts at random; the books take their k-means start from the first batch."""

    module: EncodecModel

    def __init__(self, network: dict[str, Any]) -> None:
        config = EncodecConfig.from_dict(network)
        if config.channels != 1:
            raise ValueError("training is for one channel; set channels to 1")
        self.module = EncodecModel(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """With `depths.kind: per_step`, one number of books for the batch (the random bandwidth of section 3.3)."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        unquantised = draw.unquantised(audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, depths, unquantised=unquantised)
        own = {"commitment": out.quantized.commitment_loss}
        return Reconstruction(out.audio, audio, own, used_codes(out.quantized))

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return self.native_of(EncodecCodec, name, licence, notes)
