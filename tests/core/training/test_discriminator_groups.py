"""The adversarial part of a recipe: groups of discriminators, each with a loss of its own."""

from __future__ import annotations

import pytest
import torch

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.adversary import Adversary, mean_logits
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import AdversarialRecipe

TWO = {
    "discriminators": [{"key": "ms_stft", "options": {"windows": [64, 128], "channels": 2}}],
    "generator": {"key": "hinge", "weight": 3.0},
    "feature": {"key": "feature_matching", "weight": 5.0},
    "groups": [
        {
            "discriminators": [{"key": "multi_period", "options": {"periods": [2], "channels": 2}}],
            "generator": {"key": "least_squares", "weight": 7.0},
        }
    ],
}


def adversarial(**changes: object) -> AdversarialRecipe:
    return Recipe.from_dict({"name": "x", "family": "soundstream", "adversarial": {**TWO, **changes}}).adversarial


def audio(seed: int) -> torch.Tensor:
    return 0.1 * torch.randn(2, 1, 600, generator=torch.Generator().manual_seed(seed))


def test_each_group_has_its_own_losses_and_weights() -> None:
    torch.manual_seed(0)
    adversary = Adversary(adversarial())
    judgement = adversary.listen(audio(1), audio(2), learn=True)
    assert len(judgement.real) == len(judgement.fake) == 3
    terms = adversary.generator_terms(judgement)
    assert {name: weight for name, (weight, _) in terms.items()} == {
        "adversarial": 3.0, "feature_matching": 5.0, "adversarial_2": 7.0,
    }  # fmt: skip
    real, fake = ([output.logits for output in side] for side in (judgement.real, judgement.fake))
    hinge = torch.stack([(1 - x).clamp(min=0).mean() for x in fake[:2]]).mean()
    torch.testing.assert_close(terms["adversarial"][1], hinge)
    torch.testing.assert_close(terms["adversarial_2"][1], (1 - fake[2]).square().mean())
    apart = [(1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean() for r, f in zip(real[:2], fake[:2], strict=True)]
    squares = (1 - real[2]).square().mean() + fake[2].square().mean()
    torch.testing.assert_close(adversary.discriminator_loss(judgement), torch.stack(apart).mean() + squares)
    assert adversary.loss_without_knowledge(judgement) == pytest.approx(2.0 + 0.5)
    assert mean_logits(judgement.fake).item() == pytest.approx(sum(x.mean().item() for x in fake) / 3, rel=1e-5)


def test_every_group_learns_and_is_left_alone_for_as_long_as_it_only_judges() -> None:
    adversary = Adversary(adversarial())
    decoded = audio(1).requires_grad_()
    terms = adversary.generator_terms(adversary.listen(decoded, audio(2), learn=False))
    torch.stack([value for _, value in terms.values()]).sum().backward()
    assert decoded.grad is not None and decoded.grad.abs().sum().item() > 0
    assert all(weight.grad is None for weight in adversary.parts.parameters())
    adversary.discriminator_loss(adversary.listen(audio(1), audio(2), learn=True)).backward()
    assert all(weight.grad is not None for weight in adversary.parts.parameters())
    counted = sum(len(group["params"]) for group in adversary.optimiser.param_groups)
    assert counted == len(list(adversary.parts.parameters()))


def test_a_group_without_such_a_discriminator_or_loss_is_one_sentence() -> None:
    with pytest.raises(SpeefeareError, match="asks for nobody; known are"):
        Adversary(adversarial(groups=[{"discriminators": [{"key": "nobody"}]}]))
    with pytest.raises(SpeefeareError, match=r"adversarial\.groups\[0\]\.discriminators is missing"):
        adversarial(groups=[{}])


def test_a_weight_belongs_to_the_losses_of_a_group() -> None:
    with pytest.raises(SpeefeareError, match="gives the discriminator ms_stft the weight 2, but weights belong"):
        Adversary(adversarial(discriminators=[{"key": "ms_stft", "weight": 2}]))
