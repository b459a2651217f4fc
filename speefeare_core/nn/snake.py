"""Snake, the periodic activation x + sin²(αx) / α, one α for each channel (arXiv 2006.08195; dac/nn/layers.py).

Written out as tensor operations it makes four temporaries as large as the signal, and fetching that much fresh memory
takes several times as long as the sine. Without gradients it therefore runs in small pieces, in place where asked.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from speefeare_core.nn.pieces import PieceModule, is_plain
from speefeare_core.nn.streaming import ModuleState

PIECE = 1 << 15  # elements of the temporary, which stays in the cache
_LEAST = 1e-9  # keeps 1 / α finite


def _is_traced() -> bool:
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


class _LearningSnake(torch.autograd.Function):
    """The same with a backward pass of its own: it keeps x alone, and goes over the signal half as often."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        ctx.save_for_backward(x, alpha)
        return torch.addcmul(x, torch.mul(x, alpha).sin_().square_(), (alpha + _LEAST).reciprocal())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """d/dx = 1 + α sin(2αx) / α, d/dα = x sin(2αx) / α − sin²(αx) / α²; sin² = (1 − cos(2αx)) / 2."""
        x, alpha = ctx.saved_tensors
        inverse, angle = (alpha + _LEAST).reciprocal(), torch.mul(x, 2 * alpha)
        slope = torch.sin(angle)
        to_alpha = None
        if ctx.needs_input_grad[1]:
            rise = torch.mul(x, slope).addcmul_(angle.cos_().sub_(1), inverse, value=0.5).mul_(gradient)
            to_alpha = rise.sum((0, 2), keepdim=True).mul_(inverse)
        return slope.mul_(alpha * inverse).add_(1).mul_(gradient), to_alpha


class Snake(PieceModule):
    """x + sin²(αx) / (α + 1e-9) on `[B, C, T]`; `alpha` is `[1, C, 1]` as in the official files."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.density = channels
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → the same shape; `x` stays as it is."""
        if is_plain(x, self.alpha):
            if torch.is_grad_enabled() and x.dtype == self.alpha.dtype and not _is_traced():
                learnt: Tensor = _LearningSnake.apply(x, self.alpha)  # type: ignore[no-untyped-call]
                return learnt
            return x + (self.alpha + _LEAST).reciprocal() * torch.sin(self.alpha * x).square()
        return self.into(x, torch.empty_like(x))

    def into(self, x: Tensor, out: Tensor) -> Tensor:
        """The same written into `out` `[B, C, T]`, which may be `x` itself. Without gradients only."""
        alpha, inverse = self.alpha[0], (self.alpha[0] + _LEAST).reciprocal()
        if x.device.type != "cpu":
            return torch.addcmul(x, torch.sin(self.alpha * x).square_(), inverse, out=out)
        channels, length = x.shape[1:]
        if length == 0:
            return out
        rows = max(1, min(channels, PIECE // max(1, length)))
        width = min(length, PIECE)
        space = x.new_empty(rows * width)
        for source, target in zip(x, out, strict=True):
            for row in range(0, channels, rows):
                a, i = alpha[row : row + rows], inverse[row : row + rows]
                for start in range(0, length, width):
                    now = source[row : row + rows, start : start + width]
                    t = space[: now.numel()].view(now.shape)  # as wide as one piece
                    torch.mul(now, a, out=t).sin_()
                    t.mul_(t).mul_(i)  # not addcmul, which rounds once less: the sum shall be that of the plain form
                    torch.add(now, t, out=target[row : row + rows, start : start + width])
        return out

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The sample itself."""
        return first, last

    def initial_state(self, batch: int) -> ModuleState:
        """None: it looks at one sample at a time."""
        return None

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """The same as `forward`."""
        return self.forward(x), None
