"""Matrix products prepared for one number of rows: which kernel is fastest depends on the machine, so it is measured.

With one to four rows a product is as fast as its weights can be read. BLAS, oneDNN and FBGEMM differ there by factors
of two to four, and not in the same order on every processor. `prepare` times what this torch offers, once for each
shape, and keeps the winner's form of the weights alone.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from speefeare_core.errors import SpeefeareError
from speefeare_core.native import evict
from speefeare_core.native.products import MOST_ROWS as MOST_NATIVE
from speefeare_core.native.products import WHOLE_INPUTS, FewRows, blocks

Apply = Callable[[Tensor, Tensor | None], Tensor]
Made = tuple[Apply, Tensor | None]  # with the weights that it reads, where they can be got hold of
Maker = Callable[[Tensor, Tensor | None, int], Made]

FLOAT32, BFLOAT16, INT8 = "float32", "bfloat16", "int8"  # number formats of the weights
ROUNDS, FEWEST_ROUNDS, BUDGET_S = 6, 3, 0.02  # of the timing of one shape
GAIN = 0.95  # a later candidate replaces an earlier one only if it is this much faster
NARROW_GAIN = 0.6  # the same against a narrow kernel: among a whole codec's weights, it saves more than alone
LARGE_BYTES = 1 << 18  # weights from here on are timed with cold caches, as a step of a whole codec finds them
FEW_ROWS = 16  # up to here a large product waits for its weights
FULL_SCALE = 127
HALF_LIMIT = 6.0e4  # a weight beyond this is no float16

_winners: dict[tuple[Any, ...], str] = {}
_scratch: list[Tensor] = []


@dataclass(frozen=True)
class Product:
    """`product(x)` is `x @ weight.T + bias` for float32 `x [rows, in]` → float32 `[rows, out]`.

    It is fastest for the rows it was made for, and right for any other number.
    """

    apply: Apply  # (x, out), for callers in a hurry
    kernel: str  # the row of `KERNELS` that was chosen
    rows: int
    inputs: int
    outputs: int

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """`[rows, in]` → `[rows, out]`, into `out` where it is given."""
        return self.apply(x, out)


def prepare(weight: Tensor, bias: Tensor | None, rows: int, mode: str = FLOAT32) -> Product:
    """The fastest product with `weight [out, in]` and `bias [out]` for `rows` rows.

    `mode` is the narrowest format that the weights may take: in `bfloat16` and `int8` a shape for which float32 is as
    fast stays in float32. Call it in inference mode, with the number of threads that will be used later.
    Raises `SpeefeareError` for an unknown mode, or where this torch or device has no such kernel; ValueError for
    shapes that do not fit.
    """
    if weight.ndim != 2 or rows < 1 or (bias is not None and bias.shape != weight.shape[:1]):
        raise ValueError(f"weight {list(weight.shape)}, {rows} rows")
    if mode not in MODE_KERNELS:
        raise SpeefeareError(f"There is no number format {mode}; choose {', '.join(MODE_KERNELS)}.")
    weight = weight.detach().float()
    bias = None if bias is None else bias.detach().float().contiguous()
    names = _candidates(mode, weight, rows)
    outputs, inputs = weight.shape
    key = (mode, rows, inputs, outputs, bias is None, torch.get_num_threads(), str(weight.device), names)
    if key in _winners:
        name = _winners[key]
        apply, _ = KERNELS[name](weight, bias, rows)
    else:
        name, apply = _fastest(names, weight, bias, rows)
        _winners[key] = name
    return Product(apply, name, rows, inputs, outputs)


def forget_timings() -> None:
    """Time every shape again, on another number of threads or a machine that has come to rest."""
    _winners.clear()


def _fastest(names: tuple[str, ...], weight: Tensor, bias: Tensor | None, rows: int) -> tuple[str, Apply]:
    made = {name: KERNELS[name](weight, bias, rows) for name in names}
    if len(made) == 1 or weight.device.type != "cpu":
        name, (apply, _) = next(iter(made.items()))
        return name, apply
    x = torch.randn(rows, weight.shape[1], generator=torch.Generator().manual_seed(1))
    out = torch.empty(rows, weight.shape[0])
    cold = _is_large(weight)
    best = dict.fromkeys(made, float("inf"))
    for apply, _ in made.values():
        apply(x, out)  # the first call sets up
    # One thread's own time leaves out what other processes take; several threads are only timed by the clock.
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    until = time.perf_counter() + BUDGET_S
    for turn in range(ROUNDS):
        for name, (apply, kept) in made.items():
            if cold:
                _cool(kept)
            started = clock()
            apply(x, out)
            best[name] = min(best[name], clock() - started)
        if turn + 1 >= FEWEST_ROUNDS and time.perf_counter() > until:
            break
    chosen = names[0]
    for name in names[1:]:
        if best[name] < (GAIN if chosen in EXACT_KERNELS else NARROW_GAIN) * best[chosen]:
            chosen = name
    return chosen, made[chosen][0]


def _is_large(weight: Tensor) -> bool:
    return weight.numel() * weight.element_size() >= LARGE_BYTES


def _cool(weight: Tensor | None) -> None:
    """Weights out of all caches, where that can be told; out of the inner ones anyway."""
    if weight is None or not evict(weight):
        if not _scratch:
            _scratch.append(torch.ones(1 << 20))
        _scratch[0].sum()


def _linear(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    kept = weight.contiguous()
    return _product(kept.t(), bias), kept


def _columns(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    kept = weight.t().contiguous()
    return _product(kept, bias), kept


def _product(weight: Tensor, bias: Tensor | None) -> Apply:
    if bias is None:
        return lambda x, out: torch.mm(x, weight, out=out)
    return lambda x, out: torch.addmm(bias, x, weight, out=out)


def _vector(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    kept = weight.contiguous()
    several = _product(kept.t(), bias)

    def apply(x: Tensor, out: Tensor | None) -> Tensor:
        if x.shape[0] != 1:
            return several(x, out)
        row = None if out is None else out[0]
        found = torch.mv(kept, x[0], out=row) if bias is None else torch.addmv(bias, kept, x[0], out=row)
        return found[None] if out is None else out

    return apply, kept


def _packed(run: Callable[[Tensor], Tensor]) -> Made:
    """Of kernels that give a tensor of their own, and whose weights are in a form of their own."""
    return (lambda x, out: run(x) if out is None else out.copy_(run(x))), None


def _onednn(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)
    run = torch.ops.mkldnn._linear_pointwise
    return _packed(lambda x: run(x, packed, bias, "none", [], ""))


def _native(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    """Ours, for up to 16 rows at a time."""
    kept, outputs = blocks(weight).contiguous(), weight.shape[0]
    product = FewRows(kept, bias)

    def apply(x: Tensor, out: Tensor | None) -> Tensor:
        if out is not None and product(x, out):
            return out
        to = x.new_empty(x.shape[0], outputs)
        for some, its in zip(torch.split(x.contiguous(), MOST_NATIVE), torch.split(to, MOST_NATIVE), strict=True):
            product(some, its)
        return to if out is None else out.copy_(to)

    return apply, kept


def _native_half(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    """The same with float16 weights, float32 inputs and sums, as `_half`."""
    return _native(weight.half(), bias, rows)


def _half(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    """FBGEMM: float16 weights, float32 inputs and sums, so that the weights' rounding is the only error."""
    packed = torch.ops.quantized.linear_prepack_fp16(weight.contiguous(), bias)
    run = torch.ops.quantized.linear_dynamic_fp16
    return _packed(lambda x: run(x, packed))


