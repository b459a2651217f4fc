"""Small EnCodecs and SpeechTokenizers with random weights whose codes truly depend on the input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.codecs.speechtokenizer import SpeechTokenizerCodec
from speefeare_core.nn.encodec import EncodecConfig, EncodecModel
from speefeare_core.nn.speechtokenizer import SpeechTokenizerConfig, SpeechTokenizerModel
from tests.core.small_soundstream import RATE_HZ, voice_like

SIZES = {
    "rate_hz": RATE_HZ, "ratios": (5, 4, 2), "n_filters": 6, "dimension": 16, "books": 4, "book_size": 32,
}  # fmt: skip
SEGMENTS = {
    "channels": 2, "causal": False, "norm": "time_group_norm", "normalize": True, "segment_samples": 800,
    "segment_stride": 760,
}  # fmt: skip


def stereo(batch: int, samples: int, seed: int = 0) -> Tensor:
    """`[B, 2, T]`."""
    return torch.cat([voice_like(batch, samples, seed), voice_like(batch, samples, seed + 50)], dim=1)


def small_encodec(seed: int = 0, **changes: object) -> EncodecCodec:
    """Its rate is low, so that a second is short."""
    torch.manual_seed(seed)
    model = EncodecModel(EncodecConfig(**(SIZES | changes)))  # type: ignore[arg-type]
    liven(model)
    with torch.no_grad():
        audio = stereo(4, 6000, seed + 1)[:, : model.config.channels]
        latents = model.encoder(audio / model.level(audio))
        model.quantizer.fit(latents.transpose(1, 2).reshape(-1, latents.shape[1]))
    model.requires_grad_(False)
    return EncodecCodec(model, name=f"small-{seed}", licence="MIT")


def small_speechtokenizer(seed: int = 0, **changes: object) -> SpeechTokenizerCodec:
    """Eight kilohertz too."""
    torch.manual_seed(seed)
    model = SpeechTokenizerModel(SpeechTokenizerConfig(**(SIZES | {"semantic_dimension": 12} | changes)))  # type: ignore[arg-type]
    liven(model)
    with torch.no_grad():
        latents = model.encoder(voice_like(4, 6000, seed + 1))
        model.quantizer.fit(latents.transpose(1, 2).reshape(-1, latents.shape[1]))
    model.requires_grad_(False)
    return SpeechTokenizerCodec(model, name=f"small-{seed}", licence="MIT")


def liven(model: nn.Module) -> None:
    """Torch's start shrinks the signal layer by layer; keep its size instead."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("conv.weight"):
                weight.mul_(1.7)
            elif name.endswith("bias") and "lstm" not in name:
                weight.mul_(0.3)
