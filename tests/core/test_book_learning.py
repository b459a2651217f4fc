"""How books learn: the rules that a recipe sets."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from speefeare_core.quantizers.residual import ResidualVQ
from speefeare_core.quantizers.vector import LearningRules, VectorQuantizer


def book(**rules: object) -> VectorQuantizer:
    torch.manual_seed(0)
    made = VectorQuantizer(4, 2)
    made.rules = dataclasses.replace(LearningRules(decay=0.5), **rules)  # type: ignore[arg-type]
    made.adopt(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [90.0, 90.0]]))
    return made


def taught(learner: VectorQuantizer, batches: int = 12) -> VectorQuantizer:
    torch.manual_seed(5)
    vectors = torch.rand(200, 2)
    for _ in range(batches):
        learner.learn(vectors, learner.encode(vectors))
    return learner


def test_dead_entries_stay_where_nothing_replaces_them() -> None:
    assert float(taught(book(replace_dead=False)).codebook[3, 0]) == 90.0
    assert float(taught(book()).codebook[3, 0]) <= 1.0


def test_entries_are_looked_at_only_every_so_many_batches() -> None:
    assert float(taught(book(check_every=20)).codebook[3, 0]) == 90.0
    assert float(taught(book(check_every=20), 20).codebook[3, 0]) <= 1.0


def test_how_little_is_dead_depends_on_the_fair_share() -> None:
    never = taught(book(fair_share=0.0))
    assert float(never.codebook[3, 0]) == 90.0


def test_a_start_without_kmeans_has_the_width_of_the_batch() -> None:
    learner = VectorQuantizer(512, 3)
    learner.rules = LearningRules(kmeans=False)
    torch.manual_seed(1)
    vectors = torch.tensor([5.0, 0.0, -2.0]) + torch.tensor([0.1, 1.0, 3.0]) * torch.randn(4000, 3)
    learner.initialise(vectors)
    assert bool(learner.initialised)
    torch.testing.assert_close(learner.codebook.mean(dim=0), vectors.mean(dim=0), atol=0.3, rtol=0.1)
    torch.testing.assert_close(learner.codebook.std(dim=0), vectors.std(dim=0), atol=0.02, rtol=0.1)
    centres = VectorQuantizer(512, 3)
    centres.initialise(vectors)
    assert not torch.equal(centres.codebook, learner.codebook)


def test_more_rounds_of_kmeans_come_nearer() -> None:
    torch.manual_seed(2)
    vectors = torch.randn(2000, 4)
    left = []
    for rounds in (1, 30):
        learner = VectorQuantizer(32, 4)
        learner.rules = LearningRules(kmeans_rounds=rounds)
        torch.manual_seed(3)
        learner.initialise(vectors)
        left.append(float((vectors - learner.decode(learner.encode(vectors))).square().mean()))
    assert left[1] < 0.95 * left[0]


def test_resuming_counts_the_batches_on() -> None:
    first = taught(book(check_every=20), 19)
    second = book(check_every=20)
    second.load_state_dict(first.state_dict())
    second.load_learning_state(first.learning_state())
    assert float(taught(second, 1).codebook[3, 0]) <= 1.0


@pytest.mark.parametrize("legacy", [False, True])
def test_the_legacy_way_pulls_with_the_first_book_alone(legacy: bool) -> None:
    torch.manual_seed(4)
    quantizer = ResidualVQ(3, 8, 4).eval()
    quantizer.legacy_straight_through = legacy
    latents = torch.randn(2, 4, 10, requires_grad=True)
    out = quantizer(latents)
    (pull,) = torch.autograd.grad(out.commitment_loss, [latents], retain_graph=True)
    rows = latents.detach()
    left = [rows]
    for index in range(3):
        chosen = quantizer.layer(index).decode(out.codes[:, index]).transpose(1, 2)
        left.append(left[-1] - chosen)
    wanted = left[1] if legacy else left[1] + left[2] + left[3]
    torch.testing.assert_close(pull, 2 * wanted / (3 * rows.numel()))
    (straight,) = torch.autograd.grad(out.quantized.sum(), [latents])
    assert torch.equal(straight, torch.ones_like(straight))
