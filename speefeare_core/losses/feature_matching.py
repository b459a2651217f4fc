"""Feature matching: the decoded audio should look like the original inside the discriminators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.losses.adversarial import gathered

Over = Literal["everything", "discriminators", "nothing"]


class FeatureMatchingLoss(nn.Module):
    """mean over sub-discriminators k and inner layers l of mean |D_k^l(x) - D_k^l(G(x))|.

    SoundStream (arXiv 2107.03312, section III-E) with every layer averaged over all its units as in MelGAN (arXiv
    1910.06711, eq. 4). `relative` divides each layer by mean |D_k^l(x)|, as EnCodec does (arXiv 2210.13438, eq. 2; its
    official trainer does not). `mean_over` "discriminators" sums the layers of each (Vocos, WavTokenizer), "nothing"
    sums everything (DAC; HiFi-GAN and SpeechTokenizer, which double it). `logits` counts each one's logits as a last
    layer (HiFi-GAN, SpeechTokenizer, Vocos).
    """

    def __init__(self, relative: bool = False, mean_over: Over = "everything", logits: bool = False) -> None:
        super().__init__()
        if mean_over not in ("everything", "discriminators", "nothing"):
            raise ValueError(f"mean_over is everything, discriminators or nothing, not {mean_over}")
        self.relative, self.mean_over, self.logits = relative, mean_over, logits

    def forward(self, real: Sequence[DiscriminatorOutput], fake: Sequence[DiscriminatorOutput]) -> Tensor:
        """Scalar; no gradient flows into `real`."""
        parts = [self._layers(*pair) for pair in zip(real, fake, strict=True)]
        if self.mean_over == "everything":
            return torch.stack([distance for part in parts for distance in part]).mean()
        return gathered([torch.stack(part).sum() for part in parts], "sum" if self.mean_over == "nothing" else "mean")

    def _layers(self, real: DiscriminatorOutput, fake: DiscriminatorOutput) -> list[Tensor]:
        targets = [*real.features, real.logits] if self.logits else real.features
        features = [*fake.features, fake.logits] if self.logits else fake.features
        found = []
        for target, feature in zip(targets, features, strict=True):
            target = target.detach()
            distance = (target - feature).abs().mean()
            found.append(distance / target.abs().mean().clamp(min=1e-8) if self.relative else distance)
        return found
