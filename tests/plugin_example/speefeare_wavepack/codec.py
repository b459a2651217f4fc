"""Wavepack: each sample by residual scalar books, from coarse steps to fine ones. Not a good codec, but a whole one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.checkpoints.official import Official
from speefeare_core.codec import BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError

RATE_HZ = 8000
SIZE = 16  # entries of a book: the steps −8 … 7


class Steps(nn.Module):
    """The weights: the step `[K]` of each book, falling."""

    steps: Tensor

    def __init__(self, steps: Tensor) -> None:
        super().__init__()
        self.register_buffer("steps", steps.float())


class WavepackCodec(Codec):
    """Audio `[B, 1, T]` → codes `[B, K, T]`, one frame a sample."""

    module: Steps

    def __init__(self, steps: Tensor, name: str = "wavepack", source: str = "") -> None:
        self.module = Steps(steps)
        self.info = CodecInfo(
            name=name,
            family="wavepack",
            rate_hz=RATE_HZ,
            channels=1,
            hop_samples=1,
            frame_rate_hz=float(RATE_HZ),
            books=(BookInfo(SIZE, float(RATE_HZ)),) * len(steps),
            depth_mode="residual",
            latent_dim=1,
            causal=True,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            licence="MIT",
            parameters=len(steps),
            source=source,
        )

    @classmethod
    def from_source(cls, source: str) -> WavepackCodec:
        """`wavepack:3` has three books."""
        books = source.removeprefix("wavepack:")
        if not books.isdecimal() or not 1 <= int(books) <= 8:
            raise SpeefeareError(f"{source} should name 1 to 8 books, for example wavepack:3.")
        return cls(2.0 ** (-4.0 * torch.arange(1, int(books) + 1) + 1), source, source)

    @classmethod
    def from_official(cls, found: Official) -> WavepackCodec:
        """From a state dict that holds `wavepack.steps`."""
        return cls(found.tensors["wavepack.steps"], found.name, str(found.path))

    @classmethod
    def from_native(cls, data: NativeFile) -> WavepackCodec:
        """From a file of the workbench."""
        return cls(data.tensors["steps"], data.name, data.source)

    def to_native(self) -> NativeFile:
        """As the contents of a file of the workbench."""
        return NativeFile("wavepack", self.info.name, {}, {"steps": self.module.steps.cpu()}, "MIT")

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        residual, codes = audio[:, 0], []
        for step in self.module.steps[:depth]:
            codes.append((residual / step).round().clamp(-8, 7).long() + 8)
            residual = residual - (codes[-1] - 8) * step
        return Encoded((torch.stack(codes, dim=1),), audio, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        steps = self.module.steps[list(books), None]
        return ((encoded.code_groups[0].to(steps.device)[:, list(books)] - 8) * steps).sum(dim=1, keepdim=True)
