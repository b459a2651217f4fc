"""Prepared products against the plain one, every kernel and every mode."""

import pytest
import torch

from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import kernels
from speefeare_core.plans.kernels import (
    BFLOAT16,
    EXACT_KERNELS,
    FLOAT32,
    INT8,
    KERNELS,
    MODE_KERNELS,
    WHOLE,
    prepare,
    works,
)

BOUNDS = {
    "float16": 1e-3,
    "native float16": 1e-3,
    "bfloat16": 1e-2,
    "bfloat16 linear": 1e-2,
    "int8": 3e-2,
    "int8 onednn": 3e-2,
}
SHAPES = [(1, 512, 96), (2, 33, 7), (5, 96, 512), (40, 24, 3)]


def drawn(rows: int, inputs: int, outputs: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(rows)
    return (
        torch.randn(rows, inputs, generator=draw),
        torch.randn(outputs, inputs, generator=draw),
        torch.randn(outputs, generator=draw),
    )


def off(found: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> float:
    wanted = x.double() @ weight.double().t() + (0.0 if bias is None else bias.double())
    return float((found - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_that_works_here_is_right(name: str) -> None:
    if name in EXACT_KERNELS[:3]:
        assert works(name)  # plain torch is everywhere
    if not works(name):
        return
    for rows, inputs, outputs in SHAPES:
        if inputs % WHOLE.get(name, 1):
            continue
        x, weight, bias = drawn(rows, inputs, outputs)
        for shift in (bias, None):
            with torch.inference_mode():
                apply, _ = KERNELS[name](weight, shift, rows)
                assert off(apply(x, None), x, weight, shift) < BOUNDS.get(name, 2e-6)
                more = torch.cat([x, -x, x])  # right for any number of rows
                assert off(apply(more, None), more, weight, shift) < BOUNDS.get(name, 2e-6)


@pytest.mark.parametrize(("mode", "bound"), [(FLOAT32, 2e-6), (BFLOAT16, 1e-2), (INT8, 3e-2)])
def test_modes_keep_their_bounds(mode: str, bound: float) -> None:
    for rows, inputs, outputs in SHAPES:
        x, weight, bias = drawn(rows, inputs, outputs)
        with torch.inference_mode():
            product = prepare(weight, bias, rows, mode)
            room = torch.full((rows, outputs), torch.nan)
            assert product(x, out=room) is room
            assert torch.equal(room, product(x))
        assert off(room, x, weight, bias) < bound
        assert (product.rows, product.inputs, product.outputs) == (rows, inputs, outputs)
        assert product.kernel in (*EXACT_KERNELS, *MODE_KERNELS[mode])


def test_a_shape_is_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, weight, bias = drawn(3, 20, 10)
    kernels.forget_timings()
    first = prepare(weight, bias, 3)
    monkeypatch.setattr(kernels, "_fastest", None)
    assert prepare(weight + 1.0, bias, 3).kernel == first.kernel
    with pytest.raises(TypeError):
        prepare(weight, bias, 4)


def test_a_faster_kernel_wins_and_ties_keep_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _, weight, bias = drawn(1, 8, 8)
    now = [0.0]

    def taking(seconds: float) -> kernels.Maker:
        def make(weight: torch.Tensor, bias: torch.Tensor | None, rows: int) -> kernels.Made:
            def apply(x: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
                now[0] += seconds
                return x

            return apply, None

        return make

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr("time.thread_time", lambda: now[0])
    monkeypatch.setitem(KERNELS, "a", taking(1.0))
    monkeypatch.setitem(KERNELS, "b", taking(0.99))
    monkeypatch.setitem(KERNELS, "c", taking(0.5))
    assert kernels._fastest(("a", "b"), weight, bias, 1)[0] == "a"
    assert kernels._fastest(("a", "b", "c"), weight, bias, 1)[0] == "c"


def test_large_weights_do_not_become_float16() -> None:
    weight = torch.full((4, 4), 1e6)
    with torch.inference_mode():
        product = prepare(weight, None, 2, BFLOAT16)
        assert bool(torch.isfinite(product(torch.ones(2, 4))).all())


def test_what_does_not_exist_is_refused() -> None:
    weight = torch.zeros(3, 2)
    with pytest.raises(SpeefeareError, match="number format float8"):
        prepare(weight, None, 1, "float8")
    with pytest.raises(ValueError, match="rows"):
        prepare(weight, None, 0)
    with pytest.raises(ValueError, match="weight"):
        prepare(weight, torch.zeros(2), 1)


def test_a_torch_without_narrow_kernels_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "works", lambda name: name in EXACT_KERNELS)
    with pytest.raises(SpeefeareError, match="no int8 matrix product"):
        prepare(torch.zeros(3, 2), None, 1, INT8)
