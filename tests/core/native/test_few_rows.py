"""The product written in C against torch's own. The set-up of the tests brings a compiler, so it must be there."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import linear

from speefeare_core import native


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_it_was_built() -> None:
    assert native.is_there(), "run packaging/native.py"


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
@pytest.mark.parametrize(("outputs", "inputs"), [(1, 32), (33, 192), (512, 2048)])
@pytest.mark.parametrize("with_bias", [False, True])
def test_the_rounding_of_the_weight_is_the_only_error(rows: int, outputs: int, inputs: int, with_bias: bool) -> None:
    weight, x, out = drawn(outputs, inputs).half(), drawn(rows, inputs, seed=2), torch.zeros(rows, outputs)
    bias = drawn(outputs, seed=3) if with_bias else None
    run = native.few_rows(weight, bias)
    for seed in (2, 5):  # the buffers are read each time
        x.copy_(drawn(rows, inputs, seed=seed))
        assert run(x, out)
        torch.testing.assert_close(out, linear(x, weight.float(), bias), rtol=0, atol=1e-5 + 2e-6 * inputs**0.5)


def test_what_it_cannot_do_is_left_to_others() -> None:
    run, out = native.few_rows(drawn(20, 64).half(), None), torch.full((5, 20), 7.0)
    assert not run(drawn(5, 64), out)
    assert not run(drawn(64, 2).t(), out[:2])
    assert not run(drawn(2, 32), out[:2])
    assert not run(drawn(2, 64).double(), out[:2])
    assert bool((out == 7.0).all())


def test_what_does_not_fit_is_refused() -> None:
    for weight in (drawn(4, 40).half(), drawn(4, 64), drawn(64, 64).half()[:, :32]):
        with pytest.raises(ValueError, match="weight"):
            native.few_rows(weight, None)
    with pytest.raises(ValueError, match="bias"):
        native.few_rows(drawn(4, 64).half(), drawn(3))


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda: None)
    assert not native.is_there()
    with pytest.raises(RuntimeError, match="not there"):
        native.few_rows(drawn(4, 64).half(), None)
