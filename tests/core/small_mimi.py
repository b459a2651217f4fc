"""Small Mimis with random weights whose codes truly depend on the input."""

from __future__ import annotations

import torch
from torch import nn

from speefeare_core.codecs.mimi import MimiCodec
from speefeare_core.nn.mimi import MimiConfig, MimiModel
from tests.core.small_soundstream import RATE_HZ, voice_like


def small_config(**changes: object) -> MimiConfig:
    """20 samples a step, 40 a frame; a transformer sees 12 steps."""
    sizes = {
        "rate_hz": RATE_HZ, "ratios": (5, 4), "n_filters": 6, "dimension": 24, "layers": 2, "heads": 3,
        "feedforward": 40, "context": 12, "books": 5, "book_size": 32, "book_dim": 8,
    }  # fmt: skip
    return MimiConfig(**(sizes | changes))  # type: ignore[arg-type]


def small_codec(seed: int = 0, **changes: object) -> MimiCodec:
    """Random weights that keep the signal; the books start at the k-means centres of latents."""
    torch.manual_seed(seed)
    model = MimiModel(small_config(**changes)).train()
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
                nn.init.kaiming_normal_(part.weight)
        for name, weight in model.named_parameters():
            if name.endswith((".scale1", ".scale2")):
                weight.uniform_(0.3, 1.0)  # at the initial 0.01 the transformers would do nothing
        model.quantizer(model.encode(voice_like(4, 150 * model.config.hop_samples, seed + 1)))
    model.requires_grad_(False)
    return MimiCodec(model, name=f"small-{seed}", licence="CC-BY-4.0")
