"""Which weights a codec has: the same for the same weights, wherever they lie and whatever the file is called."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

_PIECE = 1 << 20


def fingerprint(codec: Codec) -> str:
    """32 hexadecimal digits over family, CodecInfo's numbers and every tensor of the module (BLAKE2b)."""
    steps = fingerprinting(codec)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return str(end.value)


def fingerprinting(codec: Codec) -> Generator[None, None, str]:
    """The same in pieces of a millisecond, for a thread that must not be in the way; the value is the result."""
    import torch

    info = codec.info
    words = [info.family, info.rate_hz, info.channels, info.hop_samples, info.depth, info.depth_mode]
    digest = hashlib.blake2b(repr(words).encode(), digest_size=16)
    for name, tensor in sorted(codec.module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        data = memoryview(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        for start in range(0, len(data), _PIECE):
            digest.update(data[start : start + _PIECE])
            yield
    return digest.hexdigest()
