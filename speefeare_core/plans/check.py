"""A plan beside the plain stream, on a signal like speech."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import Codec
    from speefeare_core.stream import CodecStream

STEPS = 6
LEVEL = 0.2


def compare(
    codec: Codec, plan: CodecStream, frames: int, steps: int = STEPS, plain: CodecStream | None = None
) -> tuple[float | None, float]:
    """The share of equal codes (None without codes), and the greatest difference of sound over its greatest sample.

    Both streams encode the same signal; then both decode the plain one's codes, so that the error is the decoder's
    alone. They go on from the state they are in, which should be the same; without `plain` a fresh one is made.
    """
    if plain is None:
        plain = codec.stream(depth=plan.depth or None, start="silence")  # 0: it has no books
    signal = check_signal(codec, frames * steps)
    hop = codec.info.hop_samples * frames
    equal = total = 0
    worst = loudest = 0.0
    with torch.inference_mode():
        for piece in torch.split(signal, hop, dim=-1):
            codes, latents = plain.encode(piece)
            ours, own_latents = plan.encode(piece)
            told, own = (latents, own_latents) if codes is None else (codes, ours)
            assert told is not None and own is not None
            if codes is not None:
                equal += int((codes == own).sum())
                total += codes.numel()
            else:
                worst = max(worst, finite(float((told - own).abs().max() / told.abs().max().clamp(min=1e-9))))
            wanted = plain.decode(told)
            worst_now = float((wanted - plan.decode(told)).abs().max())
            loudest = max(loudest, float(wanted.abs().max()))
            worst = max(worst, finite(worst_now / max(loudest, 1e-3)))
    return (equal / total if total else None), worst


def finite(error: float) -> float:
    """Infinite instead of NaN, which is less than nothing and would pass."""
    return error if math.isfinite(error) else math.inf


def check_signal(codec: Codec, frames: int) -> Tensor:
    """Noise coloured and swelling like speech, `[1, C, frames·hop]`, always the same."""
    count = frames * codec.info.hop_samples
    draw = torch.Generator().manual_seed(7)
    noise = torch.randn(1, codec.info.channels, count + 64, generator=draw)
    coloured = torch.nn.functional.avg_pool1d(noise, 6, 1)[..., :count]
    time_s = torch.arange(count) / codec.info.rate_hz
    swell = 0.55 + 0.45 * torch.sin(2 * torch.pi * 4.0 * time_s)
    return (LEVEL * 2.0 * coloured * swell).to(codec.device)
