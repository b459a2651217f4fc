"""Peer: somebody else's implementation of a codec, the file that it saved, and what it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class PeerCodes:
    """What a peer made of audio: `groups` as `Encoded.code_groups` has them (`[B, K_g, F_g]`); latents where a codec
    has no codes; and whatever the peer's own decoder wants."""

    groups: tuple[Tensor, ...]
    latents: Tensor | None = None  # [B, D, F]
    own: Any = None


@dataclass(frozen=True)
class Peer:
    """A peer whose random weights lie at `path` in the official format."""

    name: str  # package and version: "encodec 0.1.1"
    path: Path
    encode: Callable[[Tensor], PeerCodes]  # [B, C, T] → all books
    decode: Callable[[PeerCodes, int], Tensor]  # with the first n books → [B, C, ≥ T or a little less]
    licence: str = ""
    # Names of random weights whose effect would vanish at their usual initial values, and were therefore drawn anew.
    livened: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Case:
    """One row of the parity table: a variant of a family in one official layout, against one peer."""

    family: str
    variant: str  # "24 kHz", "48 kHz stereo" …
    layout: str  # key of checkpoints.layouts
    build: Callable[[Path], Peer]  # writes the official file into a folder of its own; seeds itself
    rate_hz: int
    channels: int = 1
    lengths: tuple[int, ...] = (24_000, 17_777)  # samples: even and odd
    batches: tuple[int, ...] = (1, 3)
    tolerance: float = 1e-5
    codes_least: int = 8  # distinct codes in the first book, so that agreement means something
    remark: str = ""  # what the table should say of this row

    @property
    def key(self) -> str:
        return f"{self.family}-{self.variant}-{self.layout}".replace(" ", "_")


def speech_like(batch: int, channels: int, length: int, rate_hz: int, seed: int = 0) -> Tensor:
    """Deterministic sound `[B, C, T]` with pauses, a changing pitch and noise, so that frames differ a lot."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(length) / rate_hz
    rows = []
    for row in range(batch * channels):
        pitch = 110.0 * 1.13**row * (1 + 0.3 * torch.sin(2 * torch.pi * (1.3 + 0.2 * row) * time))
        phase = 2 * torch.pi * torch.cumsum(pitch, 0) / rate_hz
        voice = torch.stack([torch.sin(k * phase) / k for k in range(1, 12)]).sum(0)
        gate = (torch.sin(2 * torch.pi * (2.1 + row) * time) > -0.4).float()
        noise = torch.randn(length, generator=generator)
        rows.append(0.15 * voice * gate + 0.05 * noise * (1.2 - gate))
    return torch.stack(rows).view(batch, channels, length)


def liven(module: torch.nn.Module, seed: int = 0) -> None:
    """Random weights that keep a signal at a usual level and make every book speak: in place.

    Books of zeros are drawn at the level of a unit signal; snake alphas lie in 0.5 to 1.5. What a family needs beyond
    this it does itself.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if name.endswith("alpha"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            elif name.endswith(("inited", "initialized")):
                tensor.fill_(1)
