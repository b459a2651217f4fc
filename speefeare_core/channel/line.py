"""The books of one frame rate on their way: frozen, flipped, and repeated where a packet is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.channel.bits import BitErrors
from speefeare_core.channel.settings import ChannelSettings


class Line:
    """`sizes` of its books, of which `first` is the first one's number; none: continuous latents, only to be lost."""

    def __init__(self, seed: Sequence[int], first: int, sizes: Sequence[int]) -> None:
        self.first, self.count = first, len(sizes)
        self._sizes = tuple(sizes)
        self._bits = BitErrors(seed, sizes)
        self._sent: Tensor | None = None  # [B, K, 1], what left last
        self._received: Tensor | None = None  # [B, K, 1], what arrived last

    def reseed(self, seed: Sequence[int]) -> None:
        """Other bit errors from now on; what is held stays."""
        self._bits = BitErrors(seed, self._sizes)

    def send(self, codes: Tensor, lost: NDArray[np.bool_], settings: ChannelSettings) -> tuple[Tensor, int]:
        """Codes (or latents) `[B, K, n]` → what the decoder gets, of the same shape, and how many bits were flipped."""
        if codes.shape[-1] == 0:
            return codes, 0
        codes = self._freeze(codes, settings)
        flipped = 0
        if settings.bit_errors and self.count:
            codes, flipped = self._bits.flip(codes, settings.bit_errors, lost)
        if lost.any():
            codes = self._repeat(codes, lost)
        else:
            self._received = codes[..., -1:].clone()
        return codes, flipped

    def _freeze(self, codes: Tensor, settings: ChannelSettings) -> Tensor:
        """What was frozen before stays what it is, because what left last is the frozen entry itself."""
        frozen = [book - self.first for book in settings.frozen_books if 0 <= book - self.first < self.count]
        if frozen:
            codes = codes.clone()
            codes[:, frozen] = (codes[..., :1] if self._sent is None else self._sent)[:, frozen]
        self._sent = codes[..., -1:].clone()
        return codes

    def _repeat(self, codes: Tensor, lost: NDArray[np.bool_]) -> Tensor:
        """What arrived last goes on; before anything did, entry 0."""
        before = torch.zeros_like(codes[..., :1]) if self._received is None else self._received
        index = np.maximum.accumulate(np.where(lost, 0, np.arange(1, len(lost) + 1)))
        held = torch.cat([before, codes], dim=-1)[..., torch.from_numpy(index).to(codes.device)]
        if not lost.all() or self._received is not None:
            self._received = held[..., -1:].clone()
        return held

    def get_state(self) -> dict[str, Any]:
        """A copy, for `set_state`."""
        return {
            "bits": self._bits.get_state(),
            "sent": None if self._sent is None else self._sent.clone(),
            "received": None if self._received is None else self._received.clone(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._bits.set_state(state["bits"])
        self._sent, self._received = state["sent"], state["received"]
