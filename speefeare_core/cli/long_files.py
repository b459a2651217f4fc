"""Recordings of any length through a codec in bounded memory.

A short recording is one library call, so the result is that of `codec.encode` and `codec.decode` to the bit. A longer
one goes block by block through a stream: the same codes, the audio within 1e-5. Where the codec cannot stream, the
whole recording is one call too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speefeare_core import audio as audio_files
from speefeare_core.audio import Samples
from speefeare_core.codec import Encoded
from speefeare_core.stream import Framer

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

WHOLE_S = 120.0  # up to here a recording is one call
BLOCK_S = 10.0

Progress = Callable[[float], None]


def can_stream(codec: Codec) -> bool:
    """Whether the stream's codes are the whole encoding: one frame rate, no side information, no extra delay."""
    info = codec.info
    if not info.streamable or not info.books or info.stream_delay_samples != info.delay_samples:
        return False
    if any(book.frame_rate_hz != info.frame_rate_hz for book in info.books):
        return False
    import torch

    return not codec.encode(torch.zeros(1, info.channels, info.hop_samples)).side


def encode_file(
    codec: Codec, path: Path, depth: int | None, progress: Progress, whole_s: float = WHOLE_S, block_s: float = BLOCK_S
) -> Encoded:
    """A sound file at any rate → `Encoded` with batch 1. Raises `SpeefeareError` for a bad file or depth."""
    import torch

    count = codec.info.check_depth(depth)
    found = audio_files.probe(path)
    if found.length_s <= whole_s or not can_stream(codec):
        sound = audio_files.read(path, codec.info.rate_hz, codec.info.channels)
        return codec.encode(torch.from_numpy(sound.samples[None]), depth)
    # One block of memory for all codes: small pieces kept from each step would pin the freed memory between them.
    expected = codec.frames_for(round(found.length_s * codec.info.rate_hz)) + 2
    codes = torch.empty((1, count, expected), dtype=torch.int64)
    stream = codec.stream()
    length = filled = 0
    with torch.inference_mode():
        for frames, done in _whole_frames(codec, path, block_s, progress):
            step, _ = stream.encode(torch.from_numpy(frames[None]).to(codec.device))
            assert step is not None  # can_stream asked for books
            codes[..., filled : filled + step.shape[-1]] = step[:, :count]
            length, filled = done, filled + step.shape[-1]
    return Encoded((codes[..., :filled],), None, length)


def decode_blocks(
    codec: Codec, encoded: Encoded, depth: int | None, whole_s: float = WHOLE_S, block_s: float = BLOCK_S
) -> Iterator[Samples]:
    """`Encoded` with batch 1 → blocks `[C, n]`, together exactly the original length."""
    import torch

    info = codec.info
    if encoded.length_samples / info.rate_hz <= whole_s or not can_stream(codec):
        yield codec.decode(encoded, depth)[0].to("cpu").numpy()
        return
    codes = encoded.code_groups[0]
    stream = codec.stream(depth=min(info.check_depth(depth), codes.shape[1]))
    trim = _Trim(info.stream_delay_samples, encoded.length_samples)
    size = max(1, round(block_s * info.frame_rate_hz))
    for part in torch.split(codes, size, dim=-1):
        with torch.inference_mode():
            block = stream.decode(part.to(codec.device))[0].to("cpu").numpy()
        yield from trim.push(block)


def roundtrip_blocks(
    codec: Codec,
    path: Path,
    depth: int | None,
    progress: Progress,
    whole_s: float = WHOLE_S,
    block_s: float = BLOCK_S,
) -> Iterator[Samples]:
    """A sound file → its decode as blocks `[C, n]` at the codec's rate; neither is ever whole in memory."""
    import torch

    info = codec.info
    if audio_files.probe(path).length_s <= whole_s or not can_stream(codec):
        encoded = encode_file(codec, path, depth, progress, whole_s=float("inf"))
        yield codec.decode(encoded)[0].to("cpu").numpy()
        return
    stream = codec.stream(depth=info.check_depth(depth))
    trim = _Trim(info.stream_delay_samples, None)
    for frames, done in _whole_frames(codec, path, block_s, progress):
        block = stream.step(torch.from_numpy(frames[None]).to(codec.device)).audio[0].to("cpu").numpy()
        trim.allow(done)
        yield from trim.push(block)


def _whole_frames(codec: Codec, path: Path, block_s: float, progress: Progress) -> Iterator[tuple[Samples, int]]:
    """Whole frames `[C, n·hop]` with the samples read so far; the last ones are filled as `Codec.encode` fills them."""
    info = codec.info
    expected = max(1.0, audio_files.probe(path).length_s * info.rate_hz)
    framer = Framer(info.hop_samples, info.channels)
    done = given = 0
    for block in audio_files.converted_blocks(path, info.rate_hz, info.channels, block_s):
        done += block.shape[1]
        frames = framer.push(block)
        given += frames.shape[1]
        if frames.shape[1]:
            yield frames, done
        progress(min(1.0, done / expected))
    missing = codec.frames_for(done) * info.hop_samples - given - framer.pending_samples
    frames = framer.push(np.zeros((info.channels, missing), np.float32))
    if frames.shape[1]:
        yield frames, done


class _Trim:
    """Drops the stream's delay from the front, and what lies behind the recording's end."""

    def __init__(self, delay_samples: int, length_samples: int | None) -> None:
        self._skip = delay_samples
        self._length = length_samples
        self._given = 0

    def allow(self, length_samples: int) -> None:
        """The recording is at least this long."""
        self._length = length_samples

    def push(self, block: Samples) -> Iterator[Samples]:
        cut = min(self._skip, block.shape[1])
        self._skip -= cut
        left = None if self._length is None else max(0, self._length - self._given)
        block = block[:, cut:] if left is None else block[:, cut : cut + left]
        self._given += block.shape[1]
        if block.shape[1]:
            yield block
