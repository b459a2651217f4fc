"""Principal axes of latents, fitted piece by piece in bounded memory. Knows numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

Points = NDArray[np.float32]
AXES = 3


@dataclass(frozen=True)
class Basis:
    """`place(latents) = (latents − mean) · axes`. The axes are orthonormal; axes beyond the latents' own are zero."""

    mean: Points  # [D]
    axes: Points  # [D, A]
    explained: tuple[float, ...]  # share of the corpus's variance on each axis
    words: str = ""  # what it was fitted on, one sentence
    frames: int = 0  # of the corpus

    @property
    def width(self) -> int:
        """D."""
        return len(self.mean)

    @property
    def axis_names(self) -> tuple[str, ...]:
        """As axes are labelled: "PC 1 · 42% of variance"."""
        return tuple(f"PC {axis} · {share:.0%} of variance" for axis, share in enumerate(self.explained, 1))

    def place(self, latents: Points) -> Points:
        """`[n, D]` → points `[n, A]`."""
        return np.asarray((latents - self.mean) @ self.axes, np.float32)


class Moments:
    """Count, mean and scatter of rows `[n, D]` that come piece by piece (the pairwise update of Chan, Golub and LeVeque
    1983), from which the principal axes follow. Needs memory for D × D numbers, however many rows there are."""

    def __init__(self) -> None:
        self.count = 0
        self._mean: NDArray[np.float64] = np.zeros(0)
        self._scatter: NDArray[np.float64] = np.zeros((0, 0))

    def add(self, rows: Points) -> None:
        """Take in `[n, D]`. Raises ValueError for another D than before."""
        n = len(rows)
        if not n:
            return
        if not self.count:
            self._mean = np.zeros(rows.shape[1])
            self._scatter = np.zeros((rows.shape[1], rows.shape[1]))
        if rows.shape[1] != len(self._mean):
            raise ValueError(f"rows of {rows.shape[1]} numbers after rows of {len(self._mean)}")
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = rows.astype(np.float64) - mean
        shift = mean - self._mean
        total = self.count + n
        self._scatter += centred.T @ centred + np.outer(shift, shift) * (self.count * n / total)
        self._mean += shift * (n / total)
        self.count = total

    def basis(self, words: str = "", axes: int = AXES) -> Basis:
        """The first principal axes; of each the largest entry is positive, so that a fit always gives the same signs.

        Raises `SpeefeareError` where fewer than two rows came.
        """
        if self.count < 2:
            raise SpeefeareError("The reference corpus is too short: principal axes need at least two frames.")
        values, vectors = np.linalg.eigh(self._scatter)
        chosen = np.zeros((len(self._mean), axes))
        found = vectors[:, ::-1][:, :axes]
        chosen[:, : found.shape[1]] = found
        largest = np.take_along_axis(chosen, np.abs(chosen).argmax(axis=0)[None], axis=0)
        chosen *= np.where(largest < 0, -1.0, 1.0)
        total = max(float(values.sum()), 1e-30)
        shares = [max(0.0, float(value)) / total for value in values[::-1][:axes]]
        shares += [0.0] * (axes - len(shares))
        return Basis(
            self._mean.astype(np.float32), chosen.astype(np.float32), tuple(shares), words, self.count
        )  # fmt: skip
