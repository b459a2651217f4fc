"""BigCodec against the package bigcodec 0.0.3: its modules with random weights, saved as the authors' file."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes, speech_like

HOP = 200
STRIDES = (2, 2, 2, 5, 5)


def enliven(model: torch.nn.Module, seed: int = 0) -> None:
    """Weights that keep a signal at its level (the package's die out), Snakes that bend, biases that matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith((".alpha", ".beta")):
                weight.copy_(0.6 * torch.rand(weight.shape, generator=generator) - 0.3)
            elif name.endswith("original1") or name.endswith("_codebook.weight"):
                weight.copy_(torch.randn(weight.shape, generator=generator))
            elif name.endswith("bias") and weight.ndim == 1:
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
        for name, module in model.named_modules():
            if not isinstance(module, torch.nn.Conv1d | torch.nn.ConvTranspose1d | torch.nn.Linear):
                continue
            magnitude = module.parametrizations.weight.original0
            level = 0.6 + 0.3 * torch.rand(magnitude.shape, generator=generator)
            if isinstance(module, torch.nn.ConvTranspose1d):
                level = level * (module.stride[0] / 2) ** 0.5
            elif isinstance(module, torch.nn.Conv1d) and module.out_channels == 1:
                level = level * 0.2  # a sound that tanh leaves alone
            elif name.endswith("block.3") and module.kernel_size == (1,):  # what a residual unit adds
                level = level * 0.5
            magnitude.copy_(level)


def build(sizes: dict[str, int], bidirectional: bool, folder: Path) -> Peer:
    """Encoder and decoder with random weights in one file."""
    modules = importlib.import_module("bigcodec.modules")
    latent_dim = sizes.get("latent_dim", 1024)
    encoder: Any = modules.CodecEncoder(
        ngf=sizes.get("ngf", 48), out_channels=latent_dim, up_ratios=STRIDES, rnn_bidirectional=bidirectional
    ).eval()
    decoder: Any = modules.CodecDecoder(
        in_channels=latent_dim,
        upsample_initial_channel=sizes.get("upsample_initial_channel", 1536),
        vq_dim=latent_dim,
        codebook_size=sizes.get("codebook_size", 8192),
        up_ratios=STRIDES[::-1],
        rnn_bidirectional=bidirectional,
    ).eval()
    enliven(encoder)
    enliven(decoder, seed=1)
    with torch.no_grad():
        book = decoder.quantizer.layers[0]
        found = encoder(speech_like(1, 1, 4_000, 16_000, seed=1)).transpose(1, 2)
        book.in_proj.bias.sub_(book.in_proj(found).mean(dim=(0, 1)))  # what is left points in many directions
    torch.save({"CodecEnc": encoder.state_dict(), "generator": decoder.state_dict()}, folder / "bigcodec.pt")

    def encode(audio: Tensor) -> PeerCodes:
        # As the authors' inference.py pads: to whole frames, and one more where it is whole already.
        padded = torch.nn.functional.pad(audio, (0, HOP - audio.shape[-1] % HOP))
        _, codes, _ = decoder(encoder(padded), vq=True)
        return PeerCodes((codes.transpose(0, 1),))

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        entries = decoder.vq2emb(codes.groups[0].transpose(1, 2))
        sound: Tensor = decoder(entries.transpose(1, 2), vq=False)
        return sound

    livened = ("snake alpha and beta", "weights of every convolution")
    return Peer("bigcodec 0.0.3", folder / "bigcodec.pt", encode, decode, licence="MIT", livened=livened)


NARROW = {"ngf": 4, "latent_dim": 32, "upsample_initial_channel": 96, "codebook_size": 512}
CASES = [
    Case(
        "bigcodec", "16 kHz", "official", partial(build, {}, False), rate_hz=16_000, lengths=(3_000, 1_777),
        codes_least=5, remark="official sizes",
    ),
    Case(
        "bigcodec", "16 kHz, narrow", "official", partial(build, NARROW, False), rate_hz=16_000,
        lengths=(16_000, 11_777),
    ),
    Case(
        "bigcodec", "16 kHz, narrow, LSTM both ways", "official", partial(build, NARROW, True), rate_hz=16_000,
        lengths=(16_000, 11_777),
    ),
]  # fmt: skip
