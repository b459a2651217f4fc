"""Where training starts: the initial weights that a recipe asks for."""

from __future__ import annotations

from torch import nn

WIDTH = 0.02  # of the truncated normal distribution


def initialise(module: nn.Module, kind: str) -> None:
    """Set the weights of the plain convolutions inside; `default` leaves everything as it was built.

    truncated_normal: N(0, 0.02²) cut at ±2 and biases at zero (dac/model/dac.py, `init_weights`). There the weights
    come out of weight norm anew at every pass, so that only the zeros of the biases take effect: that is zero_bias.
    """
    if kind == "default":
        return
    for part in module.modules():
        if isinstance(part, nn.Conv1d):
            if kind == "truncated_normal":
                nn.init.trunc_normal_(part.weight, std=WIDTH)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
