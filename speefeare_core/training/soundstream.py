"""SoundStream as something to train."""

from __future__ import annotations

from speefeare_core.codecs.soundstream import SoundStreamCodec
from speefeare_core.training.residual_network import ResidualNetwork


class TrainableSoundStream(ResidualNetwork):
    """The books take their k-means start from the first batch; quantiser dropout for each example."""

    codec = SoundStreamCodec
