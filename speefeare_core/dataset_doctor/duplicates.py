"""Clips that hold the same: to the sample, or the same recording at another gain or in another encoding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SAME_BITS = 7  # of 128 that may differ: for other speech that is as good as impossible
LENGTH_S = 0.15  # encoders add so much
SEGMENT_BITS = 16  # 8 segments: with at most 7 different bits one of them is the same
NEIGHBOURS = 16  # that each print is compared with, among those with the same segment


def exact_groups(contents: Sequence[str]) -> list[list[int]]:
    """Groups of at least two numbers whose hashes are the same, each in order."""
    seen: dict[str, list[int]] = {}
    for number, content in enumerate(contents):
        seen.setdefault(content, []).append(number)
    return [group for group in seen.values() if len(group) > 1]


def near_pairs(prints: Sequence[bytes], lengths_s: Sequence[float]) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of clips whose level takes nearly the same course over nearly the same time."""
    known = [number for number, code in enumerate(prints) if code]
    if len(known) < 2:
        return []
    codes = np.frombuffer(b"".join(prints[number] for number in known), np.uint8).reshape(len(known), -1)
    seconds = np.array([lengths_s[number] for number in known])
    whole = codes[:, : codes.shape[1] // 2 * 2].copy().view(np.uint16)
    found: set[tuple[int, int]] = set()
    for segment in range(whole.shape[1]):
        order = np.lexsort((seconds, whole[:, segment]))
        for step in range(1, min(NEIGHBOURS, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            may = whole[one, segment] == whole[other, segment]
            may &= np.abs(seconds[one] - seconds[other]) <= LENGTH_S
            one, other = one[may], other[may]
            differ = np.unpackbits(codes[one] ^ codes[other], axis=1).sum(axis=1)
            for first, second in zip(one[differ <= SAME_BITS], other[differ <= SAME_BITS], strict=True):
                pair = sorted((known[int(first)], known[int(second)]))
                found.add((pair[0], pair[1]))
    return sorted(found)
