"""Recordings cut into overlapping segments that are coded alone, decoded and faded over each other.

EnCodec at 48 kHz: one second each, 1 % shared (encodec/model.py, encodec/utils.py). The frames of all segments stand
one after the other; only the last segment may have fewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.codec import CodecInfo, Encoded

if TYPE_CHECKING:
    from typing import Any

GROUP = 4  # whole segments that are coded together: an LSTM reads its weights once for all of them


class SegmentCodec(Protocol):
    """What codes one segment."""

    info: CodecInfo

    @property
    def device(self) -> Any:
        """Of the weights."""

    def encode_segment(self, audio: Tensor, depth: int) -> Encoded:
        """`[B, C, T]`, side information `[B, F]`."""

    def decode_segment(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        """`[B, C, ≥ T]`."""


class Segments:
    """Segments of `length` samples, one every `stride` samples."""

    def __init__(self, codec: SegmentCodec, length: int, stride: int) -> None:
        self.codec = codec
        self.length, self.stride = length, stride

    def frames(self, samples: int) -> int:
        """Frames of a recording, of all its segments together."""
        hop = self.codec.info.hop_samples
        return sum(-(-min(self.length, samples - start) // hop) for start in range(0, max(1, samples), self.stride))

    @property
    def segment_frames(self) -> int:
        """Frames of a whole segment."""
        return -(-self.length // self.codec.info.hop_samples)

    def encode(self, audio: Tensor, depth: int) -> Encoded:
        """`[B, C, T]` → the frames of all segments."""
        coder = SegmentEncoder(self, depth)
        found = [part for part in (coder.push(audio), coder.finish()) if part is not None]
        return _joined(found, audio.shape[-1])

    def decode(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        """The frames of all segments → `[B, C, T]`, T the length of the recording."""
        coder = SegmentDecoder(self, books)
        return torch.cat([coder.push(encoded), coder.finish()], dim=-1)

    def decode_latents(self, latents: Tensor, side: dict[str, Tensor]) -> Tensor:
        """The same from latents `[B, D, F]`, as far as the last segment reaches, by a codec whose `decode_segment`
        finds them in the place of the codes."""
        full, rest = divmod(latents.shape[-1], self.segment_frames)
        length = (full - 1) * self.stride + self.length if full else 0
        length = max(length, full * self.stride + rest * self.codec.info.hop_samples if rest else 0)
        return self.decode(Encoded((latents,), None, length, side), ())


class SegmentEncoder(BlockEncoder):
    """Audio in ragged pieces → a piece of `Encoded` whenever a segment is full."""

    def __init__(self, segments: Segments, depth: int) -> None:
        self.seams = []
        self._segments = segments
        self._depth = depth
        self._waiting: Tensor | None = None  # from the beginning of the next segment on
        self._pushed = self._told = self._count = 0

    def push(self, audio: Tensor) -> Encoded | None:
        """The next `[B, C, n]`."""
        self._pushed += audio.shape[-1]
        self._waiting = audio if self._waiting is None else torch.cat([self._waiting, audio.to(self._waiting)], dim=-1)
        return self._piece(self._segments.length, last=False)

    def finish(self) -> Encoded | None:
        """The last segments, which are shorter."""
        return self._piece(1, last=True)

    def _piece(self, least: int, last: bool) -> Encoded | None:
        found = list(self._full(least))
        upto = self._pushed if last else min(self._pushed, self._count * self._segments.stride)
        length, self._told = upto - self._told, upto
        return _joined(found, length) if found else None

    def _full(self, least: int) -> Iterator[Encoded]:
        segments = self._segments
        waiting = self._waiting
        while waiting is not None and waiting.shape[-1] >= least:
            batch, channels, left = waiting.shape
            count = min(GROUP, max(1, (left - segments.length) // segments.stride + 1))
            reach = min(left, segments.length + (count - 1) * segments.stride)
            size = min(left, segments.length)
            given = waiting[..., :reach].unfold(-1, size, segments.stride).permute(2, 0, 1, 3)
            with torch.inference_mode():
                coded = segments.codec.encode_segment(
                    given.reshape(count * batch, channels, size).to(segments.codec.device, torch.float32), self._depth
                )
            yield from _split(coded, count)
            waiting = waiting[..., count * segments.stride :]
            self._count += count
        self._waiting = None if waiting is None else waiting.clone()


class SegmentDecoder(BlockDecoder):
    """Pieces of `Encoded` → audio as far as no later segment reaches."""

    def __init__(self, segments: Segments, books: tuple[int, ...]) -> None:
        self._segments = segments
        self._books = books
        self._waiting: Encoded | None = None
        self._fade: Tensor | None = None  # [L], the share of a segment at each of its samples
        self._sum: Tensor | None = None  # [B, C, m] of faded segments, from where nothing is finished yet
        self._shares: Tensor | None = None  # [m]
        self._allowed = self._given = 0

    def push(self, piece: Encoded) -> Tensor:
        """The next frames."""
        self._allowed += piece.length_samples
        self._waiting = piece if self._waiting is None else _joined([self._waiting, piece], 0)
        out = [self._add(segment) for segment in self._decoded(self._segments.segment_frames)]
        return torch.cat(out, dim=-1) if out else self._nothing(piece)

    def finish(self) -> Tensor:
        """The last segment, and zeros where the decoder gives a few samples less than it was given."""
        out = [self._add(segment) for segment in self._decoded(1)]
        if self._sum is not None and self._shares is not None:
            out.append(self._trim(self._sum / self._shares))
        missing = self._allowed - self._given
        audio = torch.cat(out, dim=-1) if out else torch.zeros(1, self._segments.codec.info.channels, 0)
        return torch.nn.functional.pad(audio, (0, missing)) if missing else audio

    def _decoded(self, least: int) -> Iterator[Tensor]:
        """The audio `[B, C, ≥ T]` of each segment that has at least so many frames."""
        size = self._segments.segment_frames
        while self._waiting is not None and self._waiting.code_groups[0].shape[-1] >= least:
            frames = self._waiting.code_groups[0].shape[-1]
            count = min(GROUP, max(1, frames // size))
            segments, self._waiting = _cut(self._waiting, count * size)
            if not self._waiting.code_groups[0].shape[-1]:
                self._waiting = None
            with torch.inference_mode():
                audio = self._segments.codec.decode_segment(_stacked(segments, count), self._books)
            yield from audio.chunk(count)

    def _add(self, audio: Tensor) -> Tensor:
        """Fade one more segment in; what no later segment reaches `[B, C, stride]`."""
        stride = self._segments.stride
        if self._fade is None:
            # A triangle over the first segment (encodec/utils.py); shorter segments take its beginning.
            place = torch.linspace(0, 1, audio.shape[-1] + 2, device=audio.device)[1:-1]
            self._fade = 0.5 - (place - 0.5).abs()
        fade = self._fade[: audio.shape[-1]]
        if self._sum is None or self._shares is None:
            self._sum, self._shares = audio * fade, fade
            return audio[..., :0]
        # Up to the beginning of this segment all is finished.
        out = self._trim(self._sum[..., :stride] / self._shares[:stride])
        left, shares = self._sum[..., stride:], self._shares[stride:]
        length = max(left.shape[-1], audio.shape[-1])
        self._sum = _longer(left, length) + _longer(audio * fade, length)
        self._shares = _longer(shares, length) + _longer(fade, length)
        return out

    def _trim(self, audio: Tensor) -> Tensor:
        audio = audio[..., : max(0, self._allowed - self._given)]
        self._given += audio.shape[-1]
        return audio

    def _nothing(self, piece: Encoded) -> Tensor:
        info = self._segments.codec.info
        return torch.zeros(piece.code_groups[0].shape[0], info.channels, 0, device=self._segments.codec.device)


def _longer(x: Tensor, length: int) -> Tensor:
    return torch.nn.functional.pad(x, (0, length - x.shape[-1]))


def _cut(encoded: Encoded, frames: int) -> tuple[Encoded, Encoded]:
    """The first frames and the rest, without latents."""
    codes = encoded.code_groups[0]
    return (
        Encoded((codes[..., :frames],), None, 0, {name: value[:, :frames] for name, value in encoded.side.items()}),
        Encoded((codes[..., frames:],), None, 0, {name: value[:, frames:] for name, value in encoded.side.items()}),
    )


def _split(encoded: Encoded, count: int) -> Iterator[Encoded]:
    """`count` segments one after the other along the batch, each for itself."""
    codes, side = encoded.code_groups[0].chunk(count), {name: all_.chunk(count) for name, all_ in encoded.side.items()}
    latents = [None] * count if encoded.latents is None else encoded.latents.chunk(count)
    for index in range(count):
        yield Encoded((codes[index],), latents[index], 0, {name: parts[index] for name, parts in side.items()})


def _stacked(encoded: Encoded, count: int) -> Encoded:
    """The frames of `count` segments, put along the batch; without latents."""
    side = {name: torch.cat(value.chunk(count, dim=1)) for name, value in encoded.side.items()}
    return Encoded((torch.cat(encoded.code_groups[0].chunk(count, dim=-1)),), None, 0, side)


def _joined(parts: list[Encoded], length: int) -> Encoded:
    """Frames one after the other."""
    latents = [part.latents for part in parts if part.latents is not None]
    return Encoded(
        (torch.cat([part.code_groups[0] for part in parts], dim=-1),),
        torch.cat(latents, dim=-1) if len(latents) == len(parts) else None,
        length,
        {name: torch.cat([part.side[name] for part in parts], dim=1) for name in parts[0].side},
    )
