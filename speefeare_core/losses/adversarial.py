"""Adversarial losses: what pulls the decoder towards audio that the discriminators take for real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.discriminators.output import DiscriminatorOutput

Over = Literal["mean", "sum"]


def gathered(terms: Sequence[Tensor], over: Over) -> Tensor:
    """Mean or sum of scalars."""
    stacked = torch.stack(list(terms))
    return stacked.mean() if over == "mean" else stacked.sum()


class AdversarialLoss(nn.Module):
    """Over K sub-discriminators with logits D_k,t: their mean, or with `over` "sum" their sum."""

    def __init__(self, over: Over = "mean") -> None:
        super().__init__()
        self.over = over

    def for_fake(self, logits: Tensor) -> Tensor:
        """What the decoder has to bring down, for one sub-discriminator's logits of its audio; a scalar."""
        raise NotImplementedError

    def told_apart(self, real: Tensor, fake: Tensor) -> Tensor:
        """What one sub-discriminator has to bring down; a scalar."""
        raise NotImplementedError

    def generator(self, fake: Sequence[DiscriminatorOutput]) -> Tensor:
        """Scalar."""
        return gathered([self.for_fake(output.logits) for output in fake], self.over)

    def discriminator(self, real: Sequence[DiscriminatorOutput], fake: Sequence[DiscriminatorOutput]) -> Tensor:
        """Scalar; `fake` should come from detached audio."""
        pairs = zip(real, fake, strict=True)
        return gathered([self.told_apart(one.logits, other.logits) for one, other in pairs], self.over)


class HingeLoss(AdversarialLoss):
    """Hinge loss (SoundStream, arXiv 2107.03312, section III-E; EnCodec, arXiv 2210.13438, section 3.4).

    discriminator: mean_k mean_t [ max(0, 1 - D_k,t(x)) + max(0, 1 + D_k,t(G(x))) ]
    generator:     mean_k mean_t   max(0, 1 - D_k,t(G(x))), or with `linear`  - D_k,t(G(x))

    `linear` is what EnCodec's official trainer does (audiocraft, adv_loss: hinge); it never lets go of the decoder.
    """

    def __init__(self, over: Over = "mean", linear: bool = False) -> None:
        super().__init__(over)
        self.linear = linear

    def for_fake(self, logits: Tensor) -> Tensor:
        """A scalar; not `linear`: 0 once every logit of the decoded audio is at least 1."""
        return -logits.mean() if self.linear else F.relu(1 - logits).mean()

    def told_apart(self, real: Tensor, fake: Tensor) -> Tensor:
        """A scalar, 2 for one that cannot tell."""
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


class LeastSquaresLoss(AdversarialLoss):
    """Least squares (Mao et al., arXiv 1611.04076; HiFi-GAN, arXiv 2010.05646, eq. 1 and 2), the label of "real" 1.

    discriminator: sum_k mean_t [ (1 - D_k,t(x))^2 + D_k,t(G(x))^2 ]
    generator:     sum_k mean_t   (1 - D_k,t(G(x)))^2

    The sum over k is that of HiFi-GAN, DAC (dac/nn/loss.py) and SpeechTokenizer; the row `mse` takes the mean, as
    X-Codec does (losses/basic_loss.py, MSEGLoss).
    """

    def __init__(self, over: Over = "sum") -> None:
        super().__init__(over)

    def for_fake(self, logits: Tensor) -> Tensor:
        """A scalar, 0 where all logits are 1."""
        return (1 - logits).square().mean()

    def told_apart(self, real: Tensor, fake: Tensor) -> Tensor:
        """A scalar, 1 for one that says 0 or 1 to everything."""
        return (1 - real).square().mean() + fake.square().mean()


class MeanSquaresLoss(LeastSquaresLoss):
    """Least squares, mean over the sub-discriminators (X-Codec, losses/basic_loss.py and losses/discriminator_loss.py).

    discriminator: mean_k mean_t [ (1 - D_k,t(x))^2 + D_k,t(G(x))^2 ]
    generator:     mean_k mean_t   (1 - D_k,t(G(x)))^2
    """

    def __init__(self, over: Over = "mean") -> None:
        super().__init__(over)
