"""Sound files of any length through a codec in bounded memory.

A short recording is one library call, so the result is that of `codec.encode` and `codec.decode` to the bit. A longer
one goes through `speefeare_core.blocks`: the same codes and the audio within 1e-5 where the codec streams or its blocks
are exact; for the others `speefeare info CODEC --seam` measures what blocks change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import audio as audio_files
from speefeare_core import blocks
from speefeare_core.audio import Samples
from speefeare_core.codec import Encoded

if TYPE_CHECKING:
    from speefeare_core.channel.recording import RecordingChannel
    from speefeare_core.codec import Codec

WHOLE_S = blocks.WHOLE_S  # up to here a recording is one call
BLOCK_S = 10.0  # what is read and coded at once

Progress = Callable[[float], None]


def encode_file(
    codec: Codec, path: Path, depth: int | None, progress: Progress, whole_s: float = WHOLE_S, block_s: float = BLOCK_S
) -> Encoded:
    """A sound file at any rate → `Encoded` with batch 1, on the CPU if it is long. Raises `SpeefeareError`."""
    import torch

    codec.info.check_depth(depth)
    found = audio_files.probe(path)
    if found.length_s <= whole_s:
        sound = audio_files.read(path, codec.info.rate_hz, codec.info.channels)
        return codec.encode(torch.from_numpy(sound.samples[None]), depth)
    expected = codec.frames_for(round(found.length_s * codec.info.rate_hz)) + 2
    joiner = blocks.Joiner(codec.info, expected, latents=False)
    for piece in _pieces(codec, path, depth, progress, block_s):
        joiner.push(piece)
    return joiner.result()


def decode_blocks(
    codec: Codec, encoded: Encoded, depth: int | None, whole_s: float = WHOLE_S, block_s: float = BLOCK_S
) -> Iterator[Samples]:
    """`Encoded` with batch 1 → blocks `[C, n]`, together exactly the original length."""
    if encoded.length_samples / codec.info.rate_hz <= whole_s:
        yield codec.decode(encoded, depth)[0].to("cpu").numpy()
        return
    for block in blocks.decode(codec, encoded, depth, piece_s=block_s):
        yield block[0].numpy()


def roundtrip_blocks(
    codec: Codec,
    path: Path,
    depth: int | None,
    progress: Progress,
    whole_s: float = WHOLE_S,
    block_s: float = BLOCK_S,
) -> Iterator[Samples]:
    """A sound file → its decode as blocks `[C, n]` at the codec's rate; neither is ever whole in memory."""
    if audio_files.probe(path).length_s <= whole_s:
        encoded = encode_file(codec, path, depth, progress, whole_s)
        yield codec.decode(encoded, depth)[0].to("cpu").numpy()
        return
    decoder = blocks.decoder(codec, depth)
    for piece in _pieces(codec, path, depth, progress, block_s):
        block = decoder.push(piece)[0].numpy()
        if block.shape[1]:
            yield block
    block = decoder.finish()[0].numpy()
    if block.shape[1]:
        yield block


def channel_blocks(
    codec: Codec,
    path: Path,
    depth: int | None,
    books: tuple[int, ...] | None,
    channel: RecordingChannel,
    progress: Progress,
    block_s: float = BLOCK_S,
) -> Iterator[Samples]:
    """A sound file → its decode as it comes through `channel`, with the first `depth` books or just these `books`."""
    length_s = audio_files.probe(path).length_s
    streams = blocks.way_of(codec) == "stream"
    pieces = (
        iter((encode_file(codec, path, depth, progress),))
        if length_s <= WHOLE_S and not streams
        else _pieces(codec, path, depth, progress, block_s)
    )
    decoder = blocks.decoder(codec, depth, books=books, length_samples=round(length_s * codec.info.rate_hz))
    for piece in pieces:
        yield channel.heard(decoder.push(channel.send(piece)))[0].to("cpu").numpy()
    yield channel.heard(decoder.finish())[0].to("cpu").numpy()


def _pieces(codec: Codec, path: Path, depth: int | None, progress: Progress, block_s: float) -> Iterator[Encoded]:
    """The encoding of a sound file, block by block."""
    import torch

    info = codec.info
    expected = max(1.0, audio_files.probe(path).length_s * info.rate_hz)
    encoder = blocks.encoder(codec, depth)
    done = 0
    for block in audio_files.converted_blocks(path, info.rate_hz, info.channels, block_s):
        done += block.shape[1]
        piece = encoder.push(torch.from_numpy(block[None]))
        if piece is not None:
            yield piece
        progress(min(1.0, done / expected))
    last = encoder.finish()
    if last is not None:
        yield last
