"""The latents of a sound file of any length, piece by piece, before and after quantisation."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio as audio_files
from speefeare_core.codec import Encoded

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import Codec

Rows = NDArray[np.float32]
BLOCK_S = 1.0  # what is encoded between two pauses
_QUANTISED_S = 10.0


def encoding(
    codec: Codec, path: str | Path, on_latents: Callable[[Rows], None], most_s: float | None = None
) -> Generator[float, None, Encoded]:
    """Encode a file (its first `most_s` seconds): `on_latents` gets rows `[n, D]` before quantisation, in order.

    Yields the share that is done; the value is the encoding, on the CPU, without latents where there are codes.
    Raises `SpeefeareError` for a file that cannot be read.
    """
    import torch

    from speefeare_core import blocks
    from speefeare_core.blocks.pieces import Joiner

    info = codec.info
    expected = max(1, round(audio_files.probe(path).length_s * info.rate_hz))
    limit = expected if most_s is None else min(expected, max(1, round(most_s * info.rate_hz)))
    encoder = blocks.encoder(codec, length_samples=limit)
    joiner = Joiner(info, codec.frames_for(limit) + 2, latents=False)

    def take(piece: Encoded | None) -> None:
        joiner.push(piece)
        if piece is not None and piece.latents is not None:
            on_latents(rows(piece.latents))

    done = 0
    for block in audio_files.converted_blocks(path, info.rate_hz, info.channels, BLOCK_S):
        if most_s is not None:
            block = block[:, : limit - done]
        if not block.shape[1]:
            break
        yield min(1.0, done / limit)
        take(encoder.push(torch.from_numpy(np.ascontiguousarray(block))[None]))
        done += block.shape[1]
    yield min(1.0, done / limit)
    take(encoder.finish())
    return joiner.result()


def quantised(codec: Codec, encoded: Encoded, depth: int | None = None) -> Iterator[Rows | None]:
    """Rows `[n, D']` after quantisation with the first `depth` books (None: all), piece by piece; one None where a
    codec cannot say. Raises `SpeefeareError` for a depth that does not exist."""
    import torch

    from speefeare_core.blocks import pieces

    if not encoded.code_groups:
        yield None
        return
    count = codec.info.check_depth(depth)
    for piece in pieces.split(codec.info, encoded, max(1, round(_QUANTISED_S * codec.info.frame_rate_hz))):
        groups = tuple(group.to(codec.device) for group in piece.code_groups)
        with torch.inference_mode():
            found = codec.quantized_latents(Encoded(groups, None, piece.length_samples, piece.side), count)
        yield None if found is None else rows(found)
        if found is None:
            return


def rows(latents: Tensor) -> Rows:
    """`[1, D, n]` → `[n, D]`, float32."""
    found: Rows = latents[0].T.float().cpu().numpy()
    return found
