"""Encode and decode a clip in blocks of time: by stream where the codec can, so in bounded memory, else in one piece.

Streaming equals the offline computation by the codec's contract, so the results are those of `Codec.encode` and
`Codec.decode`. Each function is a generator that pauses between blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError
from workbench.engine.memory import SharedArray
from workbench.engine.server.pace import Pace

FIRST_BLOCK_S, LARGEST_BLOCK_S = 0.25, 10.0
Report = Callable[[float, float], None]  # done, total


@dataclass(frozen=True)
class CodedClip:
    """Codes of a clip. `whole` is there for codecs that do not stream, `stream_codes` for those that do."""

    groups: tuple[SharedArray, ...]  # int32 [K_g, F_g], one a frame rate
    frame_rates_hz: tuple[float, ...]
    stream_codes: NDArray[np.int32] | None  # [K, ≥ F]: with the frames that flush the stream's delay
    whole: Encoded | None

    def unlink(self) -> None:
        """Remove the shared codes."""
        for group in self.groups:
            group.unlink()


def stream_frames(info: CodecInfo, length: int) -> int:
    """Whole frames after which a stream has given out `length` samples."""
    delay = max(info.delay_samples, info.stream_delay_samples)
    return max(1, -(-(length + delay) // info.hop_samples))


def encode(
    codec: Codec, samples: NDArray[np.float32], on_latents: Callable[[Tensor], None], report: Report
) -> Generator[None, None, CodedClip]:
    """`[C, T]` → codes; `on_latents` gets the latents `[1, D, n]` before quantisation, piece by piece."""
    if not codec.info.streamable:
        return (yield from _encode_whole(codec, samples, on_latents))
    info = codec.info
    total, shown = stream_frames(info, samples.shape[1]), codec.frames_for(samples.shape[1])
    shared = SharedArray.create((info.depth, total), np.int32)
    stream = codec.stream()
    pace = Pace(*_block_frames(info))
    done = 0
    try:
        while done < total:
            yield
            with pace as size, torch.inference_mode():
                count = min(size, total - done)
                codes, latents = stream.encode(_frames(codec, samples, done, count))
                if codes is not None:
                    shared.array[:, done : done + count] = codes[0].cpu().numpy()
                if latents is not None:
                    on_latents(latents[..., : max(0, shown - done)])
            done += count
            report(done, total)
    except BaseException:
        shared.unlink()
        raise
    codes_array = shared.array
    if total != shown:
        exact = SharedArray.create((info.depth, shown), np.int32)
        exact.array[...] = codes_array[:, :shown]
        shared.unlink()
        shared = exact
    return CodedClip((shared,), (info.frame_rate_hz,), codes_array, None)


def decode(
    codec: Codec, coded: CodedClip, depth: int, out: NDArray[np.float32], report: Report
) -> Generator[None, None, None]:
    """Fill `out` `[C, T]` with the decode at one depth, the codec's own delay compensated."""
    books = codec.info.check_depth(depth if codec.info.books else None)
    if coded.stream_codes is None:
        assert coded.whole is not None
        yield
        out[...] = codec.decode(coded.whole, books or None)[0].cpu().numpy()
        return
    info, codes = codec.info, coded.stream_codes
    stream = codec.stream(depth=books)
    pace = Pace(*_block_frames(info))
    frame, at = 0, -info.stream_delay_samples
    while at < out.shape[1] and frame < codes.shape[1]:
        yield
        with pace as size, torch.inference_mode():
            block = torch.from_numpy(codes[:, frame : frame + size].astype(np.int64))[None].to(codec.device)
            audio = stream.decode(block)[0].cpu().numpy()
        frame += block.shape[-1]
        first, last = max(0, -at), min(audio.shape[1], out.shape[1] - at)
        if last > first:
            out[:, at + first : at + last] = audio[:, first:last]
        at += audio.shape[1]
        report(max(0, min(at, out.shape[1])), out.shape[1])


def quantized_pieces(codec: Codec, coded: CodedClip, frames: int) -> Generator[Tensor | None, None, None]:
    """The latents `[1, D, n]` after quantisation with all books, piece by piece; one None where a codec has none."""
    if coded.whole is not None:
        yield codec.quantized_latents(coded.whole)
        return
    assert coded.stream_codes is not None
    size = max(1, round(LARGEST_BLOCK_S * codec.info.frame_rate_hz))
    for start in range(0, frames, size):
        codes = torch.from_numpy(coded.stream_codes[:, start : min(start + size, frames)].astype(np.int64))[None]
        piece = Encoded((codes.to(codec.device),), None, codes.shape[-1] * codec.info.hop_samples)
        with torch.inference_mode():
            quantized = codec.quantized_latents(piece)
        yield quantized
        if quantized is None:
            return


def _encode_whole(
    codec: Codec, samples: NDArray[np.float32], on_latents: Callable[[Tensor], None]
) -> Generator[None, None, CodedClip]:
    yield
    encoded = codec.encode(torch.from_numpy(np.ascontiguousarray(samples))[None])
    if encoded.latents is not None:
        on_latents(encoded.latents)
    groups = []
    for group in encoded.code_groups:
        shared = SharedArray.create(group.shape[1:], np.int32)
        shared.array[...] = group[0].cpu().numpy()
        groups.append(shared)
    length_s = samples.shape[1] / codec.info.rate_hz
    rates = _group_rates(codec.info, encoded, length_s)
    return CodedClip(tuple(groups), rates, None, encoded)


def _group_rates(info: CodecInfo, encoded: Encoded, length_s: float) -> tuple[float, ...]:
    """The frame rate of each group, from the books it holds."""
    rates, book = [], 0
    for group in encoded.code_groups:
        rates.append(info.books[book].frame_rate_hz if book < len(info.books) else group.shape[-1] / length_s)
        book += group.shape[1]
    return tuple(rates)


def _frames(codec: Codec, samples: NDArray[np.float32], first: int, count: int) -> Tensor:
    """`count` whole frames `[1, C, n]`, zeros beyond the end."""
    hop = codec.info.hop_samples
    piece = samples[:, first * hop : (first + count) * hop]
    padded = np.zeros((samples.shape[0], count * hop), np.float32)
    padded[:, : piece.shape[1]] = piece
    return torch.from_numpy(padded)[None].to(codec.device)


def _block_frames(info: CodecInfo) -> tuple[int, int]:
    return round(FIRST_BLOCK_S * info.frame_rate_hz), round(LARGEST_BLOCK_S * info.frame_rate_hz)


def refuse_long(info: CodecInfo, path: str) -> None:
    """Raise where a long clip cannot be coded in bounded memory."""
    if not info.streamable:
        raise SpeefeareError(
            f"{path} is too long for {info.name}, which must look at the whole clip at once: cut it into pieces below"
            " ten minutes, or choose a codec that streams."
        )
