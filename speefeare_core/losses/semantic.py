"""What a codec's features have to do with a teacher's: four distances of `[B, F, S]`, frames along the middle."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class DAxisLoss(nn.Module):
    """- mean_d ln sigmoid( cos(taught[:, d], features[:, d]) ), the cosine along the frames.

    SpeechTokenizer, arXiv 2308.16692, eq. 1: for every dimension d its course over time is compared.
    """

    def forward(self, taught: Tensor, features: Tensor) -> Tensor:
        """`[B, F, S]` twice → scalar."""
        return -F.logsigmoid(F.cosine_similarity(taught, features, dim=1)).mean()


class TAxisLoss(nn.Module):
    """mean |taught - features| - `cosine_weight` · mean_t ln sigmoid( cos(taught[t], features[t]) ).

    The continuous T-axis loss that SpeechTokenizer's trainer offers beside the D-axis one (t_axis_distill_loss), as in
    DistilHuBERT, arXiv 2110.01900, eq. 1.
    """

    def __init__(self, cosine_weight: float = 1.0) -> None:
        super().__init__()
        self.cosine_weight = cosine_weight

    def forward(self, taught: Tensor, features: Tensor) -> Tensor:
        """`[B, F, S]` twice → scalar."""
        cosine = F.cosine_similarity(taught, features, dim=2)
        return (taught - features).abs().mean() - self.cosine_weight * F.logsigmoid(cosine).mean()


class CosineLoss(nn.Module):
    """mean_t ( 1 - cos(taught[t], features[t]) ) (Mimi: Moshi, arXiv 2410.00037, section 3.3.2)."""

    def forward(self, taught: Tensor, features: Tensor) -> Tensor:
        """`[B, F, S]` twice → scalar, 0 ... 2."""
        return 1 - F.cosine_similarity(taught, features, dim=2).mean()


class SemanticMseLoss(nn.Module):
    """mean (taught - features)^2 (X-Codec, arXiv 2408.17175, section 3.2)."""

    def forward(self, taught: Tensor, features: Tensor) -> Tensor:
        """`[B, F, S]` twice → scalar."""
        return (taught - features).square().mean()
