"""Where training starts: the initial weights that a recipe asks for."""

from __future__ import annotations

import math

import torch
from torch import nn

from speefeare_core.nn.dac import ResidualUnit
from speefeare_core.nn.streaming import Residual
from speefeare_core.nn.subframe_net import SubframeDecoder
from speefeare_core.nn.vocos import VocosDecoder

WIDTH = 0.02  # of the truncated normal distribution
SPEECH_WIDTH = 0.1  # of the samples that the encoder is given
BRANCH = 0.1  # what the last weights of a residual branch are multiplied by
_LENGTH = "parametrizations.weight.original0"  # of weights under weight norm
NEAR_SILENCE = 1e-4  # what the decoder's last weights are multiplied by


@torch.no_grad()
def initialise(module: nn.Module, kind: str) -> None:
    """Set the initial weights of the convolutions inside; `default` leaves everything as it was built.

    truncated_normal: N(0, 0.02²) cut at ±2 and biases at zero (dac/model/dac.py, `init_weights`). There the weights
    come out of weight norm anew at every pass, so that only the zeros of the biases take effect: that is zero_bias.

    even: a signal is as wide after a layer as before it, N(0, 1 / inputs of an output) (LeCun et al., Efficient
    BackProp, section 4.6), biases zero, and speech, whose samples are about 0.1 wide, is brought to a width of 1 by the
    first convolution: otherwise the biases soon outweigh it. Residual branches begin at a tenth, and with
    `start_at_silence` the decoder's last convolution near zero (after Fixup, arXiv 1901.09321, section 3.2, where both
    are zero). Torch's own weights shrink a signal to 0.6 in each layer; networks without norms then start with nothing
    but biases in their latents. A decoder that is no convolutional trunk keeps the start of its own.
    """
    if kind == "default":
        return
    if kind == "even":
        for trunk in (module.get_submodule("encoder"), module.get_submodule("decoder")):
            if not isinstance(trunk, VocosDecoder):
                _even(trunk)
        for first in _convolutions(module.get_submodule("encoder"))[:1]:  # frame networks have none
            first.weight.div_(SPEECH_WIDTH)
        return
    for part in module.modules():
        if isinstance(part, nn.Conv1d):
            if kind == "truncated_normal":
                nn.init.trunc_normal_(part.weight, std=WIDTH)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


@torch.no_grad()
def start_at_silence(module: nn.Module) -> None:
    """Bring a decoder's last weights near zero (under weight norm their length alone), or its log magnitudes far down.

    Not quite to zero: at zero itself spectral losses have no slope.
    """
    decoder = module.get_submodule("decoder")
    if isinstance(decoder, VocosDecoder):
        out = decoder.head.out
        out.bias[: out.out_features // 2] += math.log(NEAR_SILENCE)  # of the log magnitudes
        return
    if isinstance(decoder, SubframeDecoder):
        return  # begins there of itself
    last = _convolutions(decoder)[-1]
    names = dict(last.named_parameters())
    names.get(_LENGTH, last.weight).mul_(NEAR_SILENCE)


def _even(trunk: nn.Module) -> None:
    for part in trunk.modules():
        if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
            nn.init.normal_(part.weight, std=1 / math.sqrt(_inputs(part)))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in trunk.modules():
        if isinstance(part, ResidualUnit | Residual):
            _convolutions(part.block)[-1].weight.mul_(BRANCH)


def _convolutions(module: nn.Module) -> list[nn.Conv1d]:
    return [part for part in module.modules() if isinstance(part, nn.Conv1d)]


def _inputs(conv: nn.Conv1d | nn.ConvTranspose1d) -> float:
    """How many inputs meet in an output."""
    if isinstance(conv, nn.ConvTranspose1d):
        return conv.in_channels * conv.kernel_size[0] / conv.stride[0] / conv.groups
    return conv.in_channels * conv.kernel_size[0] / conv.groups