def _brain(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.bfloat16().contiguous(), rows)
    narrow = None if bias is None else bias.bfloat16()
    run = torch.ops.mkldnn._linear_pointwise
    return _packed(lambda x: run(x.bfloat16(), packed, narrow, "none", [], "").float())


def _brain_linear(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    kept = weight.bfloat16().contiguous()
    narrow = None if bias is None else bias.bfloat16()
    return _packed(lambda x: linear(x.bfloat16(), kept, narrow).float())


def _scales(weight: Tensor) -> Tensor:
    return weight.abs().amax(dim=1).clamp(min=1e-12) / FULL_SCALE


def _fbgemm_int8(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    zeros = torch.zeros(weight.shape[0], dtype=torch.int64)
    with warnings.catch_warnings():
        # The packed form is made from a quantised tensor, a class that torch means to drop; _onednn_int8 is the
        # replacement where it has.
        warnings.filterwarnings("ignore", message=".*quantize_per_channel.*")
        whole = torch.quantize_per_channel(weight.contiguous(), _scales(weight), zeros, 0, torch.qint8)
        packed = torch.ops.quantized.linear_prepack(whole, bias)
    run = torch.ops.quantized.linear_dynamic
    return _packed(lambda x: run(x, packed))


def _onednn_int8(weight: Tensor, bias: Tensor | None, rows: int) -> Made:
    scales, zeros = _scales(weight), torch.zeros(weight.shape[0], dtype=torch.int64)
    whole = torch.round(weight / scales[:, None]).to(torch.int8)
    packed = torch.ops.onednn.qlinear_prepack(whole, [rows, weight.shape[1]])
    run = torch.ops.onednn.qlinear_pointwise

    def apply(x: Tensor) -> Tensor:  # inputs to 8 bits by their greatest value
        step = max(float(x.abs().amax()), 1e-12) / FULL_SCALE
        levels = torch.round(x * (1 / step)).add_(FULL_SCALE + 1).to(torch.uint8)
        found: Tensor = run(
            levels, step, FULL_SCALE + 1, packed, scales, zeros, bias, 1.0, 0, torch.float32, "none", [], ""
        )
        return found

    return _packed(apply)


KERNELS: dict[str, Maker] = {
    "native": _native,
    "linear": _linear,
    "columns": _columns,
    "vector": _vector,
    "onednn": _onednn,
    "native float16": _native_half,
    "float16": _half,
    "bfloat16": _brain,
    "bfloat16 linear": _brain_linear,
    "int8": _fbgemm_int8,
    "int8 onednn": _onednn_int8,
}
EXACT_KERNELS = ("native", "linear", "columns", "vector", "onednn")
MOST_ROWS = {"vector": 1, "native": MOST_NATIVE, "native float16": MOST_NATIVE}
HALVES = {"native float16", "float16"}
WHOLE = {"native": WHOLE_INPUTS, "native float16": WHOLE_INPUTS}  # what its inputs are a multiple of
# In the order of preference: of the narrow kernels of a mode the first that works here stands for it. Float16 weights
# with float32 sums read as little as bfloat16 and are ten times closer.
MODE_KERNELS: dict[str, tuple[str, ...]] = {
    FLOAT32: (),
    BFLOAT16: ("native float16", "float16", "bfloat16", "bfloat16 linear"),
    INT8: ("int8", "int8 onednn"),
}
_works: dict[str, bool] = {}


def works(name: str) -> bool:
    """Whether this torch on this processor has the kernel and it is right, tried once on a small product."""
    if name not in _works:
        draw = torch.Generator().manual_seed(2)
        weight, x = torch.randn(48, 64, generator=draw), torch.randn(2, 64, generator=draw)
        bias = torch.randn(48, generator=draw)
        wanted = linear(x, weight, bias)
        try:
            off = float((KERNELS[name](weight, bias, 2)[0](x, None) - wanted).abs().max() / wanted.abs().max())
        except (RuntimeError, AttributeError, NotImplementedError):  # native: not built
            off = float("inf")
        _works[name] = off < (1e-5 if name in EXACT_KERNELS else 0.05)
    return _works[name]


def fits_half(weight: Tensor) -> bool:
    """Whether all values are within the range of float16."""
    return float(weight.abs().max()) <= HALF_LIMIT


def _candidates(mode: str, weight: Tensor, rows: int) -> tuple[str, ...]:
    if weight.device.type != "cpu":
        if mode == INT8:
            raise SpeefeareError("8-bit weights are offered on the processor only; use float32 or bfloat16 on a GPU.")
        return ("linear",) if mode == FLOAT32 else ("bfloat16 linear",)
    inputs = weight.shape[1]
    fitting = [name for name in MODE_KERNELS[mode] if _fits(name, rows, inputs)]
    if HALVES & set(fitting) and not fits_half(weight):
        fitting = [name for name in fitting if name not in HALVES]
    narrow = [name for name in fitting if works(name)]
    if mode != FLOAT32 and not narrow:
        raise SpeefeareError(f"This build of torch has no {mode} matrix product; use float32.")
    exact = [name for name in EXACT_KERNELS if _fits(name, rows, inputs) and works(name)]
    if "native" in exact and _is_large(weight):  # read once a step, so slowly, ours is faster by a tenth to a half
        exact = ["native"]
    narrow = narrow[:1]
    return tuple(narrow + exact if rows <= FEW_ROWS and _is_large(weight) else exact + narrow)


def _fits(name: str, rows: int, inputs: int) -> bool:
    return rows <= MOST_ROWS.get(name, rows) and inputs % WHOLE.get(name, 1) == 0
