"""Teacher: what every frozen listener gives, and how recordings of any length go through it."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn

RATE_HZ = 16_000
BLOCK_S = 20.0  # longer recordings are heard in blocks, with `context_s` around each


class Teacher(nn.Module):
    """Audio `[B, 1, T]` at 16 kHz → features `[B, S, F]`; never trained.

    Feature f is about the samples f · hop to (f + 1) · hop.
    """

    key: str  # of TEACHERS
    width: int  # S
    hop_samples: int
    context_s: float = 1.0  # what lies further away hardly changes a feature
    rate_hz: int = RATE_HZ

    @property
    def frame_rate_hz(self) -> float:
        """Features a second."""
        return self.rate_hz / self.hop_samples

    @cached_property
    def fingerprint(self) -> str:
        """Hangs on every weight: two teachers with the same one hear the same."""
        found = hashlib.blake2b(f"{type(self).__name__} {self.key}".encode(), digest_size=16)
        for name, tensor in sorted(self.state_dict().items()):
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        return found.hexdigest()

    def train(self, mode: bool = True) -> Self:
        """It stays as it is."""
        return super().train(False)

    @abstractmethod
    def forward(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → `[B, S, F]`, without gradient."""

    @torch.no_grad()
    def hear(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → `[B, S, ceil(T / hop)]`: the sound is filled up with zeros, long recordings go in blocks."""
        frames = max(1, -(-audio.shape[-1] // self.hop_samples))
        block = max(1, round(BLOCK_S * self.frame_rate_hz))
        if frames <= block:
            return self._heard(audio, 0, frames, 0, frames)
        around = round(self.context_s * self.frame_rate_hz)
        parts = []
        for first in range(0, frames, block):
            last = min(first + block, frames)
            parts.append(self._heard(audio, max(0, first - around), min(frames, last + around), first, last))
        return torch.cat(parts, dim=-1)

    def _heard(self, audio: Tensor, begin: int, end: int, first: int, last: int) -> Tensor:
        """Features first … last, with what lies from feature `begin` to `end` heard."""
        hop = self.hop_samples
        piece = audio[..., begin * hop : end * hop]
        piece = nn.functional.pad(piece, (0, (end - begin) * hop - piece.shape[-1]))
        found: Tensor = self(piece)
        if found.shape[-1] < end - begin:  # one that ends short of the last whole frame
            found = nn.functional.pad(found, (0, end - begin - found.shape[-1]), mode="replicate")
        return found[..., first - begin : last - begin]
