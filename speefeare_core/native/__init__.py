"""The one product that is written in C (`few_rows.c`), where a compiler was there when the package was installed.

Without it everything works with what torch has. `packaging/native.py` builds it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from torch import Tensor, float16, float32

MOST_ROWS = 4
WHOLE_INPUTS = 32


def library_path() -> Path:
    """Where the compiled library is, or would be."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return Path(__file__).with_name(f"few_rows{suffix}")


@cache
def library() -> ctypes.CDLL | None:
    """The compiled library; None where there is none, or it is one of another machine, or the processor cannot."""
    try:
        loaded = ctypes.CDLL(str(library_path()))
        loaded.few_rows.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_ssize_t] * 2 + [ctypes.c_int]
        loaded.few_rows.restype = None
        return loaded if loaded.can_few_rows() else None
    except (OSError, AttributeError):
        return None


def is_there() -> bool:
    """Whether products of few rows can be had from it."""
    return library() is not None


def few_rows(weight: Tensor, bias: Tensor | None) -> Callable[[Tensor, Tensor], bool]:
    """`run(x, out)` computes `out = x @ weight.T + bias` for `x` `[M, K]`, `out` `[M, N]`, and says whether it did.

    It does for up to 4 rows in contiguous buffers. `weight` `[N, K]` is float16 and K a multiple of 32; inputs, sums
    and outputs stay float32, so that the rounding of the weight is the only error. Raises RuntimeError where there is
    no library, ValueError for what does not fit.
    """
    found = library()
    if found is None:
        raise RuntimeError("the native library is not there")
    if weight.dtype != float16 or weight.ndim != 2 or weight.shape[1] % WHOLE_INPUTS:
        raise ValueError("the weight is float16 [N, K], K a multiple of 32")
    if any(t is not None and not (t.is_contiguous() and t.device.type == "cpu") for t in (weight, bias)):
        raise ValueError("weight and bias are contiguous, on the processor")
    if bias is not None and (bias.dtype != float32 or bias.shape != weight.shape[:1]):
        raise ValueError("the bias is float32 [N]")
    outputs, inputs = weight.shape
    weight_at, bias_at, kept = weight.data_ptr(), None if bias is None else bias.data_ptr(), (weight, bias)

    def run(x: Tensor, out: Tensor) -> bool:
        _ = kept  # so that their memory stays
        rows = x.shape[0]
        plain = x.dtype == out.dtype == float32 and x.is_contiguous() and out.is_contiguous()
        if rows > MOST_ROWS or not plain or x.shape != (rows, inputs) or out.shape != (rows, outputs):
            return False
        found.few_rows(weight_at, x.data_ptr(), bias_at, out.data_ptr(), outputs, inputs, rows)
        return True

    return run
