"""Products of few rows in C against torch's own. The set-up of the tests brings a compiler, so they must be there."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import linear

from speefeare_core import native
from speefeare_core.native.products import FewRows, blocks


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def made(weight: torch.Tensor, bias: torch.Tensor | None = None, *, add: bool = False) -> FewRows:
    return FewRows(blocks(weight).contiguous(), bias, add=add)


def test_it_was_built() -> None:
    assert native.is_there(), "run packaging/native.py"


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 11, 16])
@pytest.mark.parametrize(("outputs", "inputs"), [(1, 16), (33, 208), (65, 896), (129, 2048)])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_the_rounding_of_the_weight_is_the_only_error(
    rows: int, outputs: int, inputs: int, with_bias: bool, kind: torch.dtype
) -> None:
    weight, x, out = drawn(outputs, inputs).to(kind), drawn(rows, inputs, seed=2), torch.zeros(rows, outputs)
    bias = drawn(outputs, seed=3) if with_bias else None
    product = made(weight, bias)
    for seed in (2, 5):  # the buffers are read each time
        x.copy_(drawn(rows, inputs, seed=seed))
        assert product(x, out)
        torch.testing.assert_close(out, linear(x, weight.float(), bias), rtol=0, atol=1e-5 + 2e-6 * inputs**0.5)


def test_a_row_does_not_depend_on_the_others() -> None:
    product, x = made(drawn(40, 1024), drawn(40, seed=3)), drawn(16, 1024, seed=2)
    whole, alone = torch.empty(16, 40), torch.empty(1, 40)
    assert product(x, whole)
    for row in range(16):
        assert product(x[row : row + 1], alone)
        torch.testing.assert_close(alone, whole[row : row + 1], rtol=0, atol=1e-4)


def test_added_to_what_is_there_and_bound_to_buffers() -> None:
    weight, bias, x, out = drawn(20, 64), drawn(20, seed=3), drawn(2, 64, seed=2), torch.full((2, 20), 7.0)
    run = made(weight, bias, add=True).bind(x, out)
    run()
    torch.testing.assert_close(out, linear(x, weight, bias) + 7)
    run()
    torch.testing.assert_close(out, 2 * linear(x, weight, bias) + 7)


def test_what_it_cannot_do_is_left_to_others() -> None:
    product, out = made(drawn(20, 64).half()), torch.full((17, 20), 7.0)
    assert not product(drawn(17, 64), out)
    assert not product(drawn(64, 2).t(), out[:2])
    assert not product(drawn(2, 32), out[:2])
    assert not product(drawn(2, 64).double(), out[:2])
    with pytest.raises(ValueError, match="17, 64"):
        product.bind(drawn(17, 64), out)
    assert bool((out == 7.0).all())


def test_what_does_not_fit_is_refused() -> None:
    for weight in (drawn(1, 4, 40).half(), drawn(4, 64), drawn(1, 4, 64).double(), drawn(64, 2, 64)[:, :, :32]):
        with pytest.raises(ValueError, match="weight"):
            FewRows(weight, None)
    with pytest.raises(ValueError, match="bias"):
        made(drawn(4, 64), drawn(3))


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda: None)
    assert not native.is_there() and not native.evict(drawn(3))
    with pytest.raises(RuntimeError, match="not there"):
        made(drawn(4, 64))
