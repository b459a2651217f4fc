"""The neural transform codec as something to train."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.codecs.transform import TransformCodec
from speefeare_core.nn.linear_transform import LinearTransform
from speefeare_core.nn.transform_net import TransformConfig, TransformNet
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes


class TrainableTransform(Trainable):
    """Starts at the linear transform codec that fits the speech."""

    module: TransformNet

    def __init__(self, network: dict[str, Any]) -> None:
        config = TransformConfig.from_dict(network)
        self.module = TransformNet(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books

    def start(self, speech: Tensor) -> None:
        """Map and books of the linear codec that fits speech [N]; the frame blocks add nothing yet."""
        linear = LinearTransform(self.module.config.linear).to(speech.device)
        linear.fit(speech)
        self.module.start_linear(linear)

    def take_over(self, codec: Codec) -> None:
        """Start from a neural or a linear transform codec of the same sizes."""
        if isinstance(codec.module, LinearTransform):
            self.module.start_linear(codec.module)
        else:
            super().take_over(codec)

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Quantiser dropout per example; the decoded audio is one hop late, and compared so."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        out = self.module(audio, depths)
        hop = self.frame_samples
        own = {"commitment": out.quantized.commitment_loss}
        return Reconstruction(out.audio[..., hop:], audio[..., :-hop], own, used_codes(out.quantized))

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return TransformCodec(self.module, name=name, licence=licence, notes=notes).to_native()
