"""What convolutions read beyond the two ends of a signal."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

PadMode = Literal["constant", "reflect", "replicate"]  # zeros, the mirrored signal, its first and last value
PAD_MODES: tuple[PadMode, ...] = ("constant", "reflect", "replicate")


def pad_signal(x: Tensor, left: int, right: int, mode: PadMode) -> Tensor:
    """`[B, C, T]` → `[B, C, left + T + right]`.

    "reflect" does not repeat the edge; a signal that is too short to be mirrored is first continued with zeros, which
    are taken off again (EnCodec, encodec/modules/conv.py).
    """
    if left == 0 and right == 0:
        return x
    short = max(0, max(left, right) - x.shape[-1] + 1) if mode == "reflect" else 0
    padded = F.pad(F.pad(x, (0, short)) if short else x, (left, right), mode)
    return padded[..., : padded.shape[-1] - short]
