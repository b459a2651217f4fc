"""The causal transformer: pieces equal the whole, far past its context; what it may see; what it learns."""

import copy

import pytest
import torch

from speefeare_core.nn.rows import rows_layout
from speefeare_core.nn.transformer import SPARE, CausalTransformer

CONTEXT = 20
STEPS = 5 * (CONTEXT + SPARE)  # the memory is overwritten several times


def transformer(**changes: float) -> CausalTransformer:
    torch.manual_seed(0)
    sizes = {"width": 24, "layers": 3, "heads": 3, "feedforward": 48, "context": CONTEXT, "layer_scale": 0.5} | changes
    module = CausalTransformer(**sizes).eval().requires_grad_(False)  # type: ignore[arg-type]
    rows_layout(module)
    return module


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("piece", [1, 2, 3, 14, SPARE, 2 * SPARE + 3, STEPS])
def test_pieces_equal_the_whole(batch: int, piece: int) -> None:
    module = transformer()
    x = torch.randn(batch, 24, STEPS)
    whole = module(x)
    state, parts = module.initial_state(batch), []
    for part in x.split(piece, dim=-1):
        out, state = module.step(part, state)
        parts.append(out)
    torch.testing.assert_close(torch.cat(parts, dim=-1), whole, atol=1e-5, rtol=0)


def test_a_state_is_a_value() -> None:
    module = transformer()
    x = torch.randn(2, 24, 60)
    _, state = module.step(x[..., :30], module.initial_state(2))
    kept = copy.deepcopy(state)
    first, _ = module.step(x[..., 30:], state)
    second, _ = module.step(x[..., 30:], state)  # going on must not have changed it
    third, _ = module.step(x[..., 30:], kept)
    assert torch.equal(first, second) and torch.equal(first, third)


def test_a_step_sees_the_context_and_nothing_else() -> None:
    module = transformer(layers=1)
    x = torch.randn(1, 24, 60)
    for changed, sees in ((40 - CONTEXT, False), (41 - CONTEXT, True), (40, True), (41, False)):
        other = x.clone()
        other[..., changed] += 1.0
        assert torch.equal(module(x)[..., 40], module(other)[..., 40]) != sees
        a, _ = module.step(x, module.initial_state(1))
        b, _ = module.step(other, module.initial_state(1))
        assert torch.equal(a[..., 40], b[..., 40]) != sees


def test_positions_matter_by_their_distance() -> None:
    module = transformer(layers=1)
    x = torch.randn(1, 24, 2 * CONTEXT)
    later = torch.cat([torch.randn(1, 24, 7), x], dim=-1)
    torch.testing.assert_close(module(later)[..., 7 + CONTEXT :], module(x)[..., CONTEXT:], atol=1e-5, rtol=0)
    swapped = x.clone()
    swapped[..., -3], swapped[..., -2] = x[..., -2], x[..., -3]
    assert not torch.allclose(module(swapped)[..., -1], module(x)[..., -1], atol=1e-5)


def test_every_weight_learns() -> None:
    module = transformer().train().requires_grad_(True)
    module(torch.randn(2, 24, 30)).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().max() > 0 for weight in module.parameters())


@pytest.mark.parametrize("heads", [5, 8])
def test_heads_of_no_even_width_are_refused(heads: int) -> None:
    with pytest.raises(ValueError, match="heads"):
        transformer(heads=heads)
