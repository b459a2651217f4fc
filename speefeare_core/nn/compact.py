"""Weights as 8-bit integers with one scale a row: a quarter of the size, about 50 dB above the rounding noise."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"


def compact(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices [R, C] become int8 [R, C] and float32 scales [R, 1] under `name.scale`; the rest stays as it is."""
    out: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2 or not tensor.is_floating_point():
            out[name] = tensor.clone()
            continue
        scale = tensor.abs().amax(dim=1, keepdim=True).float().clamp(min=1e-12) / 127
        out[name] = torch.round(tensor.float() / scale).to(torch.int8)
        out[name + SCALE] = scale
    return out


def expand(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Inverse of `compact`, up to the rounding; tensors that were not compacted pass through."""
    return {
        name: tensor.float() * tensors[name + SCALE] if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }
