"""Blocks of a codec that streams: the whole-file computation with carried state."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.blocks.pieces import Joiner
from speefeare_core.codec import Codec, Encoded


class CarriedEncoder(BlockEncoder):
    """Whole frames go into a stream that begins as a file; the end is padded as the codec pads the end of a file."""

    def __init__(self, codec: Codec, depth: int | None, batch: int) -> None:
        self.seams = []
        self._codec = codec
        self._depth = codec.info.check_depth(depth)
        self._stream = codec.stream(batch, start="file")
        self._rest = torch.zeros(batch, codec.info.channels, 0)
        self._step = step_frames(codec) * codec.info.hop_samples
        self._pushed = self._frames_in = self._frames_out = self._told = 0

    def push(self, audio: Tensor) -> Encoded | None:
        """`[B, C, n]`."""
        self._pushed += audio.shape[-1]
        joined = torch.cat([self._rest, audio.to("cpu", torch.float32)], dim=-1)
        hop = self._codec.info.hop_samples
        whole = joined.shape[-1] // hop * hop
        self._rest = joined[..., whole:].clone()
        return self._encode(joined[..., :whole], last=False)

    def finish(self) -> Encoded | None:
        """What is left, with the frames that a delay needs behind the end."""
        codec, hop = self._codec, self._codec.info.hop_samples
        rest, self._rest = self._rest, self._rest[..., :0]
        if codec.info.delay_samples:
            missing = codec.frames_for(self._pushed) * hop - self._frames_in * hop - rest.shape[-1]
            rest = torch.nn.functional.pad(rest, (0, missing))
        whole = rest.shape[-1] // hop * hop
        joiner = Joiner(codec.info)
        joiner.push(self._encode(rest[..., :whole], last=False))
        ragged = rest[..., whole:].to(codec.device)
        with torch.inference_mode():
            found = self._stream.finish_encode(ragged if ragged.shape[-1] else None)
        joiner.push(self._piece([found], last=True))
        ended = joiner.result()
        return ended if ended.code_groups or ended.latents is not None else None

    def _encode(self, audio: Tensor, last: bool) -> Encoded | None:
        found = []
        with torch.inference_mode():
            for block in torch.split(audio, self._step, dim=-1) if audio.shape[-1] else ():
                found.append(self._stream.encode(block.to(self._codec.device)))
        self._frames_in += audio.shape[-1] // self._codec.info.hop_samples
        return self._piece(found, last)

    def _piece(self, found: list[tuple[Tensor | None, Tensor | None]], last: bool) -> Encoded | None:
        codes = [codes[:, : self._depth] for codes, _ in found if codes is not None and codes.shape[-1]]
        latents = [latents for _, latents in found if latents is not None and latents.shape[-1]]
        frames = sum(part.shape[-1] for part in codes or latents)
        self._frames_out += frames
        upto = self._pushed if last else min(self._pushed, self._frames_out * self._codec.info.hop_samples)
        length, self._told = upto - self._told, upto
        if not frames and not (last and length):
            self._told -= length
            return None
        groups = (torch.cat(codes, dim=-1),) if codes else ()
        return Encoded(groups, torch.cat(latents, dim=-1) if latents else None, length)


class CarriedDecoder(BlockDecoder):
    """Codes (or latents, of a codec without books) go into a stream; its delay is taken off the front."""

    def __init__(self, codec: Codec, depth: int | None, books: tuple[int, ...] | None, batch: int) -> None:
        self._codec = codec
        self._stream = codec.stream(batch, codec.info.check_depth(depth) or None, start="file")
        if books is not None:
            self._stream.choose_books(books)
        self._step = step_frames(codec)
        self._skip = codec.info.stream_delay_samples
        self._allowed = self._given = 0
        self._nothing = torch.zeros(batch, codec.info.channels, 0)

    def push(self, piece: Encoded) -> Tensor:
        """The next codes or latents."""
        self._allowed += piece.length_samples
        told = piece.code_groups[0] if piece.code_groups else piece.latents
        if told is None or not told.shape[-1]:
            return self._nothing
        with torch.inference_mode():
            found = [
                self._stream.decode(block.to(self._codec.device)) for block in torch.split(told, self._step, dim=-1)
            ]
        return self._trim(torch.cat(found, dim=-1))

    def finish(self) -> Tensor:
        """What was held back; zeros where the decoder gives a few samples less than it was given."""
        with torch.inference_mode():
            rest = self._stream.finish_decode()
        audio = self._nothing if rest is None else self._trim(rest)
        return torch.nn.functional.pad(audio, (0, self._allowed - self._given))

    def _trim(self, audio: Tensor) -> Tensor:
        cut = min(self._skip, audio.shape[-1])
        self._skip -= cut
        audio = audio[..., cut : cut + max(0, self._allowed - self._given)].to("cpu")
        self._given += audio.shape[-1]
        return audio


def step_frames(codec: Codec) -> int:
    """Whole frames of one step of a stream."""
    return max(1, round(codec.step_s * codec.info.frame_rate_hz))
