"""Where training starts: the initial weights that a recipe asks for."""

from __future__ import annotations

import math

import torch
from torch import nn

WIDTH = 0.02  # of the truncated normal distribution
NEAR_SILENCE = 1e-3  # what the decoder's last weights are multiplied by


@torch.no_grad()
def initialise(module: nn.Module, kind: str) -> None:
    """Set the initial weights of the convolutions inside; `default` leaves everything as it was built.

    truncated_normal: N(0, 0.02²) cut at ±2 and biases at zero (dac/model/dac.py, `init_weights`). There the weights
    come out of weight norm anew at every pass, so that only the zeros of the biases take effect: that is zero_bias.

    even: a signal is as wide after a layer as before it, N(0, 1 / inputs of an output) (LeCun et al., Efficient
    BackProp, section 4.6), biases zero, and the decoder's last convolution near zero, so that training starts at
    silence (after Fixup, arXiv 1901.09321, section 3.2, which starts at zero). Torch's own weights shrink a signal to
    0.6 in each layer; networks without norms then start with nothing but biases in their latents.
    """
    if kind == "default":
        return
    for part in module.modules():
        if kind == "even" and isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
            nn.init.normal_(part.weight, std=1 / math.sqrt(_inputs(part)))
        elif kind == "truncated_normal" and isinstance(part, nn.Conv1d):
            nn.init.trunc_normal_(part.weight, std=WIDTH)
        elif not isinstance(part, nn.Conv1d):
            continue
        if part.bias is not None:
            nn.init.zeros_(part.bias)
    if kind == "even":
        last = [part for part in module.get_submodule("decoder").modules() if isinstance(part, nn.Conv1d)][-1]
        last.weight.mul_(NEAR_SILENCE)


def _inputs(conv: nn.Conv1d | nn.ConvTranspose1d) -> float:
    """How many inputs meet in an output."""
    if isinstance(conv, nn.ConvTranspose1d):
        return conv.in_channels * conv.kernel_size[0] / conv.stride[0] / conv.groups
    return conv.in_channels * conv.kernel_size[0] / conv.groups
