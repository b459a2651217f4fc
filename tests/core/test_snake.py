"""Snake: the formula, in place and in pieces the same, with its gradient."""

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from speefeare_core.nn import snake as snake_module
from speefeare_core.nn.snake import Snake


def formula(x: Tensor, alpha: Tensor) -> Tensor:
    """Of arXiv 2006.08195, with DAC's guard, in double precision."""
    x, alpha = x.double(), alpha.double()
    return x + torch.sin(alpha * x) ** 2 / (alpha + 1e-9)


@pytest.fixture
def snake() -> Snake:
    made = Snake(6)
    with torch.no_grad():
        made.alpha.copy_(torch.tensor([0.2, 0.5, 1.0, 1.7, 3.0, -0.8]).view(1, 6, 1))
    return made


@pytest.mark.parametrize("shape", [(1, 6, 1), (1, 6, 1000), (3, 6, 257), (2, 6, 0)])
@pytest.mark.parametrize("piece", [100, 600, 1 << 15])
def test_every_way_is_the_formula(
    snake: Snake, shape: tuple[int, ...], piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snake_module, "PIECE", piece)
    x = 2 * torch.randn(shape, generator=torch.Generator().manual_seed(1))
    before = x.clone()
    with torch.inference_mode():
        out = snake(x)
        assert torch.equal(x, before), "the input was overwritten"
        strided = torch.randn(shape[0], shape[1], shape[2] + 9)[..., 4 : 4 + shape[2]]
        snake.into(x, strided)
        snake.into(x, x)
    plain = snake(before.clone().requires_grad_())
    expected = formula(before, snake.alpha)
    for found in (out, strided, x, plain):
        torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=1e-6)


def test_the_pieces_round_as_the_plain_form(snake: Snake) -> None:
    x = torch.randn(1, 6, 5000)
    with torch.inference_mode():
        assert torch.equal(snake(x), snake(x.clone().requires_grad_()))


def test_gradient(snake: Snake) -> None:
    x = torch.randn(2, 6, 11, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(snake.double(), (x,))
    assert torch.autograd.gradcheck(lambda alpha: functional_call(snake, {"alpha": alpha}, (x,)), (snake.alpha,))
    snake(x).sum().backward()
    assert snake.alpha.grad is not None and bool((snake.alpha.grad != 0).all())
