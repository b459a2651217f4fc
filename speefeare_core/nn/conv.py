"""Convolutions of codecs, causal and symmetric, whole or piece by piece with the same result.

Weights have torch's own shapes and names (`weight`, `bias`), so official checkpoints map onto them directly.
On a CPU, pieces are computed as matrix products over rows (see `rows`): torch sends small blocks of a single signal to
slow fallback kernels, which take 2 to 5 times as long, and these products give the same bits for every way to cut the
signal. Shapes stay `[B, C, T]`; what comes out and what is kept lies in memory as `[B, T, C]`, so that nothing is
transposed between one layer and the next. `forward` is torch's own convolution, for training.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.padding import PadMode, pad_signal
from speefeare_core.nn.rows import conv_transpose_rows, joined_rows, window_rows
from speefeare_core.nn.streaming import ModuleState, StreamModule


class PaddedConv1d(nn.Conv1d, StreamModule):
    """Conv1d `[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`.

    Output i sees its own `stride` samples, `back` samples before them and `ahead` samples after them.
    `edges` says what lies before the first sample and after the last. In pieces, outputs that look ahead come when what
    they see is there. The state is the end of the input that later outputs still see `[B, Cin, m]`. Raises ValueError
    where the dilated kernel is shorter than the stride (samples would be skipped).
    """

    takes_elu = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        edges: PadMode = "constant",
        ahead: int = 0,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.edges: PadMode = edges
        self.span = (kernel_size - 1) * dilation + 1  # samples from the first to the last tap
        self.context = self.span - stride  # samples that an output sees beside its own
        self.ahead, self.back = ahead, self.context - ahead
        self.causal = ahead == 0
        if self.context < 0:
            raise ValueError(f"a convolution of span {self.span} cannot have stride {stride}")

    def forward(self, x: Tensor) -> Tensor:
        """`[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`."""
        return self._convolve(pad_signal(x, self.back, self.ahead + -x.shape[-1] % self.stride[0], self.edges))

    def begin_needs(self, outputs: int) -> int:
        """What is mirrored must be there too."""
        least = outputs * self.stride[0] + self.ahead
        return max(least, self.back + 1) if self.edges == "reflect" else least

    def initial_state(self, batch: int) -> ModuleState:
        """Silence `[B, Cin, back]`."""
        return self.weight.new_zeros(batch, self.in_channels, self.back)

    def step(self, x: Tensor, state: ModuleState, *, elu: bool = False) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n]` → `[B, Cout, m]`, the outputs that are complete; with `elu`, of the ELU of x."""
        return self._advance(joined_rows([state, x], elu=elu))

    def begin(self, x: Tensor, *, elu: bool = False) -> tuple[Tensor, ModuleState]:
        """The first `[B, Cin, n]` of a recording. Raises ValueError where it is too short to be mirrored."""
        if x.shape[-1] < self.begin_needs(1):
            raise ValueError(f"a recording begins with at least {self.begin_needs(1)} samples, not {x.shape[-1]}")
        before = pad_signal(x[..., : self.back + 1], self.back, 0, self.edges)[..., : self.back]
        return self._advance(joined_rows([F.elu(before) if elu else before, x], elu=elu))

    def finish(self, x: Tensor, state: ModuleState, *, elu: bool = False) -> Tensor:
        """The last `[B, Cin, n]` of a recording → the outputs that are left."""
        joined = joined_rows([state, x], elu=elu)
        missing = self.ahead + -(joined.shape[-1] - self.back) % self.stride[0]
        end = joined[..., -missing - 1 :]
        after = pad_signal(end, 0, missing, self.edges)[..., end.shape[-1] :]
        out, _ = self._advance(joined_rows([joined, after]))
        return out

    def _advance(self, joined: Tensor) -> tuple[Tensor, ModuleState]:
        """What was kept and new samples `[B, Cin, n]` → the outputs that are complete, and what to keep."""
        outputs = max(0, (joined.shape[-1] - self.context) // self.stride[0])
        after = joined[..., outputs * self.stride[0] :].clone()
        if self.groups > 1 or joined.device.type != "cpu":
            return self._convolve(joined), after
        return window_rows(self, joined.transpose(1, 2), outputs).transpose(1, 2), after

    def _convolve(self, padded: Tensor) -> Tensor:
        return F.conv1d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class CausalConv1d(PaddedConv1d):
    """Conv1d `[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`; output i sees input up to sample `i·stride + stride - 1`.

    The state is the last `context` input samples. `step` raises ValueError for a piece that is no multiple of the
    stride.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        edges: PadMode = "constant",
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size,
            stride=stride, dilation=dilation, groups=groups, bias=bias, edges=edges,
        )  # fmt: skip

    def begin_needs(self, outputs: int) -> int:
        """A multiple of the stride."""
        return -(-super().begin_needs(outputs) // self.stride[0]) * self.stride[0]

    def step(self, x: Tensor, state: ModuleState, *, elu: bool = False) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n·stride]` → `[B, Cout, n]`."""
        if x.shape[-1] % self.stride[0]:
            raise ValueError(f"a piece of {x.shape[-1]} samples is no multiple of the stride {self.stride[0]}")
        return super().step(x, state, elu=elu)


class SymmetricConv1d(PaddedConv1d):
    """Conv1d `[B, Cin, T]` → `[B, Cout, ceil(T / stride)]` that sees as far ahead as back (an odd sample more back)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        edges: PadMode = "constant",
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size,
            stride=stride, dilation=dilation, groups=groups, bias=bias, edges=edges,
            ahead=((kernel_size - 1) * dilation + 1 - stride) // 2,
        )  # fmt: skip


class CausalConvTranspose1d(nn.ConvTranspose1d, StreamModule):
    """ConvTranspose1d `[B, Cin, n]` → `[B, Cout, n·stride]`, the tail that only future input could complete trimmed.

    The state is the part of the overlap that falls into the future, without bias: `[B, hops - 1, stride·Cout]`.
    Raises ValueError where the kernel is shorter than the stride (the output would have holes).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, bias: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=bias)
        if kernel_size < stride:
            raise ValueError(f"a transposed convolution of kernel {kernel_size} cannot have stride {stride}")
        self.hops = -(-kernel_size // stride)  # how many hops of output one input sample reaches

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """`[B, Cin, F]` → `[B, Cout, F·stride]`; `output_size` is torch's and is not used."""
        full = F.conv_transpose1d(x, self.weight, self.bias, self.stride)
        return full[..., : x.shape[-1] * self.stride[0]]

    def begin_needs(self, outputs: int) -> int:
        """One sample for each hop."""
        return -(-outputs // self.stride[0])

    def initial_state(self, batch: int) -> ModuleState:
        """Nothing to overlap with: zeros `[B, hops - 1, stride·Cout]`."""
        return self.weight.new_zeros(batch, self.hops - 1, self.stride[0] * self.out_channels)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n]` → `[B, Cout, n·stride]`: one matrix product, then overlap-add onto the carried tail."""
        out, after = conv_transpose_rows(self, x.transpose(1, 2), state)
        return out.transpose(1, 2), after


class TrimmedConvTranspose1d(CausalConvTranspose1d):
    """ConvTranspose1d `[B, Cin, n]` → `[B, Cout, n·stride + kernel - stride - left - right]`, trimmed on both sides.

    With `norm` on the full output, before it is trimmed. In pieces (without a norm) the state is the pair of the
    overlap and the samples that are still to be trimmed.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int, left: int, right: int
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride=stride)
        self.trim = (left, right)
        self.causal = left == 0

    def forward(self, x: Tensor, output_size: list[int] | None = None, norm: nn.Module | None = None) -> Tensor:
        """`[B, Cin, n]` → `[B, Cout, …]`; `output_size` is torch's and is not used."""
        full = F.conv_transpose1d(x, self.weight, self.bias, self.stride)
        if norm is not None:
            full = norm(full)
        left, right = self.trim
        return full[..., left : full.shape[-1] - right]

    def begin_needs(self, outputs: int) -> int:
        """Enough that something is left when the beginning is trimmed."""
        return -(-(outputs + self.trim[0]) // self.stride[0])

    def initial_state(self, batch: int) -> ModuleState:
        """Nothing to overlap with, and all of the left side to trim."""
        return super().initial_state(batch), self.trim[0]

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n]` → `[B, Cout, n·stride]`, less what is to be trimmed."""
        overlap, left = state
        out, overlap = super().step(x, overlap)
        cut = min(left, out.shape[-1])
        return out[..., cut:], (overlap, left - cut)

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last piece, with the tail."""
        out, (overlap, left) = self.step(x, state)
        tail = overlap.unflatten(2, (self.stride[0], self.out_channels)).flatten(1, 2).transpose(1, 2)
        tail = tail[..., : self.kernel_size[0] - self.stride[0] - self.trim[1]]
        if self.bias is not None:
            tail = tail + self.bias[:, None]
        return torch.cat([out, tail], dim=-1)[..., left:]
