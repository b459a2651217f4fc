"""The sounds of a residual ladder, of a recording x that fits into memory.

- `take(k)`: y_k, the decode with the first k books, aligned with x and brought to its loudness (within ±20 dB).
- `added(k)`: y_k − y_{k−1}, what book k changed; y_0 is silence.
- `missing(k)`: x − y_k, what the decode still lacks.
- `alone(k)`: the decode of book k's entries alone.
- `left_over(k)`: the decode of r_k, what the first k books left of the latents; of r_0, nothing is quantised.

The first three are sums of waveforms, the last two what the decoder makes of a part of the latents. A decoder is no
linear map, so these parts do not add up to the whole; each is brought to the loudness of x, to be heard well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from speefeare_core.alignment import shifted
from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.levels import matching_gain

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import Codec, Encoded


class LadderSounds:
    """`original` `[C, T]` at the codec's rate, its encoding with latents, and the measured delay in samples.

    Each method gives `[C, T]`, with books and depths counted from 1, and raises `SpeefeareError` for what a codec
    does not have.
    """

    def __init__(self, codec: Codec, original: Samples, encoded: Encoded, delay_samples: int) -> None:
        self._codec, self._original, self._encoded = codec, original, encoded
        self._delay = delay_samples
        self._takes: dict[int, Samples] = {}

    def take(self, depth: int) -> Samples:
        """y_k; 0 is silence, and for a codec without books 1 is the decode."""
        if depth == 0:
            return np.zeros_like(self._original)
        if depth not in self._takes:
            found = self._matched(self._codec.decode(self._encoded, depth if self._codec.info.books else None))
            self._takes = {key: kept for key, kept in self._takes.items() if key == depth - 1}
            self._takes[depth] = found
        return self._takes[depth]

    def added(self, book: int) -> Samples:
        """y_k − y_{k−1}."""
        return self.take(book) - self.take(book - 1)

    def missing(self, depth: int) -> Samples:
        """x − y_k."""
        return self._original - self.take(depth)

    def alone(self, book: int) -> Samples:
        """Book k alone."""
        return self._matched(self._codec.decode(self._encoded, books=[book - 1]))

    def left_over(self, depth: int) -> Samples:
        """r_k alone; 0 ≤ k."""
        codec = self._codec
        latents = codec.remainder(self._encoded, depth)
        if latents is None or not codec.can_decode_latents:
            raise SpeefeareError(f"{codec.info.name} does not let what is left over in its latents be heard.")
        audio = codec.decode_latents(latents, self._encoded.length_samples, side=self._encoded.side)
        return self._matched(audio)

    def _matched(self, audio: Tensor) -> Samples:
        """Aligned with the original and as loud."""
        found = shifted(np.asarray(audio[0].cpu().numpy(), np.float32), self._delay, self._original.shape[1])
        return found * np.float32(matching_gain(self._original, found, self._codec.info.rate_hz))
