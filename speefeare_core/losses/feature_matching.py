"""Feature matching: the decoded audio should look like the original inside the discriminators."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from speefeare_core.discriminators.output import DiscriminatorOutput


class FeatureMatchingLoss(nn.Module):
    """mean over discriminators k and inner layers l of mean |D_k^l(x) - D_k^l(G(x))|.

    SoundStream (arXiv 2107.03312, section III-E) with every layer averaged over all its units as in MelGAN (arXiv
    1910.06711, eq. 4). `relative` divides each layer by mean |D_k^l(x)|, as EnCodec does (arXiv 2210.13438, eq. 2).
    """

    def __init__(self, relative: bool = False) -> None:
        super().__init__()
        self.relative = relative

    def forward(self, real: Sequence[DiscriminatorOutput], fake: Sequence[DiscriminatorOutput]) -> Tensor:
        """Scalar; no gradient flows into `real`."""
        terms = []
        for for_real, for_fake in zip(real, fake, strict=True):
            for target, feature in zip(for_real.features, for_fake.features, strict=True):
                target = target.detach()
                distance = (target - feature).abs().mean()
                terms.append(distance / target.abs().mean().clamp(min=1e-8) if self.relative else distance)
        return torch.stack(terms).mean()
