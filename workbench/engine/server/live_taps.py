"""What the views see of a live session: rings of input, output, codes, latents and energies, and the two levels."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.projection.pca import Basis
from workbench.engine.memory import Ring
from workbench.engine.server.latents import place

KEPT_S = 60.0  # the minute that can be frozen
RESIDUAL = "residual"  # the tap that costs computing
FALL_PER_S = 0.03  # of a peak meter, as a factor: about 30 dB


class LiveTaps:
    """Written by the live thread, read by the window.

    `energies` is `Codec.book_energies`: `residual` holds how much each book adds. It is computed while `watched` names
    it; for frames that nobody watched it holds 0, so that its columns stay those of `codes`.
    """

    def __init__(
        self,
        info: CodecInfo,
        basis: Basis | None,
        energies: Callable[[Tensor], Tensor | None] | None = None,
    ) -> None:
        samples, frames = round(KEPT_S * info.rate_hz), round(KEPT_S * info.frame_rate_hz)
        self.input = Ring.create(info.channels, samples, np.float32)
        self.output = Ring.create(info.channels, samples, np.float32)
        self.codes = Ring.create(info.depth, frames, np.int32) if info.books else None
        self.latents = Ring.create(2, frames, np.float32) if basis is not None else None
        # Asked once now, since the first answer makes the codec's table.
        told = energies(torch.zeros(1, info.depth, 1, dtype=torch.int64)) if energies and info.books else None
        self.residual = Ring.create(info.depth, frames, np.float32) if told is not None else None
        self._energies = energies
        self.watched: Collection[str] = ()
        self._basis = basis
        self._rate_hz = info.rate_hz
        self._levels = dict.fromkeys(("input_peak", "output_peak", "input_rms", "output_rms"), 0.0)

    def write(
        self, before: NDArray[np.float32], after: NDArray[np.float32], codes: Tensor | None, latents: Tensor | None
    ) -> None:
        """One step: audio `[C, n]`, codes `[1, K, f]`, latents `[1, D, f]`."""
        self.input.write(before)
        self.output.write(after)
        if self.codes is not None and codes is not None:
            self.codes.write(codes[0].cpu().numpy())
            self._write_residual(codes)
        if self.latents is not None and self._basis is not None and latents is not None:
            self.latents.write(place(self._basis, latents)[:, :2].T)
        fall = FALL_PER_S ** (before.shape[1] / self._rate_hz)
        for name, block in (("input", before), ("output", after)):
            self._levels[f"{name}_peak"] = max(float(np.abs(block).max()), self._levels[f"{name}_peak"] * fall)
            self._levels[f"{name}_rms"] = float(np.sqrt(np.mean(np.square(block))))

    def _write_residual(self, codes: Tensor) -> None:
        if self.residual is None or self._energies is None:
            return
        found = self._energies(codes) if RESIDUAL in self.watched else None
        empty = np.zeros(codes.shape[1:], np.float32)
        self.residual.write(empty if found is None else found[0].cpu().numpy())

    def levels(self) -> dict[str, float]:
        """Peak (falling slowly) and RMS of both."""
        return self._levels

    def unlink(self) -> None:
        """Remove the rings from the system."""
        for ring in (self.input, self.output, self.codes, self.latents, self.residual):
            if ring is not None:
                ring.unlink()
