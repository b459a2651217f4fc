"""Encode and decode a clip in bounded memory: a generator around `speefeare_core.blocks` that pauses between pieces."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core import audio, blocks
from speefeare_core.blocks import pieces
from speefeare_core.codec import Codec, CodecInfo, Encoded
from workbench.engine.memory import SharedArray
from workbench.engine.server.pace import Pace
from workbench.state.takes import Take

FIRST_BLOCK_S, LARGEST_BLOCK_S = 0.25, 10.0
FILE_BLOCK_S = 0.5  # of a file that is read while it is encoded
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
    done = 0

    def read(size: int) -> NDArray[np.float32]:
        nonlocal done
        start, done = done, done + size
        return samples[:, start:done].copy()

    return (yield from _encode(codec, read, samples.shape[1], on_latents, report))


def encode_file(codec: Codec, path: str | Path, report: Report) -> Generator[None, None, CodedClip]:
    """A sound file at the codec's own rate → codes, without ever holding its samples."""
    info = codec.info
    found = audio.probe(path)
    total = max(1, round(found.length_s * info.rate_hz))
    found_blocks = audio.converted_blocks(path, info.rate_hz, info.channels, FILE_BLOCK_S)
    nothing = np.zeros((info.channels, 0), np.float32)
    return (yield from _encode(codec, lambda size: next(found_blocks, nothing), total, lambda latents: None, report))


def _encode(
    codec: Codec,
    read: Callable[[int], NDArray[np.float32]],
    total: int,
    on_latents: Callable[[Tensor], None],
    report: Report,
) -> Generator[None, None, CodedClip]:
    """`read(samples wanted)` gives the next `[C, n]`; nothing at the end. `total` samples are expected."""
    info = codec.info
    encoder = blocks.encoder(codec, length_samples=total)
    joiner = pieces.Joiner(info, codec.frames_for(total), latents=False)

    def take(piece: Encoded | None) -> None:
        joiner.push(piece)
        if piece is not None and piece.latents is not None:
            on_latents(piece.latents)

    pace = Pace(round(FIRST_BLOCK_S * info.rate_hz), round(LARGEST_BLOCK_S * info.rate_hz))
    done = 0
    while True:
        yield
        with pace as size:
            block = read(size)
            if not block.shape[1]:
                break
            take(encoder.push(torch.from_numpy(block)[None]))
        done += block.shape[1]
        report(min(done, total), total + 1)
    if not done:  # shorter than one sample at the codec's rate
        take(encoder.push(torch.zeros(1, info.channels, 1)))
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
    at = 0

    def write(piece: NDArray[np.float32]) -> None:
        nonlocal at
        out[:, at : at + piece.shape[1]] = piece
        at += piece.shape[1]

    yield from decode_pieces(codec, coded.encoded, take, write, report)


def decode_pieces(
    codec: Codec, encoded: Encoded, take: Take, write: Callable[[NDArray[np.float32]], None], report: Report
) -> Generator[None, None, None]:
    """Give one take piece by piece, `[C, n]` each, together `encoded.length_samples`, to `write`."""
    info, length = codec.info, encoded.length_samples
    books = take.books if take.books is not None and take.depth is None else None
    decoder = blocks.decoder(codec, take.depth, books=books, length_samples=length)
    unit = pieces.common_frames(info)
    pace = Pace(round(FIRST_BLOCK_S * info.frame_rate_hz), round(LARGEST_BLOCK_S * info.frame_rate_hz))
    frame, told, at, frames = 0, 0, 0, pieces.count_frames(info, encoded)
    while frame < frames:
        yield
        with pace as size:
            stop = min(frames, frame + pieces.round_up(size, unit))
            upto = length if stop == frames else min(length, stop * info.hop_samples)
            piece = decoder.push(pieces.cut(info, encoded, frame, stop, upto - told))[0].numpy()
        write(piece)
        frame, told, at = stop, upto, at + piece.shape[1]
        report(at, length + 1)
    yield
    write(decoder.finish()[0].numpy())
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
