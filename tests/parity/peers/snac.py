"""SNAC against the package snac 1.2.1: config.json and pytorch_model.bin.

The package draws the decoder's noise anew at each decode. Here it draws ours, so that the sound can be compared.
"""

from __future__ import annotations

import importlib
import json
import warnings
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from speefeare_core.nn.pattern_noise import PatternNoise
from tests.parity.peer import Case, Peer, PeerCodes, speech_like

OFFICIAL: dict[str, dict[str, Any]] = {
    "24 kHz": {
        "sampling_rate": 24000, "encoder_dim": 48, "encoder_rates": [2, 4, 8, 8], "decoder_dim": 1024,
        "decoder_rates": [8, 8, 4, 2], "attn_window_size": None, "vq_strides": [4, 2, 1],
    },
    "32 kHz": {
        "sampling_rate": 32000, "encoder_dim": 64, "encoder_rates": [2, 3, 8, 8], "decoder_dim": 1536,
        "decoder_rates": [8, 8, 3, 2], "attn_window_size": 32, "vq_strides": [8, 4, 2, 1],
    },
    "44.1 kHz": {
        "sampling_rate": 44100, "encoder_dim": 64, "encoder_rates": [2, 4, 8, 8], "decoder_dim": 1536,
        "decoder_rates": [8, 8, 4, 2], "attn_window_size": 32, "vq_strides": [8, 4, 2, 1],
    },
}  # fmt: skip
COMMON = {"codebook_size": 4096, "codebook_dim": 8, "noise": True, "depthwise": True}
NARROW = {"encoder_dim": 8, "decoder_dim": 128}


def enliven(model: torch.nn.Module, seed: int = 0) -> None:
    """Weights that keep a signal at its level (torch's own let the biases drown it), and alphas of 0.5 to 1.5."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("alpha"):
                weight.copy_(0.5 + torch.rand(weight.shape, generator=generator))
            elif name.endswith("original1"):
                weight.copy_(torch.randn(weight.shape, generator=generator))
            elif name.endswith("bias") and weight.ndim == 1:
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
        for name, module in model.named_modules():
            if not isinstance(module, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
                continue
            magnitude = module.parametrizations.weight.original0
            level = 0.6 + 0.3 * torch.rand(magnitude.shape, generator=generator)
            if isinstance(module, torch.nn.ConvTranspose1d):
                level = level * (module.stride[0] / 2) ** 0.5
            elif name.endswith("block.3"):  # what a residual unit adds
                level = level * 0.5
            elif module.out_channels == 1:
                level = level * 0.2  # a sound that tanh leaves alone
            magnitude.copy_(level)


def centre(model: Any, rate_hz: int) -> None:
    """Biases that take off the mean of what the books are searched for; what is left points in many directions."""
    with torch.no_grad():
        residual = model.encoder(model.preprocess(speech_like(1, 1, rate_hz, rate_hz, seed=1)))
        for book in model.quantizer.quantizers:
            pooled = torch.nn.functional.avg_pool1d(residual, book.stride, book.stride)
            book.in_proj.bias.sub_(book.in_proj(pooled).mean(dim=(0, 2)))
            residual = residual - book(residual)[0]


def import_snac() -> Any:
    """The class SNAC; its module uses TorchScript, which torch wants to give up."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated.*", DeprecationWarning)
        return importlib.import_module("snac").SNAC


def our_noise(config: dict[str, Any], frames: int) -> list[Tensor]:
    """`[1, 1, T]` for each decoder block."""
    unit = torch.lcm(torch.tensor(config["vq_strides"][0]), torch.tensor(config["attn_window_size"] or 1)).item()
    period, found = unit * -(-128 // unit), []
    for index, rate in enumerate(config["decoder_rates"]):
        period, frames = period * rate, frames * rate
        found.append(PatternNoise(1, int(period), 1, index).noise(0, frames)[None, None])
    return found


def build(variant: str, changed: dict[str, Any], folder: Path) -> Peer:
    """A model with random weights as `SNAC.from_pretrained` reads it."""
    config = {**OFFICIAL[variant], **COMMON, **changed}
    model = import_snac()(**config).eval()
    enliven(model)
    centre(model, config["sampling_rate"])
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(model.state_dict(), folder / "pytorch_model.bin")

    def encode(audio: Tensor) -> PeerCodes:
        codes = model.encode(audio)
        return PeerCodes(tuple(code[:, None] for code in codes), own=codes)

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        # It has no depths of its own: books beyond are left out of the sum that its decoder is given.
        quantizer = model.quantizer
        total = torch.zeros(())
        for book, code in zip(quantizer.quantizers[:depth], codes.own, strict=False):
            entries = book.out_proj(book.decode_code(code))
            total = total + entries.repeat_interleave(book.stride, dim=-1)
        if depth == len(codes.own):
            assert torch.equal(total, quantizer.from_codes(codes.own))
        noise = our_noise(config, total.shape[-1])
        with mock.patch("snac.layers.torch.randn", side_effect=noise):
            sound: Tensor = model.decoder(total)
        return sound

    return Peer(
        "snac 1.2.1", folder, encode, decode, licence="MIT", livened=("snake alpha", "weights of every convolution")
    )


def _case(variant: str, title: str, lengths: tuple[int, int], *, codes_least: int = 8, **changed: Any) -> Case:
    remark = "the peer decodes with our noise" if changed.get("noise", True) else ""
    return Case(
        "snac",
        f"{variant}{title}",
        "official",
        partial(build, variant, changed),
        rate_hz=OFFICIAL[variant]["sampling_rate"],
        lengths=lengths,
        codes_least=codes_least,
        remark=remark if changed else f"official sizes; {remark}",
    )


CASES = [
    _case("24 kHz", "", (16_384, 13_777), codes_least=6),
    _case("24 kHz", ", narrow", (49_152, 37_777), **NARROW),
    _case("24 kHz", ", narrow, without noise", (48_000, 37_777), noise=False, **NARROW),
    _case("32 kHz", ", narrow", (49_152, 37_777), **NARROW),
    _case("44.1 kHz", ", narrow", (65_536, 57_777), **NARROW),
]
