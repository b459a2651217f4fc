"""What the first books leave of a clip's latents, decoded by itself, piece by piece."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray

from speefeare_core import blocks
from speefeare_core.codec import Codec, Encoded
from speefeare_core.editing.latent_codec import LatentCodec
from speefeare_core.errors import SpeefeareError
from workbench.engine.server.coding import FIRST_BLOCK_S, LARGEST_BLOCK_S, Report
from workbench.engine.server.pace import Pace


def decode_left_over(
    codec: Codec, original: NDArray[np.float32], books: int, out: NDArray[np.float32], report: Report
) -> Generator[None, None, None]:
    """Fill `out` `[C, T]` with the decode of r_k of `original` `[C, T]`, k = `books`, the codec's delay compensated.

    The clip is encoded once more, because its latents are not kept. Raises `SpeefeareError` for a codec that has none.
    """
    info, total = codec.info, original.shape[1]
    if not codec.can_decode_latents:
        raise SpeefeareError(f"{info.name} decodes codes only, so what is left over cannot be heard by itself.")
    encoder = blocks.encoder(codec, length_samples=total)
    decoder = blocks.decoder(LatentCodec(codec, info.depth), length_samples=total)
    pace = Pace(round(FIRST_BLOCK_S * info.rate_hz), round(LARGEST_BLOCK_S * info.rate_hz))
    done = at = 0

    def put(audio: torch.Tensor) -> None:
        nonlocal at
        found = audio[0].cpu().numpy()
        out[:, at : at + found.shape[1]] = found
        at += found.shape[1]

    while done < total:
        yield
        with pace as size:
            piece = encoder.push(torch.from_numpy(original[:, done : done + size].copy())[None])
            if piece is not None:
                put(decoder.push(_left(codec, piece, books)))
        done = min(total, done + size)
        report(done, total + 1)
    yield
    last = encoder.finish()
    if last is not None:
        put(decoder.push(_left(codec, last, books)))
    yield
    put(decoder.finish())
    report(1, 1)


def _left(codec: Codec, piece: Encoded, books: int) -> Encoded:
    latents = codec.remainder(piece, books)
    if latents is None:
        raise SpeefeareError(f"{codec.info.name} does not show the latents that its books quantise.")
    return Encoded((), latents, piece.length_samples, piece.side)
