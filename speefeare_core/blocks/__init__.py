"""Recordings of any length through any codec, in bounded memory.

`encoder(codec)` takes audio in ragged pieces and gives pieces of `Encoded`; `decoder(codec, depth)` takes such pieces
and gives audio. Behind them are three ways:

- "stream": state is carried from block to block. The joined result is that of `Codec.encode` and `Codec.decode`.
- "blocks": each block is computed with context around it (`Codec.block_context`). The same result where the context
  is exact; where it is not, `seam.measure_seam` says how much differs.
- "segments": the codec cuts them its own way (segments of which each stands alone, packets). The same result.
- "whole": the recording is one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.blocks.pieces import Joiner, split
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import Codec, Encoded

Way = Literal["stream", "blocks", "segments", "whole"]
WHOLE_S = 60.0  # up to here a recording is one call, where blocks would change the result
PIECE_S = 5.0  # pieces into which an `Encoded` is cut for decoding


def way_of(codec: Codec) -> Way:
    """How long recordings go through this codec."""
    info = codec.info
    if codec.block_context is None and codec.block_encoder(None, 1) is not None:
        return "segments"
    single_rate = all(book.frame_rate_hz == info.frame_rate_hz for book in info.books)
    if info.streamable and single_rate and info.stream_delay_samples == info.delay_samples and not _gives_side(codec):
        return "stream"
    return "whole" if codec.block_context is None else "blocks"


def is_exact(codec: Codec) -> bool:
    """Whether blocks give the result of one call."""
    return way_of(codec) != "blocks" or (codec.block_context is not None and codec.block_context.exact)


def words_for(codec: Codec) -> str:
    """How long recordings go through this codec, as one sentence for people."""
    way, context, rate = way_of(codec), codec.block_context, codec.info.frame_rate_hz
    if way == "blocks" and context is not None:
        before, after = (max(pair) / rate for pair in zip(context.encode, context.decode, strict=True))
        told = f"in blocks of {context.frames / rate:.3g} s with {before:.2g} s before and {after:.2g} s after them"
        if context.exact:
            return f"{told}, which is all that a frame depends on: the same as one call."
        return f"{told}, from {WHOLE_S:g} s on; near the seams they differ from one call."
    return {
        "stream": "with carried state: the same as one call.",
        "segments": "in pieces of its own making: the same as one call.",
        "whole": "in one call, so memory grows with the length.",
    }[way]


def encoder(
    codec: Codec, depth: int | None = None, *, batch: int = 1, length_samples: int | None = None
) -> BlockEncoder:
    """A fresh encoder of `depth` books (None: all). A recording known to be short is one call where blocks are not
    exact. Raises `SpeefeareError` for a depth that does not exist."""
    from speefeare_core.blocks.carried import CarriedEncoder
    from speefeare_core.blocks.overlapped import OverlappedEncoder
    from speefeare_core.blocks.whole import WholeEncoder

    codec.info.check_depth(depth)
    own = codec.block_encoder(depth, batch)
    if own is not None:
        return own
    way = _way_for(codec, length_samples)
    if way == "stream":
        return CarriedEncoder(codec, depth, batch)
    if way == "blocks" and codec.block_context is not None:
        return OverlappedEncoder(codec, codec.block_context, depth, batch)
    return WholeEncoder(codec, depth)


def decoder(
    codec: Codec,
    depth: int | None = None,
    *,
    books: Sequence[int] | None = None,
    batch: int = 1,
    length_samples: int | None = None,
) -> BlockDecoder:
    """A fresh decoder with the first `depth` books (None: all), or with just these `books`, counted from 0.

    Raises `SpeefeareError` for a depth that does not exist.
    """
    from speefeare_core.blocks.carried import CarriedDecoder
    from speefeare_core.blocks.overlapped import OverlappedDecoder
    from speefeare_core.blocks.whole import WholeDecoder

    codec.info.check_depth(depth)
    chosen = None if books is None else tuple(sorted(set(books)))
    own = codec.block_decoder(depth, chosen, batch)
    if own is not None:
        return own
    way = _way_for(codec, length_samples)
    if way == "stream":
        try:
            return CarriedDecoder(codec, depth, chosen, batch)
        except SpeefeareError:
            if chosen is None:
                raise  # otherwise its stream takes the first books only
    if codec.block_context is not None and way == "blocks":
        return OverlappedDecoder(codec, codec.block_context, depth, chosen)
    return WholeDecoder(codec, depth, chosen)


def encode(codec: Codec, audio: Iterable[Tensor], depth: int | None = None) -> Iterator[Encoded]:
    """Consecutive audio `[B, C, n]` → pieces of `Encoded`."""
    coder = None
    for block in audio:
        coder = coder or encoder(codec, depth, batch=block.shape[0])
        piece = coder.push(block)
        if piece is not None:
            yield piece
    last = coder.finish() if coder is not None else None
    if last is not None:
        yield last


def decode(
    codec: Codec,
    encoded: Encoded,
    depth: int | None = None,
    *,
    books: Sequence[int] | None = None,
    piece_s: float = PIECE_S,
) -> Iterator[Tensor]:
    """A whole `Encoded` → consecutive audio `[B, C, m]`, together exactly its length."""
    batch = next(iter(_tensors(encoded))).shape[0]
    coder = decoder(codec, depth, books=books, batch=batch, length_samples=encoded.length_samples)
    for piece in split(codec.info, encoded, round(piece_s * codec.info.frame_rate_hz)):
        block = coder.push(piece)
        if block.shape[-1]:
            yield block
    block = coder.finish()
    if block.shape[-1]:
        yield block


def join(codec: Codec, pieces: Iterable[Encoded]) -> Encoded:
    """Pieces → the whole, on the CPU."""
    joiner = Joiner(codec.info)
    for piece in pieces:
        joiner.push(piece)
    return joiner.result()


def _way_for(codec: Codec, length_samples: int | None) -> Way:
    way = way_of(codec)
    short = length_samples is not None and length_samples <= WHOLE_S * codec.info.rate_hz
    return "whole" if way == "blocks" and short and not is_exact(codec) else way


def _gives_side(codec: Codec) -> bool:
    """Whether its encoding holds more than codes or latents, which a stream would not give."""
    import torch

    silence = torch.zeros(1, codec.info.channels, codec.info.hop_samples)
    return bool(codec.encode(silence).side)


def _tensors(encoded: Encoded) -> Iterator[Tensor]:
    yield from encoded.code_groups
    if encoded.latents is not None:
        yield encoded.latents
    yield from encoded.side.values()


__all__ = [
    "BlockDecoder",
    "BlockEncoder",
    "Joiner",
    "decode",
    "decoder",
    "encode",
    "encoder",
    "is_exact",
    "join",
    "way_of",
    "words_for",
]
