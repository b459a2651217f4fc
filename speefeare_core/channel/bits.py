"""Flipped bits: the binary symmetric channel (C. E. Shannon 1948, section 15) on codes written in binary.

A code of a book of N entries is ⌈log2 N⌉ bits. Where N is no power of two, flipping can give a number that the book
does not hold; it is wrapped (code mod N), so that every code stays one of the book.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class BitErrors:
    """Flips bits of codes `[B, K, n]`, one number drawn for each bit, so that the chunking does not matter."""

    def __init__(self, seed: Sequence[int], sizes: Sequence[int]) -> None:
        self._random = np.random.default_rng(list(seed))
        self._sizes = torch.tensor(list(sizes), dtype=torch.int64)[:, None]
        widths = [(size - 1).bit_length() for size in sizes]
        self._values = [1 << bit for width in widths for bit in range(width)]  # of each bit of a frame
        self._book = np.repeat(np.arange(len(widths)), widths)  # that the bit is of
        self._wraps = any(size & (size - 1) for size in sizes)

    def flip(self, codes: Tensor, share: float, lost: NDArray[np.bool_]) -> tuple[Tensor, int]:
        """Codes `[B, K, n]` with `share` of their bits flipped, and how many were in frames that are not `lost` [n].

        Codes of the first K books alone may come, but then always.
        """
        batch, count, frames = codes.shape
        bits = int(np.searchsorted(self._book, count))
        flips = self._random.random((frames, batch, bits)) < share
        flips[lost] = False
        hit = np.argwhere(flips)
        if not len(hit):
            return codes, 0
        mask = np.zeros((batch, count, frames), np.int64)
        values = np.array(self._values, np.int64)[hit[:, 2]]
        np.bitwise_xor.at(mask, (hit[:, 1], self._book[hit[:, 2]], hit[:, 0]), values)
        changed = codes ^ torch.from_numpy(mask).to(codes)
        if self._wraps:
            changed = changed % self._sizes[:count].to(codes)
        return changed, len(hit)

    def get_state(self) -> dict[str, Any]:
        """A copy, for `set_state`."""
        return copy.deepcopy(dict(self._random.bit_generator.state))

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._random.bit_generator.state = copy.deepcopy(state)
