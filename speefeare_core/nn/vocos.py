"""The Vocos decoder (arXiv 2306.00814): ConvNeXt at the frame rate, then an inverse Fourier transform; nothing is
upsampled. Here it decodes features that are sums of codebook entries, with the bit rate as a condition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.convnext import EPS, KERNEL, ConvNextBlock, conditioned_norm, initialise, normed
from speefeare_core.nn.istft_head import IstftHead, Padding


@dataclass(frozen=True)
class VocosConfig(NetworkConfig):
    """Sizes, by default those of vocos-encodec-24khz. Raises ValueError for values that cannot work."""

    input_dim: int = 128
    dim: int = 384
    inner_dim: int = 1152
    layers: int = 8
    conditions: int = 4  # rows of the adaptive norms; 0: plain norms
    n_fft: int = 1280
    hop_samples: int = 320
    padding: Padding = "same"

    def __post_init__(self) -> None:
        name = type(self).__name__.removesuffix("Config")
        for field in ("input_dim", "dim", "inner_dim", "layers", "conditions", "n_fft", "hop_samples"):
            value, least = getattr(self, field), 0 if field == "conditions" else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}'s {field} should be a whole number from {least} on, not {value!r}")
        if self.padding not in ("same", "center"):
            raise ValueError(f"{name}'s padding is same or center, not {self.padding!r}")

    @property
    def context_frames(self) -> int:
        """Frames to either side that the sound of one frame depends on."""
        return (self.layers + 1) * (KERNEL // 2) + math.ceil(self.n_fft / self.hop_samples / 2)


class VocosBackbone(nn.Module):
    """Features `[B, input_dim, F]` → frames `[B, F, dim]`. `between` stands between the first convolution and its norm
    (WavTokenizer's residual and attention blocks)."""

    def __init__(self, config: VocosConfig, between: nn.Module | None = None) -> None:
        super().__init__()
        self.embed = nn.Conv1d(config.input_dim, config.dim, KERNEL, padding=KERNEL // 2)
        self.norm = conditioned_norm(config.dim, config.conditions)
        self.convnext = nn.ModuleList(
            ConvNextBlock(config.dim, config.inner_dim, conditions=config.conditions, branch_scale=1 / config.layers)
            for _ in range(config.layers)
        )
        self.final_layer_norm = nn.LayerNorm(config.dim, eps=EPS)
        initialise(self)
        self.pos_net = between  # keeps the initial values of its own

    def forward(self, features: Tensor, condition: Tensor | None = None) -> Tensor:
        """`[B, input_dim, F]`, condition `[B]` or `[1]` int64 → `[B, F, dim]`."""
        x = self.embed(features)
        if self.pos_net is not None:
            x = self.pos_net(x)
        x = normed(self.norm, x.transpose(1, 2), condition).transpose(1, 2)
        for block in self.convnext:
            x = block(x, condition)
        out: Tensor = self.final_layer_norm(x.transpose(1, 2))
        return out


class VocosDecoder(nn.Module):
    """Features `[B, input_dim, F]` → audio `[B, 1, F·hop]` (padding "center": one hop less)."""

    def __init__(self, config: VocosConfig, between: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        self.backbone = VocosBackbone(config, between)
        self.head = IstftHead(config.dim, config.n_fft, config.hop_samples, config.padding)

    def forward(self, features: Tensor, condition: Tensor | int = 0) -> Tensor:
        """`[B, input_dim, F]`, condition `[B]` int64 or one for all → `[B, 1, T]`."""
        if isinstance(condition, int):
            condition = torch.full((1,), condition, dtype=torch.int64, device=features.device)
        sound: Tensor = self.head(self.backbone(features, condition))
        return sound[:, None]


class VocosModel(nn.Module):
    """Codebooks whose sums are the features, and the decoder; the condition is the bit rate."""

    def __init__(self, config: VocosConfig, books: int, book_size: int, condition_books: tuple[int, ...]) -> None:
        """`condition_books`: with how many books each condition was trained, ascending. Raises ValueError where they
        do not fit the decoder's conditions."""
        super().__init__()
        if list(condition_books) != sorted(set(condition_books)) or len(condition_books) != max(1, config.conditions):
            raise ValueError(f"{config.conditions} conditions do not fit the books {list(condition_books)}")
        self.config, self.condition_books = config, condition_books
        self.codebooks = nn.Parameter(torch.randn(books, book_size, config.input_dim) / config.input_dim**0.5)
        self.decoder = VocosDecoder(config)

    def condition_of(self, books: int) -> int:
        """The condition for the sum of that many books: that of as many, else of the next larger number."""
        fitting = (index for index, count in enumerate(self.condition_books) if count >= books)
        return next(fitting, len(self.condition_books) - 1)

    def features(self, codes: Tensor, books: tuple[int, ...]) -> Tensor:
        """The sum of these books' entries for codes `[B, K, F]` → `[B, D, F]`."""
        parts = [nn.functional.embedding(codes[:, book], self.codebooks[book]) for book in books]
        return torch.stack(parts).sum(dim=0).transpose(1, 2)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes `[B, k, F]` of the first k books → audio `[B, 1, F·hop]`."""
        books = codes.shape[1]
        audio: Tensor = self.decoder(self.features(codes, tuple(range(books))), self.condition_of(books))
        return audio
