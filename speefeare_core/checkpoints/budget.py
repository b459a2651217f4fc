"""A network is built from a description; a false one must not take all memory or time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# Values that may be allocated besides those of the file: buffers, small networks around it.
_SPARE_VALUES = 48_000_000
_PER_VALUE = 4
_MAKERS = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye)
_DRAWS = (
    torch.Tensor.uniform_,
    torch.Tensor.normal_,
    torch.nn.init.uniform_,
    torch.nn.init.normal_,
    torch.nn.init.trunc_normal_,
    torch.nn.init.kaiming_uniform_,
    torch.nn.init.kaiming_normal_,
    torch.nn.init.xavier_uniform_,
    torch.nn.init.xavier_normal_,
)


class TooLarge(ValueError):
    """A description asks for far more values than its file holds."""


class _Budget(TorchFunctionMode):
    def __init__(self, values: int) -> None:
        super().__init__()
        self.left = values

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        drawn = args[0] if args else kwargs.get("tensor")
        if func in _DRAWS and kwargs.get("generator") is None and isinstance(drawn, torch.nn.Parameter):
            return drawn  # weights come from the file; drawing random ones first would take longer than reading them
        if func in _MAKERS:
            self.left -= _asked(args, kwargs)
            if self.left < 0:
                raise TooLarge("its description is of a network far larger than the file")
        return func(*args, **kwargs)


def _asked(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    size = kwargs.get("size", args[0] if args and isinstance(args[0], list | tuple) else args)
    numbers = [n for n in size if type(n) is int]
    return math.prod(numbers) if numbers and min(numbers) >= 0 else 0


@contextmanager
def within_budget(values: int) -> Iterator[None]:
    """While a network is built for a file of so many values: raises `TooLarge` where it grows far beyond them.

    Random initial weights are not drawn: the file has them.
    """
    with _Budget(_SPARE_VALUES + _PER_VALUE * values):
        yield
