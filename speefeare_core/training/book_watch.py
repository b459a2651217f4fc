"""How codebooks are used, over a window of frames and not over one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

FRAMES_PER_ENTRY = 16  # of the largest book; a whole window holds so many frames to twice as many


class BookWatch:
    """Counts choices in two half windows; when the newer one is full, it becomes the older one.

    Perplexity of a batch depends on its size (a batch of M frames cannot exceed M); a window of 16 frames for each
    entry lets a book that is used evenly reach 97 % of its size, one of 32 frames 98 %.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.half_frames = max(sizes, default=0) * FRAMES_PER_ENTRY
        self._older, self._newer = self._zeros(), self._zeros()

    def _zeros(self) -> Tensor:
        return torch.zeros(len(self.sizes), max(self.sizes, default=0), dtype=torch.int64)

    def count(self, codes: Tensor) -> None:
        """Take in codes [B, K', F] of a step, −1 where an example does not use the book; K' may be less than K."""
        books = min(codes.shape[1], len(self.sizes))
        if self._newer.device != codes.device:
            self._older, self._newer = self._older.to(codes.device), self._newer.to(codes.device)
        chosen = codes[:, :books].transpose(0, 1).reshape(books, -1)
        self._newer[:books].scatter_add_(1, chosen.clamp(min=0), (chosen >= 0).to(torch.int64))

    def roll(self) -> None:
        """Let go of the older half, once the newer one is full."""
        if self.sizes and int(self._newer[0].sum()) >= self.half_frames:
            self._older, self._newer = self._newer, self._zeros().to(self._newer.device)

    def summary(self, total: Callable[[Tensor], Tensor] = lambda counts: counts) -> dict[str, Any]:
        """Values of a `books` event: [K] each. Entropy in bits; perplexity 2^entropy; dead: chosen by no frame.

        `total` sums counts over all processes.
        """
        counts = total(self._older + self._newer).cpu()
        frames = counts.sum(dim=1)
        shares = counts / frames.clamp(min=1)[:, None]
        entropy = -(shares * shares.clamp(min=1e-12).log2()).sum(dim=1)
        used = (counts > 0).sum(dim=1)
        sizes = torch.tensor(self.sizes)
        return {
            "window_frames": int(frames.max()) if self.sizes else 0,
            "frames": frames.tolist(),
            "perplexity": [round(value, 2) for value in (2**entropy).tolist()],
            "usage": [round(value, 4) for value in (used / sizes).tolist()],
            "dead": (sizes - used).tolist(),
            "entropy": [round(value, 4) for value in entropy.tolist()],
            "sizes": list(self.sizes),
        }

    @property
    def full(self) -> bool:
        """A whole window has been seen at least once."""
        return bool(self.sizes) and int(self._older[0].sum()) >= self.half_frames

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"older": self._older.cpu(), "newer": self._newer.cpu()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self._older, self._newer = state["older"].clone(), state["newer"].clone()
