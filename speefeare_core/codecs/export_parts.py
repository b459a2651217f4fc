"""A codec as two plain networks that a graph can hold: audio → codes and latents, codes → audio. One recording each.

Books that are left out are said by the code −1, so that one decoder serves every depth. Only what a family computes
without carried state or blocks is here; `parts_of` says which families that are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError

ABSENT = -1


@dataclass(frozen=True)
class Parts:
    """What is exported: `[1, C, F·hop]` → codes `[1, K, F]`, latents `[1, D, F]`; codes → `[1, C, F·hop]`."""

    encoder: nn.Module
    decoder: nn.Module


class _Search(nn.Module):
    """Greedy residual search: latents `[1, D, F]` → codes `[1, K, F]`. `tables[k]` is what book k adds, `[N, D]`."""

    def __init__(self, tables: list[Tensor]) -> None:
        super().__init__()
        for index, table in enumerate(tables):
            self.register_buffer(f"table{index}", table.detach().clone())
        self.count = len(tables)

    def table(self, index: int) -> Tensor:
        """`[N, D]`."""
        found: Tensor = getattr(self, f"table{index}")
        return found

    def forward(self, latents: Tensor) -> Tensor:
        """Codes of every book."""
        residual = latents[0].transpose(0, 1)
        codes = []
        for index in range(self.count):
            chosen = self.choose(index, residual)
            residual = residual - self.table(index)[chosen]
            codes.append(chosen)
        return torch.stack(codes)[None]

    def choose(self, index: int, residual: Tensor) -> Tensor:
        """Rows `[F, D]` → entries `[F]`: the nearest."""
        table = self.table(index)
        return (residual @ table.T - table.square().sum(dim=1)[None] / 2).argmax(dim=1)

    def add_up(self, codes: Tensor) -> Tensor:
        """Codes `[1, K, F]` → latents `[1, D, F]`; −1 adds nothing."""
        total = torch.zeros_like(self.table(0)[codes[0, 0].clamp(min=0)])
        for index in range(self.count):
            row = codes[0, index]
            total = total + self.table(index)[row.clamp(min=0)] * (row >= 0).to(total.dtype)[:, None]
        return total.transpose(0, 1)[None]


class _AngleSearch(_Search):
    """The search of DAC: in a projection of few values, by the smallest angle."""

    def __init__(self, quantizer: Any) -> None:
        books = [quantizer.book(index) for index in range(quantizer.books)]
        super().__init__(
            [F.linear(book.codebook.weight, book.out_proj.weight[..., 0], book.out_proj.bias) for book in books]
        )
        for index in range(self.count):
            self.register_buffer(f"entries{index}", F.normalize(books[index].codebook.weight.detach()))
        self.projections = nn.ModuleList(book.in_proj for book in books)

    def choose(self, index: int, residual: Tensor) -> Tensor:
        projected = self.projections[index](residual.transpose(0, 1)[None])[0].transpose(0, 1)
        entries: Tensor = getattr(self, f"entries{index}")
        return (F.normalize(projected) @ entries.T).argmax(dim=1)


class _Encoder(nn.Module):
    def __init__(self, analyse: nn.Module, search: _Search) -> None:
        super().__init__()
        self.analyse, self.search = analyse, search

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.analyse(audio)
        return self.search(latents), latents


class _Decoder(nn.Module):
    def __init__(self, synthesise: nn.Module, search: _Search) -> None:
        super().__init__()
        self.synthesise, self.search = synthesise, search

    def forward(self, codes: Tensor) -> Tensor:
        audio: Tensor = self.synthesise(self.search.add_up(codes))
        return audio


class _Conditioned(nn.Module):
    """SoundStream's encoder, in its chosen denoising mode."""

    def __init__(self, codec: Any) -> None:
        super().__init__()
        self.model, self.mode = codec.module, int(codec.denoise)

    def forward(self, audio: Tensor) -> Tensor:
        latents: Tensor = self.model.encoder(audio)
        mode = torch.full((1,), self.mode, dtype=torch.int64)
        return latents if self.model.film is None else self.model.film(latents, mode)


class _LappedEncoder(nn.Module):
    def __init__(self, network: Any, search: _Search) -> None:
        super().__init__()
        self.network, self.search = network, search

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        latents, _ = self.network.encode(audio[:, 0], self.network.encoder_silence(1))
        return self.search(latents), latents


class _LappedDecoder(nn.Module):
    def __init__(self, network: Any, search: _Search) -> None:
        super().__init__()
        self.network, self.search = network, search

    def forward(self, codes: Tensor) -> Tensor:
        depths = (codes[:, :, 0] >= 0).sum(dim=1)
        audio, _ = self.network.decode(self.search.add_up(codes), depths, self.network.decoder_silence(1))
        return audio[:, None]  # type: ignore[no-any-return]


def parts_of(codec: Codec) -> Parts:
    """The two networks of a codec. Raises `SpeefeareError` for a family that has no such form."""
    family, module = codec.info.family, codec.module
    if family in ("soundstream", "encodec") and not getattr(module.config, "segment_samples", None):
        if getattr(module.config, "normalize", False):
            raise _refused(codec, "it divides each recording by its level")
        quantizer: Any = module.quantizer
        search = _Search([quantizer.layer(index).codebook for index in range(quantizer.books)])
        analyse = _Conditioned(codec) if family == "soundstream" else module.encoder
        return Parts(_Encoder(analyse, search), _Decoder(module.decoder, search))  # type: ignore[arg-type]
    if family == "dac":
        search = _AngleSearch(module.quantizer)
        return Parts(_Encoder(module.encoder, search), _Decoder(module.decoder, search))  # type: ignore[arg-type]
    if family in ("linear", "transform", "subframe"):
        quantizer = module.quantizer
        search = _Search([quantizer.layer(index).codebook for index in range(quantizer.books)])
        return Parts(_LappedEncoder(module, search), _LappedDecoder(module, search))
    reasons = {
        "encodec": "it cuts recordings into segments with a level each",
        "lyra": "its networks are TFLite files already",
        "opus": "it is no network",
        "mulaw": "it is no network",
        "identity": "it is no network",
        "audiovae": "it has continuous latents and no codes",
    }
    raise _refused(codec, reasons.get(family, f"the networks of {family} have no form for ONNX yet"))


def _refused(codec: Codec, why: str) -> SpeefeareError:
    return SpeefeareError(
        f"{codec.info.name} cannot be exported to ONNX: {why}; --to safetensors works for every codec with weights."
    )
