"""What is left of the latents after each book: the vectors that a residual quantiser works on, one rung at a time.

With latents z and entries q_1 … q_K in the order in which the books speak, r_0 = z and r_k = r_{k−1} − q_k
(SoundStream, arXiv 2107.03312, section III-C). Books that refine each other form a chain; a split quantiser (Mimi) has
two, each in a narrower space of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Left:
    """One rung. Vectors of different chains lie in different spaces and are not to be compared."""

    chain: int  # from 0
    book: int | None  # what this book, from 0, left over; None: r_0, before the first book of the chain
    vectors: Tensor  # [B, W, F] at the frame rate of the latents


def left_over(
    latents: Tensor, books: Sequence[int], entries: Callable[[int], Tensor], chain: int = 0
) -> Iterator[Left]:
    """The rungs of one chain: latents `[B, W, F]`, its books, and `entries(book)` `[B, W, F]` that each takes away."""
    left = latents
    yield Left(chain, None, left)
    for book in books:
        left = left - entries(book)
        yield Left(chain, book, left)


def inferred(rungs: Iterator[Left]) -> Iterator[Left]:
    """The same, computed in inference mode whoever asks for the next one."""
    while True:
        with torch.inference_mode():
            rung = next(rungs, None)
        if rung is None:
            return
        yield rung
