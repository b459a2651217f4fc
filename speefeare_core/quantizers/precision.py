"""Quantisers compute in float32, also where the networks around them compute in half precision.

Eight bits of mantissa do not tell neighbouring entries apart, and a residual is a small difference of large numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


def in_float32(forward: Callable[..., T]) -> Callable[..., T]:
    """A method on latents that is itself outside of autocast, and inside of it turns it off."""

    @functools.wraps(forward)
    def wrapped(module: Any, latents: Tensor, *arguments: Any, **options: Any) -> T:
        if not torch.is_autocast_enabled(latents.device.type):
            return forward(module, latents, *arguments, **options)
        with torch.autocast(latents.device.type, enabled=False):
            return forward(module, latents.float(), *arguments, **options)

    return wrapped
