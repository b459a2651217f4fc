"""Adversarial losses: what pulls the decoder towards audio that the discriminators take for real."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.discriminators.output import DiscriminatorOutput


class HingeLoss(nn.Module):
    """Hinge loss over K discriminators with logits D_k,t (SoundStream, arXiv 2107.03312, section III-E).

    discriminator: mean_k mean_t [ max(0, 1 - D_k,t(x)) + max(0, 1 + D_k,t(G(x))) ]
    generator:     mean_k mean_t   max(0, 1 - D_k,t(G(x)))
    """

    def generator(self, fake: Sequence[DiscriminatorOutput]) -> Tensor:
        """Scalar, 0 once every logit of the decoded audio is at least 1."""
        return torch.stack([F.relu(1 - output.logits).mean() for output in fake]).mean()

    def discriminator(self, real: Sequence[DiscriminatorOutput], fake: Sequence[DiscriminatorOutput]) -> Tensor:
        """Scalar; `fake` should come from detached audio."""
        terms = [
            F.relu(1 - for_real.logits).mean() + F.relu(1 + for_fake.logits).mean()
            for for_real, for_fake in zip(real, fake, strict=True)
        ]
        return torch.stack(terms).mean()
