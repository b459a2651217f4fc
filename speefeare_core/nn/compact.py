"""Weights as 8-bit integers with one scale a row: a quarter of the size, about 50 dB above the rounding noise."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"


def compact(tensors: Mapping[str, Tensor], rest: torch.dtype | None = None) -> dict[str, Tensor]:
    """Matrices [R, C] become int8 [R, C] and float32 scales [R, 1] under `name.scale`; the rest stays as it is.

    `rest`: a type for the scales, and for the rest where it is floating-point.
    """
    out: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            out[name] = tensor.clone()
        elif tensor.ndim != 2:
            out[name] = tensor.to(rest or tensor.dtype, copy=True)
        else:
            scale = tensor.abs().amax(dim=1, keepdim=True).float().clamp(min=1e-12) / 127
            kept = scale.to(rest or scale.dtype)
            steps = torch.round(tensor.float() / torch.where(kept > 0, kept.float(), scale))
            out[name] = steps.clamp(-127, 127).to(torch.int8)
            out[name + SCALE] = kept
    return out


def expand(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Inverse of `compact`, up to the rounding; tensors that were not compacted pass through."""
    return {
        name: tensor.float() * tensors[name + SCALE].float() if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }
