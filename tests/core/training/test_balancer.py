"""The balancer: shares of the gradient, running means, and what one process needs to go on where another stopped."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from speefeare_core.training.balancer import Balancer
from speefeare_core.training.recipe_parts import BalancerRecipe

OFFICIAL = BalancerRecipe(on=True, decay=0.5, longest=0)


def straight(decoded: Tensor, *lengths: float) -> Tensor:
    """A scalar whose gradient has these lengths, one for each example."""
    return (decoded[..., 0].flatten() * torch.tensor(lengths)).sum()


def zeros(batch: int) -> Tensor:
    return torch.zeros(batch, 1, 3, requires_grad=True)


def test_the_running_mean_by_hand() -> None:
    """Decay 1/2: after lengths 4 and then 1 the mean is (2 + 1) / 1.5 = 2, so that a gradient of 1 becomes 1/2."""
    balancer, decoded = Balancer(OFFICIAL), zeros(2)
    first = balancer.gradient({"a": (7.0, straight(decoded, 3.0, 5.0))}, decoded)
    assert first[:, 0, 0].tolist() == pytest.approx([0.75, 1.25])
    second = balancer.gradient({"a": (7.0, straight(decoded, 1.0, 1.0))}, decoded)
    assert second[:, 0, 0].tolist() == pytest.approx([0.5, 0.5])
    assert balancer.norms == pytest.approx({"a": 2.0})


def test_weights_are_shares_whatever_the_units() -> None:
    balancer, decoded = Balancer(OFFICIAL), zeros(2)
    losses = {"tiny": (3.0, straight(decoded, 1e-6, 1e-6)), "huge": (1.0, straight(decoded, 1e6, 1e6))}
    found = balancer.gradient(losses, decoded)
    assert found[:, 0, 0].tolist() == pytest.approx([1.0, 1.0], rel=1e-5)
    assert balancer.shares == pytest.approx({"tiny": 0.75, "huge": 0.25}, rel=1e-5)


def test_the_whole_batch_has_one_length_where_asked() -> None:
    balancer, decoded = Balancer(BalancerRecipe(on=True, per_example=False, longest=0)), zeros(2)
    found = balancer.gradient({"a": (1.0, straight(decoded, 3.0, 4.0))}, decoded)
    assert found[:, 0, 0].tolist() == pytest.approx([0.6, 0.8])


def test_a_steep_example_is_shortened_and_does_not_move_the_mean() -> None:
    balancer, decoded = Balancer(BalancerRecipe(on=True, longest=3.0)), zeros(3)
    balancer.gradient({"a": (1.0, straight(decoded, 1.0, 1.0, 1.0))}, decoded)
    found = balancer.gradient({"a": (1.0, straight(decoded, 1.0, 1.0, 1000.0))}, decoded)
    mean = balancer.norms["a"]
    assert mean == pytest.approx((0.99 + (1 + 1 + 3) / 3) / 1.99)
    assert found[:, 0, 0].tolist() == pytest.approx([1 / mean, 1 / mean, 3 / mean], rel=1e-5)


def test_a_loss_without_gradient_and_one_that_begins_later() -> None:
    balancer, decoded = Balancer(OFFICIAL), zeros(1)
    first = balancer.gradient({"a": (1.0, straight(decoded, 2.0)), "constant": (1.0, torch.tensor(1.0))}, decoded)
    assert first[0, 0, 0].item() == pytest.approx(1.0) and set(balancer.norms) == {"a"}
    second = balancer.gradient({"a": (1.0, straight(decoded, 2.0)), "b": (1.0, straight(decoded, -8.0))}, decoded)
    assert second[0, 0, 0].item() == pytest.approx(0.0)  # halves that pull apart
    assert Balancer().gradient({}, decoded).abs().sum().item() == 0


def test_scaled_losses_give_the_same_gradient() -> None:
    decoded = zeros(2)
    plain, scaled = Balancer(OFFICIAL), Balancer(OFFICIAL)
    losses = {"a": (1.0, straight(decoded, 1.0, 2.0)), "b": (2.0, straight(decoded, 5.0, 1.0))}
    torch.testing.assert_close(plain.gradient(losses, decoded), scaled.gradient(losses, decoded, scale=1024.0))
    assert plain.norms == pytest.approx(scaled.norms)


def test_its_state_goes_on_where_it_stopped() -> None:
    decoded = zeros(2)
    one = Balancer()
    for length in (1.0, 3.0):
        one.gradient({"a": (1.0, straight(decoded, length, length))}, decoded)
    other = Balancer()
    other.restore(one.state())
    losses = {"a": (1.0, straight(decoded, 2.0, 9.0))}
    assert torch.equal(one.gradient(losses, decoded), other.gradient(losses, decoded))
    assert one.state() == other.state()


def test_processes_share_one_mean() -> None:
    """What `mean` gives back is what counts: here another process had gradients three times as long."""
    balancer, decoded = Balancer(OFFICIAL, mean=lambda values: (values + 3 * values) / 2), zeros(1)
    found = balancer.gradient({"a": (1.0, straight(decoded, 4.0))}, decoded)
    assert found[0, 0, 0].item() == pytest.approx(0.5)
