"""A small SNAC with weights that keep a signal at its level, so that all books speak."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speefeare_core.codecs.snac import SnacCodec
from speefeare_core.nn.snac import SnacConfig, SnacModel

RATE_HZ = 8000
KINDS: dict[str, dict[str, object]] = {
    "three rates": {},
    "attention, odd stride": {
        "strides": (2, 3, 4, 4), "decoder_strides": (4, 4, 3, 2), "book_strides": (8, 4, 2, 1), "attention_window": 16,
    },
    "rates shared": {"book_strides": (2, 2, 1, 1), "noise": False},
    "dense": {"depthwise": False, "strides": (3, 5), "decoder_strides": (5, 3), "decoder_channels": 24},
}  # fmt: skip


def small_snac(kind: str = "three rates", seed: int = 0) -> SnacCodec:
    config = SnacConfig(
        **{
            "rate_hz": RATE_HZ,
            "channels": 4,
            "strides": (2, 4, 4, 4),
            "decoder_channels": 64,
            "decoder_strides": (4, 4, 4, 2),
            "book_size": 64,
            **KINDS[kind],
        }
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = SnacModel(config)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith("alpha"):
                    weight.uniform_(0.5, 1.5)
            for module in model.modules():
                if isinstance(module, nn.Conv1d):
                    module.weight.normal_(0, 0.8 / module.weight[0].numel() ** 0.5)
                    if module.bias is not None:
                        module.bias.mul_(0.1)
            residual = model.encoder(sound(1, 8 * config.unit_frames * config.hop_samples))
            for book in model.quantizer.quantizers:
                book.in_proj.bias -= book.project(residual).mean(dim=(0, 2))
                residual = residual - book.decode(book.encode(residual))
    return SnacCodec(model.requires_grad_(False), name="small snac", notes=("made for tests",))


def sound(batch: int, length: int, seed: int = 3) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    time = torch.arange(length) / RATE_HZ
    voice = torch.stack([torch.sin(2 * torch.pi * (150 + 40 * row) * time * (1 + time)) for row in range(batch)])
    gate = (torch.sin(2 * torch.pi * 5 * time) > -0.3).float()
    return (0.3 * voice * gate + 0.1 * torch.randn(batch, length, generator=draw))[:, None]
