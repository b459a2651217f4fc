"""Encode and decode a clip in bounded memory: a generator around `speefeare_core.blocks` that pauses between pieces."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core import blocks
from speefeare_core.blocks import pieces
from speefeare_core.codec import Codec, CodecInfo, Encoded
from workbench.engine.memory import SharedArray
from workbench.engine.server.pace import Pace
from workbench.state.takes import Take

FIRST_BLOCK_S, LARGEST_BLOCK_S = 0.25, 10.0
Report = Callable[[float, float], None]  # done, total


@dataclass(frozen=True)
class CodedClip:
    """A clip's codes for the window, and its encoding for the decoder, on the CPU."""

    groups: tuple[SharedArray, ...]  # int32 [K_g, F_g], one a frame rate
    frame_rates_hz: tuple[float, ...]
    encoded: Encoded  # without latents where there are codes

    def unlink(self) -> None:
        """Remove the shared codes."""
        for group in self.groups:
            group.unlink()


def encode(
    codec: Codec, samples: NDArray[np.float32], on_latents: Callable[[Tensor], None], report: Report
) -> Generator[None, None, CodedClip]:
    """`[C, T]` → codes; `on_latents` gets the latents `[1, D, n]` before quantisation, piece by piece."""
    info, total = codec.info, samples.shape[1]
    encoder = blocks.encoder(codec, length_samples=total)
    joiner = pieces.Joiner(info, codec.frames_for(total), latents=False)

    def take(piece: Encoded | None) -> None:
        joiner.push(piece)
        if piece is not None and piece.latents is not None:
            on_latents(piece.latents)

    pace = Pace(round(FIRST_BLOCK_S * info.rate_hz), round(LARGEST_BLOCK_S * info.rate_hz))
    done = 0
    while done < total:
        yield
        with pace as size:
            take(encoder.push(torch.from_numpy(samples[:, done : done + size].copy())[None]))
        done = min(total, done + size)
        report(done, total + 1)
    yield
    take(encoder.finish())
    report(1, 1)
    encoded = joiner.result()
    groups = []
    for group in encoded.code_groups:
        shared = SharedArray.create(group.shape[1:], np.int32)
        shared.array[...] = group[0].numpy()
        groups.append(shared)
    return CodedClip(tuple(groups), _group_rates(info, encoded), encoded)


def decode(
    codec: Codec, coded: CodedClip, take: Take, out: NDArray[np.float32], report: Report
) -> Generator[None, None, None]:
    """Fill `out` `[C, T]` with one take, the codec's own delay compensated."""
    info, encoded = codec.info, coded.encoded
    books = take.books if take.books is not None and take.depth is None else None
    decoder = blocks.decoder(codec, take.depth, books=books, length_samples=out.shape[1])
    unit = pieces.common_frames(info)
    pace = Pace(round(FIRST_BLOCK_S * info.frame_rate_hz), round(LARGEST_BLOCK_S * info.frame_rate_hz))
    frame, told, at, frames = 0, 0, 0, pieces.count_frames(info, encoded)
    while frame < frames:
        yield
        with pace as size:
            stop = min(frames, frame + pieces.round_up(size, unit))
            upto = out.shape[1] if stop == frames else min(out.shape[1], stop * info.hop_samples)
            audio = decoder.push(pieces.cut(info, encoded, frame, stop, upto - told))[0].numpy()
        out[:, at : at + audio.shape[1]] = audio
        frame, told, at = stop, upto, at + audio.shape[1]
        report(at, out.shape[1] + 1)
    yield
    audio = decoder.finish()[0].numpy()
    out[:, at : at + audio.shape[1]] = audio
    report(1, 1)


def quantized_pieces(codec: Codec, coded: CodedClip) -> Generator[Tensor | None, None, None]:
    """The latents `[1, D, n]` after quantisation with all books, piece by piece; one None where a codec has none."""
    if not coded.encoded.code_groups:
        yield None
        return
    size = max(1, round(LARGEST_BLOCK_S * codec.info.frame_rate_hz))
    for piece in pieces.split(codec.info, coded.encoded, size):
        groups = tuple(group.to(codec.device) for group in piece.code_groups)
        with torch.inference_mode():
            quantized = codec.quantized_latents(Encoded(groups, None, piece.length_samples, piece.side))
        yield quantized
        if quantized is None:
            return


def _group_rates(info: CodecInfo, encoded: Encoded) -> tuple[float, ...]:
    """The frame rate of each group, from the books it holds."""
    rates, book = [], 0
    for group in encoded.code_groups:
        rates.append(info.books[book].frame_rate_hz)
        book += group.shape[1]
    return tuple(rates)
