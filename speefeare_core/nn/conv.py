"""Convolutions of codecs: causal ones with an exact streaming form, and symmetric ones.

Weights have torch's own shapes and names (`weight`, `bias`), so official checkpoints map onto them directly.
On a CPU, `step` computes every convolution as one matrix product on an unfolded window: torch sends small blocks of a
single signal to slow fallback kernels, which take 2 to 5 times as long, and `stable_matmul` gives the same bits for
every way to cut the signal into pieces. `forward` is torch's own convolution, for training.
"""

from __future__ import annotations

from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.padding import PadMode, pad_signal
from speefeare_core.nn.stable_matmul import stable_matmul
from speefeare_core.nn.streaming import ModuleState, StreamModule


class CausalConv1d(nn.Conv1d, StreamModule):
    """Conv1d `[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`; output i sees input up to sample `i·stride + stride - 1`.

    `edges` says what lies before the first sample and after the last, ragged one. The state is the last `context`
    input samples `[B, Cin, context]`. Raises ValueError where the dilated kernel is shorter than the stride (samples
    would be skipped).
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
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.edges: PadMode = edges
        self.span = (kernel_size - 1) * dilation + 1  # samples from the first to the last tap
        self.context = self.span - stride
        self.rate = Fraction(1, stride)
        # What is mirrored must be there; pieces are multiples of the stride.
        self.begin_samples = -(-(self.context + 1) // stride) * stride if edges == "reflect" else stride
        if self.context < 0:
            raise ValueError(f"a causal convolution of span {self.span} cannot have stride {stride}")

    def forward(self, x: Tensor) -> Tensor:
        """`[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`."""
        return self._convolve(pad_signal(x, self.context, -x.shape[-1] % self.stride[0], self.edges))

    def initial_state(self, batch: int) -> ModuleState:
        """Silence `[B, Cin, context]`."""
        return self.weight.new_zeros(batch, self.in_channels, self.context)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n·stride]` → `[B, Cout, n]`. Raises ValueError for a piece that is no multiple of the stride."""
        return self._advance(torch.cat([state, x], dim=-1) if self.context else x, x.shape[-1])

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first `[B, Cin, n·stride]` of a recording → `[B, Cout, n]`."""
        if x.shape[-1] < self.begin_samples:
            raise ValueError(f"a recording begins with at least {self.begin_samples} samples, not {x.shape[-1]}")
        return self._advance(pad_signal(x, self.context, 0, self.edges), x.shape[-1])

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last `[B, Cin, m]` of a recording → `[B, Cout, ceil(m / stride)]`."""
        padded = pad_signal(torch.cat([state, x], dim=-1), 0, -x.shape[-1] % self.stride[0], self.edges)
        out, _ = self._advance(padded, padded.shape[-1] - self.context)
        return out

    def _advance(self, joined: Tensor, samples: int) -> tuple[Tensor, ModuleState]:
        """The past and new samples `[B, Cin, context + samples]` → output and the state after it."""
        if samples % self.stride[0]:
            raise ValueError(f"a piece of {samples} samples is no multiple of the stride {self.stride[0]}")
        after = joined[..., joined.shape[-1] - self.context :].clone()
        if self.groups > 1 or joined.device.type != "cpu":
            return self._convolve(joined), after
        return self._unfolded(joined, samples // self.stride[0]), after

    def _convolve(self, padded: Tensor) -> Tensor:
        return F.conv1d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def _unfolded(self, padded: Tensor, outputs: int) -> Tensor:
        """The convolution as `[Cout, Cin·k] @ [Cin·k, B·n]`."""
        batch, channels, _ = padded.shape
        kernel, stride = self.kernel_size[0], self.stride[0]
        by_batch, by_channel, by_sample = padded.stride()
        windows = padded.as_strided(
            (channels, kernel, batch, outputs),
            (by_channel, self.dilation[0] * by_sample, by_batch, stride * by_sample),
            padded.storage_offset(),
        )
        out = stable_matmul(self.weight.flatten(1), windows.reshape(channels * kernel, batch * outputs))
        if self.bias is not None:
            out = out + self.bias[:, None]
        return out.view(self.out_channels, batch, outputs).transpose(0, 1)


class SymmetricConv1d(nn.Conv1d, StreamModule):
    """Conv1d `[B, Cin, T]` → `[B, Cout, ceil(T / stride)]` that sees as far ahead as back (an odd sample more back).

    It cannot stream: `initial_state` and `step` raise ValueError.
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
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.edges: PadMode = edges
        self.rate = Fraction(1, stride)
        total = (kernel_size - 1) * dilation + 1 - stride
        if total < 0:
            raise ValueError(f"a convolution of span {total + stride} cannot have stride {stride}")
        self.ahead = total // 2
        self.back = total - self.ahead

    def forward(self, x: Tensor) -> Tensor:
        """`[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`."""
        padded = pad_signal(x, self.back, self.ahead + -x.shape[-1] % self.stride[0], self.edges)
        return F.conv1d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def initial_state(self, batch: int) -> ModuleState:
        """Raises ValueError."""
        raise ValueError("a symmetric convolution looks ahead and cannot stream")

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """Raises ValueError."""
        raise ValueError("a symmetric convolution looks ahead and cannot stream")


class CausalConvTranspose1d(nn.ConvTranspose1d, StreamModule):
    """ConvTranspose1d `[B, Cin, n]` → `[B, Cout, n·stride]`, the tail that only future input could complete trimmed.

    The state is the part of the overlap that falls into the future, without bias: `[B, Cout, future, stride]`.
    Raises ValueError where the kernel is shorter than the stride (the output would have holes).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, bias: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=bias)
        if kernel_size < stride:
            raise ValueError(f"a transposed convolution of kernel {kernel_size} cannot have stride {stride}")
        self.hops = -(-kernel_size // stride)  # how many hops of output one input sample reaches
        self.rate = Fraction(stride)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """`[B, Cin, F]` → `[B, Cout, F·stride]`; `output_size` is torch's and is not used."""
        full = F.conv_transpose1d(x, self.weight, self.bias, self.stride)
        return full[..., : x.shape[-1] * self.stride[0]]

    def initial_state(self, batch: int) -> ModuleState:
        """Nothing to overlap with: zeros `[B, Cout, hops - 1, stride]`."""
        return self.weight.new_zeros(batch, self.out_channels, self.hops - 1, self.stride[0])

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n]` → `[B, Cout, n·stride]`: one matrix product, then overlap-add onto the carried tail."""
        batch, _, count = x.shape
        kernel, stride = self.kernel_size[0], self.stride[0]
        spread = stable_matmul(self.weight.flatten(1).t(), x.transpose(0, 1).reshape(self.in_channels, batch * count))
        spread = spread.view(self.out_channels, kernel, batch * count)
        if self.hops * stride > kernel:
            spread = F.pad(spread, (0, 0, 0, self.hops * stride - kernel))
        hops = spread.view(self.out_channels, self.hops, stride, batch, count).permute(3, 0, 1, 4, 2)
        total = x.new_zeros(batch, self.out_channels, count + self.hops - 1, stride)
        total[:, :, : self.hops - 1] = state
        # Oldest input first, as in the carried tail: the order of a sum must not depend on the pieces.
        for hop in reversed(range(self.hops)):
            total[:, :, hop : hop + count] += hops[:, :, hop]
        out = total[:, :, :count].reshape(batch, self.out_channels, count * stride)
        if self.bias is not None:
            out = out + self.bias[:, None]
        return out, total[:, :, count:].clone()


class TrimmedConvTranspose1d(nn.ConvTranspose1d, StreamModule):
    """ConvTranspose1d `[B, Cin, n]` → `[B, Cout, n·stride + kernel - stride - left - right]`, trimmed on both sides.

    With `norm` on the full output, before it is trimmed. It cannot stream: `initial_state` and `step` raise ValueError.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int, left: int, right: int
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride)
        self.trim = (left, right)
        self.rate = Fraction(stride)

    def forward(self, x: Tensor, output_size: list[int] | None = None, norm: nn.Module | None = None) -> Tensor:
        """`[B, Cin, n]` → `[B, Cout, …]`; `output_size` is torch's and is not used."""
        full = F.conv_transpose1d(x, self.weight, self.bias, self.stride)
        if norm is not None:
            full = norm(full)
        left, right = self.trim
        return full[..., left : full.shape[-1] - right]

    def initial_state(self, batch: int) -> ModuleState:
        """Raises ValueError."""
        raise ValueError("this transposed convolution looks ahead and cannot stream")

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """Raises ValueError."""
        raise ValueError("this transposed convolution looks ahead and cannot stream")
