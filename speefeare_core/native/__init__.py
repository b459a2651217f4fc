"""The inner loops of live steps in C (`*.c`), where a compiler was there when the package was installed.

Without the library everything works with what torch has; `packaging/native.py` builds it. The functions of the modules
here give calls over tensors that stay where they are; they raise RuntimeError where there is no library, ValueError for
what does not fit.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from torch import Tensor, float32

NAME = "kernels"
_POINTER, _SIZE, _INT = ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int
FUNCTIONS: dict[str, tuple[list[Any], Any]] = {
    "few_rows": ([_POINTER] * 4 + [_SIZE] * 3 + [_INT] * 3, None),
    "elu": ([_POINTER] * 2 + [_SIZE], None),
    "elu_begin": ([_POINTER] * 2 + [_SIZE], None),
    "elu_end": ([_POINTER] * 3 + [_SIZE], None),
    "gates": ([_POINTER] * 3 + [_SIZE], None),
    "gelu": ([_POINTER] * 2 + [_SIZE], None),
    "attention": ([_POINTER] * 6 + [_SIZE] * 5, None),
    "transformer": ([_POINTER, _SIZE] + [_POINTER] * 5 + [_SIZE] * 5, None),
    "evict": ([_POINTER, _SIZE], None),
    "in_order": ([_POINTER] * 4 + [_SIZE] * 5 + [_INT], None),
    "can_pack": ([], _INT),
    "pack": ([_POINTER] + [_SIZE] * 2 + [_POINTER] + [_SIZE] * 3 + [_POINTER] * 3 + [_SIZE], _SIZE),
    "packed_rows": ([_POINTER] * 5 + [_SIZE] * 3 + [_INT] * 2 + [_POINTER, _SIZE], None),
    "nearest": ([_POINTER] * 6 + [_SIZE] * 5, _SIZE),
}


def library_path() -> Path:
    """Where the compiled library is, or would be."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return Path(__file__).with_name(f"{NAME}{suffix}")


@cache
def library() -> ctypes.CDLL | None:
    """The compiled library; None where there is none, or it is one of another machine, or the processor cannot."""
    try:
        loaded = ctypes.CDLL(str(library_path()))
        for name, (given, result) in FUNCTIONS.items():
            function = getattr(loaded, name)
            function.argtypes, function.restype = given, result
        return loaded if loaded.can_run() else None
    except (OSError, AttributeError):
        return None


def is_there() -> bool:
    """Whether the loops in C can be had."""
    return library() is not None


def needed() -> ctypes.CDLL:
    """The library. Raises RuntimeError where there is none."""
    found = library()
    if found is None:
        raise RuntimeError("the native library is not there")
    return found


def is_plain(*tensors: Tensor) -> bool:
    """Whether these are contiguous float32 on the processor."""
    return all(t.dtype == float32 and t.device.type == "cpu" and t.is_contiguous() for t in tensors)


def evict(tensor: Tensor) -> bool:
    """Out of all caches with what a contiguous tensor of the processor holds; whether that could be done."""
    found = library()
    if found is None or tensor.device.type != "cpu" or not tensor.is_contiguous():
        return False
    found.evict(tensor.data_ptr(), tensor.numel() * tensor.element_size())
    return True


def held(
    function: Callable[..., object], given: tuple[int | None, ...], kept: tuple[object, ...]
) -> Callable[[], object]:
    """A call with these addresses and sizes that keeps alive what lies there."""

    def call() -> object:
        _ = kept
        return function(*given)

    return call
