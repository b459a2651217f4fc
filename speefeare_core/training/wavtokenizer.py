"""WavTokenizer as something to train."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.wavtokenizer import WavTokenizerCodec
from speefeare_core.nn.wavtokenizer import WavTokenizerConfig, WavTokenizerModel
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights


class TrainableWavTokenizer(Trainable):
    """Starts at random; its one book takes its k-means start from the first batch. There are no depths to draw."""

    module: WavTokenizerModel

    def __init__(self, network: dict[str, Any]) -> None:
        config = WavTokenizerConfig.from_dict(network)
        if config.padding != "same":
            raise ValueError("training wants padding same: center loses a hop of every example")
        self.module = WavTokenizerModel(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,)

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Every example as one long window."""
        unquantised = draw.unquantised(audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, unquantised=unquantised)
        own = {"commitment": out.quantized.commitment_loss}
        return Reconstruction(out.audio, audio, own, used_codes(out.quantized))

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return self.native_of(WavTokenizerCodec, name, licence, notes)
