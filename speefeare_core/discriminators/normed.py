"""Convolutions with weight normalisation, followed by leaky ReLU or by nothing."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm


def normed(layer: nn.Module, norm: str = "weight") -> nn.Module:
    """The layer with its weight normalised: "weight" (arXiv 1602.07868), "spectral" (arXiv 1802.05957) or "none".

    Raises ValueError for another word.
    """
    if norm not in ("weight", "spectral", "none"):
        raise ValueError(f"a norm is weight, spectral or none, not {norm}")
    if norm == "none":
        return layer
    made: nn.Module = weight_norm(layer) if norm == "weight" else spectral_norm(layer)
    return made


class Layers(nn.Module):
    """Convolutions, each with leaky ReLU after it: what comes out of each is a feature."""

    def __init__(self, layers: list[nn.Module], slope: float, norm: str = "weight") -> None:
        super().__init__()
        self.layers = nn.ModuleList(normed(layer, norm) for layer in layers)
        self.slope = slope

    def forward(self, x: Tensor) -> list[Tensor]:
        """Every layer's output, first to last."""
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), self.slope)
            features.append(x)
        return features


def conv2d(inputs: int, outputs: int, kernel: tuple[int, int], **options: Any) -> nn.Conv2d:
    """A convolution whose padding keeps the size where its stride is 1."""
    dilation = options.get("dilation", (1, 1))
    padding = tuple((size - 1) * step // 2 for size, step in zip(kernel, dilation, strict=True))
    return nn.Conv2d(inputs, outputs, kernel, padding=padding, **options)
