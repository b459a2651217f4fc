"""Products with torch's bits: its order of sums is found out, and never guessed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from speefeare_core import native
from speefeare_core.native import in_order as module
from speefeare_core.native.in_order import in_order, panels, run_of


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def in_runs(x: Tensor, weight: Tensor, begin: Tensor, run: int) -> Tensor:
    """The definition: products of float32 are exact in float64, and a sum is rounded once."""
    out = begin.clone()
    for first in range(0, x.shape[1], run):
        total = torch.zeros_like(out)
        for k in range(first, min(first + run, x.shape[1])):
            total = (total.double() + x[:, k : k + 1].double() * weight[k].double()).float()
        out += total
    return out


@pytest.mark.parametrize("rows", [1, 2, 3, 8])
@pytest.mark.parametrize(("inputs", "run"), [(40, 40), (40, 16), (7, 7), (96, 64)])
@pytest.mark.parametrize("with_bias", [False, True])
def test_sums_are_taken_run_by_run(rows: int, inputs: int, run: int, with_bias: bool) -> None:
    weight, bias = drawn(inputs, 64), drawn(64, seed=3) if with_bias else None
    x, out = drawn(rows, inputs + 9, seed=2)[:, 4 : 4 + inputs], drawn(rows, 80, seed=4)[:, :64]
    wanted = in_runs(x, weight, out if bias is None else bias.expand(rows, -1), run)
    in_order(x, panels(weight).contiguous(), bias, out, run)()
    assert torch.equal(out, wanted)


@pytest.mark.parametrize("rows", [1, 2, 4, 8])
@pytest.mark.parametrize(("inputs", "outputs"), [(512, 128), (512, 2048), (384, 64), (96, 32)])
def test_a_run_that_is_found_gives_all_bits_of_torch(rows: int, inputs: int, outputs: int) -> None:
    run = run_of(rows, inputs, outputs)
    if run == 0:  # a BLAS that sums in another way: nothing is claimed
        return
    weight = drawn(inputs, outputs, seed=20)
    laid = panels(weight).contiguous()
    for seed in range(30, 40):
        x, bias, out = drawn(rows, inputs, seed=seed), drawn(outputs, seed=seed + 100), torch.empty(rows, outputs)
        given = x.expand(2, -1).contiguous() if rows == 1 else x
        in_order(x, laid, bias, out, run)()
        assert torch.equal(out, torch.addmm(bias, given, weight)[:rows])


def test_an_order_that_is_not_torchs_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RUNS", (24,))
    monkeypatch.setattr(module, "_same", lambda run, *product: run == 24 and product[0].shape[1] == 96)
    module._run_of.cache_clear()
    try:
        assert run_of(2, 96, 32) == 24
        assert run_of(2, 64, 32) == 0
    finally:
        module._run_of.cache_clear()


def test_without_the_library_or_for_other_sizes_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_of(9, 64, 32) == 0 and run_of(2, 64, 33) == 0
    monkeypatch.setattr(native, "library", lambda: None)
    assert run_of(2, 64, 32) == 0


def test_what_does_not_fit_is_refused() -> None:
    weight = panels(drawn(64, 32)).contiguous()
    for x, out in ((drawn(2, 60), drawn(2, 32)), (drawn(9, 64), drawn(9, 32)), (drawn(2, 64), drawn(3, 32))):
        with pytest.raises(ValueError, match="panels"):
            in_order(x, weight, None, out, 64)
    with pytest.raises(ValueError, match="contiguous"):
        in_order(drawn(64, 2).t(), weight, None, drawn(2, 32), 64)
