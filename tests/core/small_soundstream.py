"""Small SoundStreams with random weights whose codes truly depend on the input."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.codecs.soundstream import SoundStreamCodec
from speefeare_core.nn.soundstream import SoundStreamConfig, SoundStreamModel

RATE_HZ = 8000


def voice_like(batch: int, samples: int, seed: int = 0) -> Tensor:
    """`[B, 1, T]`: gliding harmonics with a changing level, and a little noise."""
    draw = torch.Generator().manual_seed(seed)
    time = torch.arange(samples) / RATE_HZ
    signals = []
    for _ in range(batch):
        start, depth, rate = torch.rand(3, generator=draw).tolist()
        phase = 2 * torch.pi * torch.cumsum((100 + 150 * start) * (1 + 0.3 * torch.sin(9 * (rate + 0.2) * time)), 0)
        harmonics = sum(torch.sin(n * phase / RATE_HZ) / n for n in range(1, 8))
        level = 0.15 * (1 + depth * torch.sin(20 * rate * time))
        signals.append(level * harmonics + 0.01 * torch.randn(samples, generator=draw))
    return torch.stack(signals)[:, None]


def small_config(**changes: object) -> SoundStreamConfig:
    sizes = {
        "rate_hz": RATE_HZ, "strides": (2, 4, 5), "channels": 4, "decoder_channels": 4, "latent_dim": 16,
        "books": 4, "book_size": 32,
    }  # fmt: skip
    return SoundStreamConfig(**(sizes | changes))  # type: ignore[arg-type]


def small_codec(seed: int = 0, **changes: object) -> SoundStreamCodec:
    """Random weights; the books start at the k-means centres of latents, so that every book is in use."""
    torch.manual_seed(seed)
    model = SoundStreamModel(small_config(**changes)).train()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("weight"):
                weight.mul_(1.7)  # torch's start shrinks the signal layer by layer; keep its size instead
            elif name.endswith("bias"):
                weight.zero_()
        hop = model.config.hop_samples
        model.quantizer(model.condition(model.encoder(voice_like(4, 150 * hop, seed + 1)), None))
    model.requires_grad_(False)
    return SoundStreamCodec(model, name=f"small-{seed}", licence="MIT")
