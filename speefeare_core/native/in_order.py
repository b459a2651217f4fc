"""Products that give the bits of torch's, as fast as the weight can be read (`in_order.c`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, float32

from speefeare_core import native
from speefeare_core.native import held, needed

MOST_ROWS = 8
PANEL = 32
RUNS = (256, 384, 192, 128, 512, 336, 320, 448)  # of terms that BLAS libraries sum up before they add to the result
TRIALS = 3


def panels(weight: Tensor) -> Tensor:
    """A view `[N / 32, K, 32]` of a weight `[K, N]`: the order in which `in_order` wants it in memory."""
    inputs, outputs = weight.shape
    return weight.reshape(inputs, outputs // PANEL, PANEL).transpose(0, 1)


def in_order(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor, run: int) -> Callable[[], object]:
    """A call for `out = x @ weight + bias` with contiguous `panels`; without a bias it is added to what is there.

    Rows `[M, K]` → `[M, N]`, each row contiguous; `run` as `run_of` gives it. Raises ValueError for what does not fit.
    """
    rows, inputs = x.shape
    count, _, width = weight.shape
    fitting = [tuple(weight.shape), tuple(out.shape)] == [(count, inputs, PANEL), (rows, count * width)]
    if not fitting or rows > MOST_ROWS or (bias is not None and bias.shape != out.shape[1:]):
        raise ValueError(f"rows {list(x.shape)}, panels {list(weight.shape)}, out {list(out.shape)}")
    tensors = [x, weight, out, *([] if bias is None else [bias])]
    if any(t.dtype != float32 or t.device.type != "cpu" or t.stride(-1) != 1 for t in tensors):
        raise ValueError("rows are contiguous float32, on the processor")
    if not weight.is_contiguous():
        raise ValueError("panels are contiguous")
    bias_at = None if bias is None else bias.data_ptr()
    sizes = (out.shape[1], inputs, x.stride(0), out.stride(0), run, rows)
    given = (weight.data_ptr(), x.data_ptr(), bias_at, out.data_ptr(), *sizes)
    return held(needed().in_order, given, tuple(tensors))


def run_of(rows: int, inputs: int, outputs: int) -> int:
    """In runs of how many terms torch sums a product `[M, K] @ [K, N]` of these sizes up; 0 where that is not known.

    A lone row counts as the two equal ones that `nn.rows` makes of it. Found by comparing all bits of a few products.
    """
    if not native.is_there() or rows > MOST_ROWS or outputs % PANEL:
        return 0
    return _run_of(rows, inputs, outputs, torch.get_num_threads())


@cache
def _run_of(rows: int, inputs: int, outputs: int, threads: int) -> int:
    draw = torch.Generator().manual_seed(4)
    products = []
    for _ in range(TRIALS):
        weight, bias = torch.randn(inputs, outputs, generator=draw), torch.randn(outputs, generator=draw)
        x, begun = torch.randn(rows, inputs, generator=draw), torch.randn(rows, outputs, generator=draw)
        doubled, twice = (t.expand(2, -1).contiguous() if rows == 1 else t.clone() for t in (x, begun))
        wanted = [torch.addmm(bias, doubled, weight), twice.addmm_(doubled, weight)]
        products.append((x, panels(weight).contiguous(), bias, begun, [part[:rows] for part in wanted]))
    for run in dict.fromkeys((inputs, *RUNS)):
        if run <= inputs and all(_same(run, *product) for product in products):
            return run
    return 0


def _same(run: int, x: Tensor, weight: Tensor, bias: Tensor, begun: Tensor, wanted: list[Tensor]) -> bool:
    out = torch.empty_like(begun)
    in_order(x, weight, bias, out, run)()
    if not torch.equal(out, wanted[0]):
        return False
    out.copy_(begun)
    in_order(x, weight, None, out, run)()
    return torch.equal(out, wanted[1])
