"""Lyra v2 packets: one frame is 8, 15 or 23 bytes, four bits a quantiser, the first in the most significant bits.

Source: google/lyra 1.3.2, residual_vector_quantizer.cc (the bits) and lyra_config.cc (the three sizes). No header.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

PACKET_BYTES = {16: 8, 30: 15, 46: 23}  # quantisers → bytes: 3.2, 6 and 9.2 kbps at 50 frames/s


def pack(codes: NDArray[np.integer]) -> bytes:
    """Codes `[K, F]` (0–15) → F packets, one behind the other. K must be 16, 30 or 46; else `SpeefeareError`."""
    books, frames = codes.shape
    if books not in PACKET_BYTES:
        raise SpeefeareError(f"Lyra packets hold 16, 30 or 46 books, not {books}; encode at one of these depths.")
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) <= 15:
        raise SpeefeareError("Lyra codes lie between 0 and 15; these do not.")
    nibbles = codes.astype(np.uint8).T.reshape(frames, books // 2, 2)
    return ((nibbles[..., 0] << 4) | nibbles[..., 1]).tobytes()


def unpack(packets: bytes, books: int) -> NDArray[np.int64]:
    """Inverse of `pack`: → `[K, F]`. Raises `SpeefeareError` where the bytes are no whole number of packets."""
    if books not in PACKET_BYTES:
        raise SpeefeareError(f"Lyra packets hold 16, 30 or 46 books, not {books}.")
    size = PACKET_BYTES[books]
    if len(packets) % size:
        raise SpeefeareError(f"{len(packets)} bytes are no whole number of Lyra packets of {size}; some are lost.")
    pairs = np.frombuffer(packets, np.uint8).reshape(-1, size)
    nibbles = np.stack([pairs >> 4, pairs & 15], axis=-1).reshape(-1, books)
    return nibbles.T.astype(np.int64)
