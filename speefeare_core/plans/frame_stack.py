"""The causal frame blocks on buffers that stay, for one signal and a fixed number of frames."""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import layer_norm, silu

from speefeare_core.nn.frame_blocks import CausalFrameBlock, FrameStack
from speefeare_core.plans.rows import Multiply, Rows

Array = NDArray[np.float32]


class StackPlan:
    """The blocks of a `FrameStack`, in place on rows `[R, dim]`."""

    def __init__(self, stack: FrameStack, rows: Rows, mode: str) -> None:
        self._blocks = [_Block(block, rows, mode) for block in stack.blocks if isinstance(block, CausalFrameBlock)]

    def run(self, frames: Tensor) -> None:
        """One step: `frames` `[R, dim]` becomes the output."""
        for block in self._blocks:
            block.run(frames)

    @property
    def histories(self) -> list[Tensor]:
        """A copy of what is carried: `[1, H, dim]` for each block."""
        return [torch.from_numpy(block.history.copy())[None] for block in self._blocks]

    def go_on_from(self, histories: list[Tensor]) -> None:
        """Take over what `histories` gave."""
        for block, history in zip(self._blocks, histories, strict=True):
            block.history[:] = history[0].numpy()

    def reset(self) -> None:
        """Silence."""
        for block in self._blocks:
            block.history[:] = 0.0


class _Block:
    def __init__(self, block: CausalFrameBlock, rows: Rows, mode: str) -> None:
        kernel, dim = block.taps.shape
        held, count = block.history_frames, rows.frames
        self._rows = rows
        self._past = np.zeros((held + count, dim), np.float32)
        self.history, self._now, self._last = self._past[:held], self._past[held:], self._past[count:]
        step = self._past.strides[0]
        # Tap k of every frame: [kernel, n, dim].
        strides = (block.dilation * step, step, self._past.itemsize)
        self._windows = as_strided(self._past, (kernel, count, dim), strides)
        self._taps = np.repeat(block.taps.detach().numpy()[:, None], count, axis=1)
        self._parts = np.empty_like(self._taps)
        self._mixed = rows.empty(dim)
        self._mixed_rows = self._mixed.numpy()
        self._norm = block.norm
        self._widen = rows.multiply(block.widen.weight, block.widen.bias, mode)
        self._narrow: Multiply = rows.multiply(block.narrow.weight, block.narrow.bias, mode)
        self._wide = rows.empty(block.widen.weight.shape[1])
        self._update = rows.empty(dim)

    def run(self, frames: Tensor) -> None:
        self._now[:] = frames.numpy()[: self._rows.frames]
        np.multiply(self._windows, self._taps, out=self._parts)
        self._mixed_rows[:] = np.add.reduce(self._parts, axis=0)  # tap after tap, as the module does
        self.history[:] = self._last
        norm = self._norm
        rows = layer_norm(self._mixed, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
        self._widen(rows, self._wide)
        silu(self._wide, inplace=True)
        frames.add_(self._narrow(self._wide, self._update))
