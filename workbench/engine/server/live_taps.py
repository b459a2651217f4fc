"""What the views see of a live session: rings of input, output, codes and latents, and the two levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import CodecInfo
from workbench.engine.memory import Ring
from workbench.engine.server.latents import Basis

KEPT_S = 20.0
FALL_PER_S = 0.03  # of a peak meter, as a factor: about 30 dB


class LiveTaps:
    """Written by the live thread, read by the window."""

    def __init__(self, info: CodecInfo, basis: Basis | None) -> None:
        samples, frames = round(KEPT_S * info.rate_hz), round(KEPT_S * info.frame_rate_hz)
        self.input = Ring.create(info.channels, samples, np.float32)
        self.output = Ring.create(info.channels, samples, np.float32)
        self.codes = Ring.create(info.depth, frames, np.int32) if info.books else None
        self.latents = Ring.create(2, frames, np.float32) if basis is not None else None
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
        if self.latents is not None and self._basis is not None and latents is not None:
            self.latents.write(self._basis.project(latents).T)
        fall = FALL_PER_S ** (before.shape[1] / self._rate_hz)
        for name, block in (("input", before), ("output", after)):
            self._levels[f"{name}_peak"] = max(float(np.abs(block).max()), self._levels[f"{name}_peak"] * fall)
            self._levels[f"{name}_rms"] = float(np.sqrt(np.mean(np.square(block))))

    def levels(self) -> dict[str, float]:
        """Peak (falling slowly) and RMS of both."""
        return self._levels

    def unlink(self) -> None:
        """Remove the rings from the system."""
        for ring in (self.input, self.output, self.codes, self.latents):
            if ring is not None:
                ring.unlink()
