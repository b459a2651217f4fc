"""What a discriminator says of a signal."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class DiscriminatorOutput(NamedTuple):
    """The judgement of one sub-discriminator, and what it saw on the way."""

    logits: Tensor  # [N, 1, ...], above 0 for "real"; N = B · C
    features: list[Tensor]  # the activations of its inner layers, [N, channels, ...]
