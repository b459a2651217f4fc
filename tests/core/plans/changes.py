"""A plan and the plain stream while depth and books change, for the plans of codecs whose books are chosen freely."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from speefeare_core.stream import CodecStream


def same_through_changes(plain: CodecStream, plan: CodecStream, pieces: Sequence[Tensor], depth: int) -> None:
    """Both from silence at depth 3, step by step; then few books at the greater `depth`, as token files have them."""
    heard = []
    for index, piece in enumerate(pieces):
        for stream in (plain, plan):
            if index % 10 == 3:
                stream.depth = 1 + index // 10
            stream.choose_books([0, 3] if index % 10 > 6 else None)
        heard.append((plain.step(piece), plan.step(piece)))
    for wanted, found in heard:
        assert wanted.codes is not None and found.codes is not None and torch.equal(found.codes, wanted.codes)
        torch.testing.assert_close(found.audio, wanted.audio, atol=1e-5, rtol=0)
    for stream in (plain, plan):
        stream.choose_books(None)
        stream.depth = depth
    few = heard[0][0].codes
    assert few is not None
    torch.testing.assert_close(plan.decode(few[:, :2]), plain.decode(few[:, :2]), atol=1e-5, rtol=0)
