"""Random orders and choices that follow from a seed alone, the same on every computer and in every version.

numpy promises no such thing for its generators (NEP 19), and a list of edits must sound the same in ten years. The
numbers are those of SplitMix64 (Steele, Lea & Flood 2014), one for each position.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STEP, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def numbers(seed: int, stream: int, positions: NDArray[np.int64]) -> NDArray[np.uint64]:
    """One number of 64 bits for each position; `stream` tells apart what must not be alike (books)."""
    begin = _mixed(np.array([seed % (1 << 64)], np.uint64) + _STEP)
    begin = _mixed(begin + np.array([stream % (1 << 64)], np.uint64) * _STEP)
    return _mixed(begin + (positions.astype(np.uint64) + np.uint64(1)) * _STEP)


def permutation(seed: int, stream: int, count: int) -> NDArray[np.int64]:
    """An order of 0 … count − 1: the positions sorted by their numbers."""
    return np.argsort(numbers(seed, stream, np.arange(count)), kind="stable")


def choices(seed: int, stream: int, positions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """For each position one of 0 … count − 1, evenly."""
    return (numbers(seed, stream, positions) % np.uint64(count)).astype(np.int64)


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)
