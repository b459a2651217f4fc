"""The step: one judgement serves codec and discriminators with the values of two, shares, turns, frozen parts."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.parametrizations import weight_norm

from speefeare_core.losses.adversarial import HingeLoss, LeastSquaresLoss
from speefeare_core.losses.feature_matching import FeatureMatchingLoss
from speefeare_core.training.adversary import Adversary, mean_logits
from speefeare_core.training.optimisers import make_optimiser
from speefeare_core.training.parallel import Parallel
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.train_step import Heard, Learner
from speefeare_core.training.trainable import trainable_for
from tests.core.training.tiny_run import ADVERSARY, tiny

LOSSES_OF = {"hinge": HingeLoss, "least_squares": LeastSquaresLoss}
LOSSES = [{"key": "companded_stft", "options": {"windows": [64, 128]}}]


def learner_of(given: Recipe) -> Learner:
    torch.manual_seed(0)
    return Learner(given, trainable_for(given), Parallel("cpu"))


def audio() -> torch.Tensor:
    return 0.2 * torch.randn(3, 1, 640, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("key", ["hinge", "least_squares"])
def test_the_step_is_the_one_that_two_judgements_make(key: str) -> None:
    """Against the plain way: judge for the codec, step it, judge again for the discriminators, step them."""
    raw = {**ADVERSARY, "generator": {"key": key}, "optimiser": {"clip_norm": 0.0, "warmup_steps": 0}}
    given = tiny(adversarial=raw, losses=LOSSES, optimiser__clip_norm=0.0, depths__kind="all", books__learn=False)
    ours, plain = learner_of(given), learner_of(given)
    report = ours.step([Heard(audio())], 0, 0.0, False)
    adversary = plain.adversary
    assert adversary is not None
    made = plain.model.reconstruct(audio(), plain.draw)
    fake, real = adversary.judge(made.decoded), adversary.judge(made.target)
    gan, feature = LOSSES_OF[key](), FeatureMatchingLoss()
    codec = plain.losses["companded_stft"][1](made.decoded, made.target) + gan.generator(fake)
    codec = codec + 2.0 * feature(real, fake) + 0.25 * made.own["commitment"]
    codec.backward()  # type: ignore[no-untyped-call]
    assert float(report.values["total"]) == pytest.approx(float(codec.detach()), rel=1e-5)
    theirs = dict(plain.model.module.named_parameters())
    for name, value in ours.model.module.named_parameters():
        if theirs[name].grad is not None and value.grad is not None:
            torch.testing.assert_close(value.grad, theirs[name].grad, rtol=1e-4, atol=1e-7, msg=name)
    adversary.zero_grad()
    loss = gan.discriminator(adversary.judge(made.target), adversary.judge(made.decoded.detach()))
    loss.backward()  # type: ignore[no-untyped-call]
    assert ours.adversary is not None
    for mine, other in zip(ours.adversary.parts.parameters(), adversary.parts.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=1e-8)


def test_the_discriminators_learn_to_tell_apart_and_the_codec_hears_of_it() -> None:
    given = tiny(adversarial={**ADVERSARY, "optimiser": {"rate": 3e-3, "warmup_steps": 0}}, losses=LOSSES,
                 optimiser__rate=0.0)  # fmt: skip
    learner = learner_of(given)
    reports = [learner.step([Heard(audio())], step, 0.0, step == 39) for step in range(40)]
    assert float(reports[-1].values["discriminator"]) < 0.8 * float(reports[0].values["discriminator"])
    assert float(reports[-1].values["logits_real"]) > float(reports[-1].values["logits_fake"])
    assert reports[-1].shares["adversarial"] > 0
    assert reports[-1].shares["feature_matching"] > 0


def test_the_discriminators_learn_in_their_share_of_the_steps() -> None:
    learner = learner_of(tiny(adversarial={**ADVERSARY, "update_share": 2 / 3}, losses=LOSSES))
    learnt = sum("discriminator" in learner.step([Heard(audio())], step, 0.0, False).values for step in range(60))
    assert 30 <= learnt <= 50


@pytest.mark.parametrize(("step", "progress", "begun"), [(9, 0.9, False), (10, 0.49, False), (10, 0.5, True)])
def test_the_discriminators_begin_at_the_later_of_step_and_share(step: int, progress: float, begun: bool) -> None:
    learner = learner_of(tiny(adversarial={**ADVERSARY, "start_step": 10, "start_share": 0.5}, losses=LOSSES))
    assert ("discriminator" in learner.step([Heard(audio())], step, progress, False).values) == begun


def test_the_loss_without_knowledge_is_that_of_one_answer_for_both() -> None:
    for key, expected in (("hinge", 2.0), ("mse", 0.5)):
        given = tiny(adversarial={**ADVERSARY, "generator": {"key": key}}).adversarial
        adversary = Adversary(given)
        judgement = adversary.listen(audio(), audio(), False)
        assert adversary.loss_without_knowledge(judgement) == pytest.approx(expected)
        assert mean_logits(judgement.real) == mean_logits(judgement.fake)


def test_shares_are_those_of_the_gradients_at_the_decoded_audio() -> None:
    given = tiny(losses=[*LOSSES, {"key": "time_l1", "weight": 3.0}], depths__kind="all", books__learn=False)
    learner = learner_of(given)
    made = learner.model.reconstruct(audio(), learner.draw)
    heard = made.decoded.detach().requires_grad_()
    lengths = {}
    for name, (weight, loss) in learner.losses.items():
        (slope,) = torch.autograd.grad(weight * loss(heard, made.target), [heard])
        lengths[name] = float(slope.norm())
    report = learner_of(given).step([Heard(audio())], 0, 0.0, True)
    for name, length in lengths.items():
        assert report.shares[name] == pytest.approx(length / sum(lengths.values()), rel=1e-4)


def test_lengths_grow_as_the_weights_without_them_would() -> None:
    layer = weight_norm(torch.nn.Conv1d(8, 4, 7))
    given = tiny(optimiser__even_lengths=True).optimiser
    found = {
        tuple(group["params"][0].shape): group["share"]
        for group in make_optimiser(layer.named_parameters(), given).param_groups
    }
    assert found == {(4, 1, 1): pytest.approx(56**0.5), (4,): 1.0}
    plain = make_optimiser(layer.named_parameters(), tiny().optimiser)
    assert [group["share"] for group in plain.param_groups] == [1.0]


def test_an_optimiser_decays_only_what_it_should() -> None:
    layer = torch.nn.ModuleDict({"transformer": torch.nn.Linear(2, 2), "conv": torch.nn.Linear(2, 2)})
    given = tiny(optimiser__decay_only=["transformer"], optimiser__weight_decay=0.05).optimiser
    optimiser = make_optimiser(layer.named_parameters(), given, {"conv": 0.1})
    assert [(group["weight_decay"], group["share"], len(group["params"])) for group in optimiser.param_groups] == [
        (0.05, 1.0, 2), (0.0, 0.1, 2),
    ]  # fmt: skip
