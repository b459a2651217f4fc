"""STFT magnitudes with the edges that the published losses and discriminators use."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from speefeare_core.nn.padding import pad_signal

# zeros, reflect: half a window on either side, so that frames are centred; hop: half of what window and hop differ by
# on either side, mirrored, so that there are T / hop frames; whole: so too, and zeros until the last frame is full;
# none: no padding.
Padding = Literal["zeros", "reflect", "hop", "whole", "none"]


def padded(audio: Tensor, size: int, hop: int, padding: Padding) -> Tensor:
    """`[N, T]` → `[N, T']`, at least one frame of `size` samples."""
    if padding == "zeros":
        audio = F.pad(audio, (size // 2, size // 2))
    elif padding == "reflect":
        audio = pad_signal(audio, size // 2, size // 2, "reflect")
    elif padding in ("hop", "whole"):
        audio = pad_signal(audio, (size - hop) // 2, (size - hop) // 2, "reflect")
    missing = size - audio.shape[-1]
    if padding == "whole" and missing < 0:
        missing = (size - audio.shape[-1]) % hop
    return F.pad(audio, (0, missing)) if missing > 0 else audio


def spectrum(audio: Tensor, window: Tensor, size: int, hop: int, padding: Padding = "reflect") -> Tensor:
    """Complex `[N, size // 2 + 1, frames]` of `[N, T]`; a window shorter than `size` stands in its middle."""
    audio = padded(audio, size, hop, padding)
    with torch.autocast(audio.device.type, enabled=False):  # there is no STFT in half precision
        return torch.stft(audio.float(), size, hop, window.shape[0], window=window, center=False, return_complex=True)


def magnitudes(audio: Tensor, window: Tensor, size: int, hop: int, padding: Padding = "reflect") -> Tensor:
    """`[N, T]` → `[N, size // 2 + 1, frames]`."""
    return spectrum(audio, window, size, hop, padding).abs()
