"""The linear transform codec as something to train: it is fitted to the speech, and that is all."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.linear import NOTES, LinearCodec
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable


class TrainableLinear(Trainable):
    """Nothing in it has a gradient."""

    fitted = True

    module: LinearTransform

    def __init__(self, network: dict[str, Any]) -> None:
        config = LinearConfig.from_dict(network)
        self.module = LinearTransform(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples

    def start(self, speech: Tensor) -> None:
        """Fit everything to speech [N]."""
        self.module.fit(speech)

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """There is nothing to learn step by step. Raises RuntimeError."""
        raise RuntimeError("the linear transform codec is fitted, not trained step by step")

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return LinearCodec(self.module, name=name, licence=licence, notes=notes or NOTES).to_native()
