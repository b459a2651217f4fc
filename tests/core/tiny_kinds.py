"""Small codecs of every awkward kind, beside `tiny_codec`: each keeps the whole contract in a few lines.

- `TinyAhead`: looks one hop ahead; blocks with context are exact. Options: books at three rates, continuous latents,
  side information, parallel books, stereo; or a smoothing that reaches back from the end, so that no context is exact.
- `TinyHeld`: causal, but mirrors its first hops into the past as EnCodec does, so its stream holds back the beginning;
  decodes single books, semantic apart from acoustic.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.native import NativeFile, save
from speefeare_core.codec import BlockContext, BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.codecs import Family
from speefeare_core.stream import CodecStream, Start

AHEAD = Family("tiny_ahead", "Tiny codec that looks ahead", "tests.core.tiny_kinds:TinyAhead")
HELD = Family("tiny_held", "Tiny codec that holds back", "tests.core.tiny_kinds:TinyHeld")
KINDS = (AHEAD, HELD)
HOP = 32
RATE_HZ = 16_000
Flavour = Literal["plain", "rates", "continuous", "side", "parallel", "approximate", "single", "stereo"]


def _books(count: int, size: int, width: int, seed: int = 0) -> Tensor:
    books = 0.3 * torch.randn(count, size, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return books / torch.arange(1, count + 1)[:, None, None]


def _nearest(latents: Tensor, book: Tensor) -> Tensor:
    """`[B, D, n]` → `[B, n]`."""
    rows = latents.transpose(1, 2)
    return (rows.square().sum(-1, keepdim=True) - 2 * rows @ book.T + book.square().sum(-1)).argmin(-1)


def _entries(codes: Tensor, book: Tensor) -> Tensor:
    """`[B, n]` → `[B, D, n]`."""
    return book[codes].transpose(1, 2)


class _Weights(nn.Module):
    books: Tensor
    near: Tensor

    def __init__(self, books: Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("books", books)
        draw = torch.Generator().manual_seed(5)
        self.register_buffer("near", 0.1 * torch.randn(width, width, generator=draw, dtype=torch.float64))


class TinyAhead(Codec):
    """Latents of a frame: its hop mixed with a little of the hop before and of the hop after; the decoder alike."""

    module: _Weights

    def __init__(self, flavour: Flavour = "plain") -> None:
        self.flavour = flavour
        self.width = HOP * (2 if flavour == "stereo" else 1)
        count = {"continuous": 0, "single": 1, "rates": 3}.get(flavour, 4)
        self.module = _Weights(_books(max(count, 1), 16, self.width), self.width).eval()
        rate = RATE_HZ / HOP
        self.slow = (4, 2, 1) if flavour == "rates" else (1,) * count
        self.block_context = BlockContext(40, (3, 3), (3, 3), exact=flavour != "approximate")
        self.info = CodecInfo(
            name=f"tiny-{flavour}",
            family="tiny_ahead",
            rate_hz=RATE_HZ,
            channels=2 if flavour == "stereo" else 1,
            hop_samples=HOP,
            frame_rate_hz=rate,
            books=tuple(BookInfo(16, rate / slow) for slow in self.slow),
            depth_mode={"parallel": "parallel", "continuous": "none", "single": "none"}.get(flavour, "residual"),
            latent_dim=self.width,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=HOP,
            licence="MIT",
            notes=("A note for the card.",),
        )

    @classmethod
    def from_native(cls, data: NativeFile) -> TinyAhead:
        return cls(**data.config)

    def _pad(self, audio: Tensor) -> Tensor:
        unit = HOP * max(self.slow, default=1)
        return nn.functional.pad(audio, (0, -audio.shape[-1] % unit))

    def _frames(self, audio: Tensor) -> Tensor:
        """`[B, C, n·hop]` → `[B, C·hop, n]`."""
        batch, channels, _ = audio.shape
        return (
            audio.to(torch.float64).reshape(batch, channels, -1, HOP).permute(0, 1, 3, 2).reshape(batch, self.width, -1)
        )

    def _mix(self, frames: Tensor) -> Tensor:
        padded = nn.functional.pad(frames, (1, 1))
        beside = padded[..., :-2] - 0.5 * padded[..., 2:]
        return frames + torch.einsum("ij,bjn->bin", self.module.near, beside)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        frames = self._frames(audio)
        side = {}
        if self.flavour == "side":
            scale = frames.square().mean(1).sqrt() + 1e-3
            frames = frames / scale[:, None]
            side["scale"] = scale[..., None].to(torch.float32)
        latents = self._mix(frames)
        if self.flavour == "approximate":  # every frame hangs on all that come after it
            for frame in reversed(range(latents.shape[-1] - 1)):
                latents[..., frame] += 0.9 * (latents[..., frame + 1] - latents[..., frame])
        if not self.slow:
            return Encoded((), latents.to(torch.float32), audio.shape[-1], side)
        residual, groups = latents, []
        for index, slow in enumerate(self.slow[:depth]):
            book = self.module.books[index]
            pooled = nn.functional.avg_pool1d(residual, slow)
            if self.flavour == "parallel":  # each book speaks of its own quarter
                pooled = latents * self._quarter(index)
            codes = _nearest(pooled, book * self._quarter(index)[:, 0] if self.flavour == "parallel" else book)
            residual = residual - _entries(codes, book).repeat_interleave(slow, -1)
            groups.append(codes[:, None])
        if self.flavour != "rates":
            groups = [torch.cat(groups, dim=1)]
        return Encoded(tuple(groups), latents.to(torch.float32), audio.shape[-1], side)

    def _quarter(self, index: int) -> Tensor:
        return (torch.arange(self.width) * len(self.slow) // self.width == index).to(torch.float64)[:, None]

    def _sum(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        rows = [row for group in encoded.code_groups for row in group.unbind(1)]
        total = torch.zeros(1, dtype=torch.float64)
        for index in books:
            entries = _entries(rows[index], self.module.books[index]).repeat_interleave(self.slow[index], -1)
            total = total + (entries * self._quarter(index) if self.flavour == "parallel" else entries)
        return total

    def _synthesise(self, latents: Tensor, encoded: Encoded) -> Tensor:
        frames = self._mix(latents.to(torch.float64))
        if "scale" in encoded.side:
            frames = frames * encoded.side["scale"].to(torch.float64).transpose(1, 2)
        batch, channels = frames.shape[0], self.info.channels
        return frames.view(batch, channels, HOP, -1).permute(0, 1, 3, 2).reshape(batch, channels, -1).to(torch.float32)

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        if not self.slow:
            assert encoded.latents is not None
            return self._synthesise(encoded.latents, encoded)
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self._synthesise(self._sum(encoded, books), encoded)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        return self._synthesise(latents, Encoded((), None, 0, side))

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor | None:
        if not self.slow:
            return None
        return self._sum(encoded, tuple(range(self.info.check_depth(depth)))).to(torch.float32)


class TinyHeld(Codec):
    """z[f] = hop f mixed with hop f - 1, audio f likewise of z; before the first stands the second (a mirror)."""

    module: _Weights

    def __init__(self, continuous: bool = False) -> None:
        self.module = _Weights(_books(4, 16, HOP, seed=3), HOP).eval()
        self.continuous = continuous
        rate = RATE_HZ / HOP
        books = (BookInfo(16, rate, "semantic"), *(BookInfo(16, rate),) * 3)
        self.info = CodecInfo(
            name="tiny-vae" if continuous else "tiny-held",
            family="tiny_held",
            rate_hz=RATE_HZ,
            channels=1,
            hop_samples=HOP,
            frame_rate_hz=rate,
            books=() if continuous else books,
            depth_mode="none" if continuous else "split",
            latent_dim=HOP,
            causal=True,
            streamable=True,
            delay_samples=0,
            stream_delay_samples=0,
            licence="MIT",
        )

    @classmethod
    def from_native(cls, data: NativeFile) -> TinyHeld:
        return cls(**data.config)

    def mix(self, frames: Tensor, before: Tensor) -> Tensor:
        """`[B, D, n]` after the frame `before` `[B, D, 1]`."""
        joined = torch.cat([before, frames[..., :-1]], dim=-1)
        return frames + torch.einsum("ij,bjn->bin", self.module.near, joined)

    @staticmethod
    def mirror(frames: Tensor) -> Tensor:
        """What stands before the first frame of a recording."""
        return frames[..., 1:2] if frames.shape[-1] > 1 else torch.zeros_like(frames)

    def search(self, latents: Tensor) -> Tensor:
        residual, codes = latents, []
        for book in self.module.books:
            codes.append(_nearest(residual, book))
            residual = residual - _entries(codes[-1], book)
        return torch.stack(codes, dim=1)

    def sum(self, codes: Tensor, books: tuple[int, ...]) -> Tensor:
        return torch.stack([_entries(codes[:, index], self.module.books[index]) for index in books]).sum(0)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        frames = audio.to(torch.float64).view(audio.shape[0], -1, HOP).transpose(1, 2)
        latents = self.mix(frames, self.mirror(frames))
        groups = () if self.continuous else (self.search(latents)[:, :depth],)
        return Encoded(groups, latents.to(torch.float32), audio.shape[-1])

    def _synthesise(self, latents: Tensor) -> Tensor:
        latents = latents.to(torch.float64)
        return self.mix(latents, self.mirror(latents)).transpose(1, 2).flatten(1)[:, None].to(torch.float32)

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        if self.continuous:
            assert encoded.latents is not None
            return self._synthesise(encoded.latents)
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self._synthesise(self.sum(encoded.codes, books))

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        return self._synthesise(latents)

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor | None:
        if self.continuous:
            return None
        return self.sum(encoded.codes, tuple(range(self.info.check_depth(depth)))).to(torch.float32)

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> CodecStream:
        return _HeldStream(self, batch, depth, start)


class _HeldStream(CodecStream):
    """Holds back the first frame of a file until the second is there, in the encoder and in the decoder."""

    def __init__(self, codec: TinyHeld, batch: int, depth: int | None, start: Start) -> None:
        super().__init__(codec.info, batch, depth, start)
        self._codec = codec
        self._books: tuple[int, ...] | None = None

    def choose_books(self, books: Any) -> None:
        self._books = None if books is None else tuple(books)

    def encode(self, audio: Tensor) -> tuple[Tensor | None, Tensor | None]:
        frames = audio.to(torch.float64).view(self.batch, -1, HOP).transpose(1, 2)
        return self._told(self._mixed("encoder", frames))

    def finish_encode(self, rest: Tensor | None = None) -> tuple[Tensor | None, Tensor | None]:
        codes, latents = super().finish_encode(rest)
        if "encoder first" not in self.state:
            return codes, latents
        return self._told(self._codec.mix(held := self.state.pop("encoder first"), self._codec.mirror(held)))

    def decode(self, codes: Tensor) -> Tensor:
        books = self._books or tuple(range(min(self.depth, codes.shape[1])))
        latents = codes.to(torch.float64) if self._codec.continuous else self._codec.sum(codes, books)
        return self._audio(self._mixed("decoder", latents))

    def finish_decode(self) -> Tensor | None:
        if "decoder first" not in self.state:
            return None
        return self._audio(self._codec.mix(held := self.state.pop("decoder first"), self._codec.mirror(held)))

    def _mixed(self, part: str, frames: Tensor) -> Tensor:
        if f"{part} before" not in self.state:
            if self.start == "silence":
                before = torch.zeros_like(frames[..., :1])
            else:
                frames = torch.cat([self.state.pop(f"{part} first", frames[..., :0]), frames], dim=-1)
                if frames.shape[-1] < 2:
                    self.state[f"{part} first"] = frames
                    return frames[..., :0]
                before = self._codec.mirror(frames)
        else:
            before = self.state[f"{part} before"]
        self.state[f"{part} before"] = frames[..., -1:].clone()
        return self._codec.mix(frames, before)

    def _told(self, latents: Tensor) -> tuple[Tensor | None, Tensor | None]:
        return None if self._codec.continuous else self._codec.search(latents), latents.to(torch.float32)

    def _audio(self, frames: Tensor) -> Tensor:
        return frames.transpose(1, 2).flatten(1)[:, None].to(torch.float32)


def kind_file(folder: Any, family: str, **config: Any) -> Any:
    """A native checkpoint of one of these codecs."""
    path = folder / f"{family}-{'-'.join(str(value) for value in config.values()) or 'default'}.safetensors"
    save(NativeFile(family, family, config, {"seed": torch.zeros(1)}, "MIT"), path)
    return path
