"""EnCodec as something to train."""

from __future__ import annotations

from typing import Any

from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.training.residual_network import ResidualNetwork


class TrainableEncodec(ResidualNetwork):
    """The books take their k-means start from the first batch.

    With `depths.kind: per_step`, one number of books for the batch (the random bandwidth of section 3.3).
    """

    codec = EncodecCodec

    def __init__(self, network: dict[str, Any]) -> None:
        super().__init__(network)
        if self.module.config.channels != 1:
            raise ValueError("training is for one channel; set channels to 1")
