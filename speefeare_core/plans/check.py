"""A plan beside the plain stream, on a signal like speech."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.stream import CodecStream

STEPS = 6
LEVEL = 0.2


@dataclass(frozen=True)
class Heard:
    """A step of the plain stream: its sound, codes (None without books), latents, and what it made of them."""

    piece: Tensor
    codes: Tensor | None
    latents: Tensor | None
    sound: Tensor

    @property
    def told(self) -> Tensor:
        """What is decoded."""
        given = self.latents if self.codes is None else self.codes
        assert given is not None
        return given


def heard_by(plain: CodecStream, codec: Codec, frames: int, steps: int = STEPS) -> list[Heard]:
    """What the plain stream makes of the signal, from the state it is in."""
    found = []
    with torch.inference_mode():
        for piece in torch.split(check_signal(codec, frames * steps), codec.info.hop_samples * frames, dim=-1):
            codes, latents = plain.encode(piece)
            given = latents if codes is None else codes
            assert given is not None
            found.append(Heard(piece, codes, latents, plain.decode(given)))
    return found


def compare(
    codec: Codec, plan: CodecStream, frames: int, steps: int = STEPS, heard: Sequence[Heard] | None = None
) -> tuple[float | None, float]:
    """The share of equal codes (None without codes), and the greatest difference of sound over its greatest sample.

    Both streams encode the same signal; then both decode the plain one's codes, so that the error is the decoder's
    alone. The plan goes on from the state it is in, which should be the plain one's before it heard what it did;
    without `heard` a fresh one hears it.
    """
    if heard is None:
        heard = heard_by(codec.stream(depth=plan.depth or None, start="silence"), codec, frames, steps)  # 0: no books
    equal = total = 0
    worst = loudest = 0.0
    with torch.inference_mode():
        for step in heard:
            ours, own_latents = plan.encode(step.piece)
            if step.codes is not None:
                assert ours is not None
                equal += int((step.codes == ours).sum())
                total += step.codes.numel()
            else:
                assert own_latents is not None
                off = (step.told - own_latents).abs().max() / step.told.abs().max().clamp(min=1e-9)
                worst = max(worst, finite(float(off)))
            worst_now = float((step.sound - plan.decode(step.told)).abs().max())
            loudest = max(loudest, float(step.sound.abs().max()))
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
