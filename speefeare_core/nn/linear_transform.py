"""The network-free part of transform coding: MDCT, companding, Karhunen-Loeve transform, residual books.

Nothing here is learnt by gradient: the map comes from the covariance of the companded spectra, the books from k-means.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.frame_blocks import row_matmul
from speefeare_core.nn.mdct import Mdct, compress
from speefeare_core.quantizers.residual import ResidualVQ

FIT_BLOCK_FRAMES = 4000
BOOK_VECTORS = 80_000  # vectors that the books are fitted to


@dataclass(frozen=True)
class LinearConfig(NetworkConfig):
    """Sizes; plain JSON values. Raises ValueError for values that cannot work."""

    rate_hz: int = 16000
    hop_samples: int = 320
    dim: int = 128
    books: int = 24
    book_size: int = 1024
    power: float = 0.7  # of the companding; 1 is none

    def __post_init__(self) -> None:
        for name in ("rate_hz", "hop_samples", "dim", "books", "book_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} should be a whole number from 1 on, not {value!r}")
        if self.dim > self.hop_samples:
            raise ValueError(f"dim {self.dim} is more than the {self.hop_samples} coefficients of a frame")
        if not 0 < self.power <= 1:
            raise ValueError(f"power should lie above 0 and not above 1, not {self.power!r}")


class LinearTransform(nn.Module):
    """Holds no state of its own: encoder and decoder state are the overlapping halves [B, hop]."""

    mean: Tensor  # [hop], of the companded spectrum
    forward_map: Tensor  # [hop, dim], orthonormal columns, largest variance first
    inverse_map: Tensor  # [dim, hop], its transpose

    def __init__(self, config: LinearConfig) -> None:
        super().__init__()
        self.config = config
        self.mdct = Mdct(config.hop_samples)
        self.register_buffer("mean", torch.zeros(config.hop_samples))
        self.register_buffer("forward_map", torch.eye(config.hop_samples, config.dim))
        self.register_buffer("inverse_map", torch.eye(config.dim, config.hop_samples))
        self.quantizer = ResidualVQ(config.books, config.book_size, config.dim)

    def encoder_silence(self, batch: int) -> Tensor:
        """State of the encoder before the first sample."""
        return self.mdct.silence(batch)

    def decoder_silence(self, batch: int) -> Tensor:
        """State of the decoder before the first frame."""
        return self.mdct.silence(batch)

    def spectra(self, audio: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, F * hop] after tail [B, hop] -> companded spectra [B, F, hop], new tail."""
        spans, tail = self.mdct.spans(audio, tail)
        return compress(self.mdct.analyse(spans), self.config.power), tail

    def encode(self, audio: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, F * hop] -> latents [B, D, F] before quantisation, state after them."""
        spectra, tail = self.spectra(audio, state)
        return row_matmul(spectra - self.mean, self.forward_map).transpose(1, 2), tail

    def decode(self, latents: Tensor, depths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Latents [B, D, F] -> audio [B, F * hop] one hop late, state. The depths [B] change nothing here."""
        companded = row_matmul(latents.transpose(1, 2), self.inverse_map) + self.mean
        return self.mdct.synthesise(compress(companded, 1 / self.config.power), state)

    @torch.no_grad()
    def fit(self, speech: Tensor) -> None:
        """Mean, map and books from speech [N]."""
        whole = speech.shape[0] // self.config.hop_samples * self.config.hop_samples
        tail, parts = self.encoder_silence(1), []
        for block in torch.split(speech[None, :whole], FIT_BLOCK_FRAMES * self.config.hop_samples, dim=1):
            spectra, tail = self.spectra(block, tail)
            parts.append(spectra[0])
        spectra = torch.cat(parts)
        self.mean.copy_(spectra.mean(dim=0))
        centred = spectra - self.mean
        _, vectors = torch.linalg.eigh((centred.t() @ centred / centred.shape[0]).double())
        self.forward_map.copy_(vectors[:, -self.config.dim :].flip(1))
        self.inverse_map.copy_(self.forward_map.t())
        latents = centred @ self.forward_map
        picks = torch.randperm(latents.shape[0], device=latents.device)[:BOOK_VECTORS]
        self.quantizer.fit(latents[picks])
