"""Convolutions of codecs, causal and symmetric, whole or piece by piece with the same result.

Weights have torch's own shapes and names (`weight`, `bias`), so official checkpoints map onto them directly.
On a CPU, `step` computes every convolution as one matrix product on an unfolded window: torch sends small blocks of a
single signal to slow fallback kernels, which take 2 to 5 times as long, and `stable_matmul` gives the same bits for
every way to cut the signal into pieces. `forward` is torch's own convolution, for training.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.padding import PadMode, pad_signal
from speefeare_core.nn.stable_matmul import stable_matmul
from speefeare_core.nn.streaming import ModuleState, StreamModule


class PaddedConv1d(nn.Conv1d, StreamModule):
    """Conv1d `[B, Cin, T]` → `[B, Cout, ceil(T / stride)]`.

    Output i sees its own `stride` samples, `back` samples before them and `ahead` samples after them.
    `edges` says what lies before the first sample and after the last. In pieces, outputs that look ahead come when what
    they see is there. The state is the end of the input that later outputs still see `[B, Cin, m]`. Raises ValueError
    where the dilated kernel is shorter than the stride (samples would be skipped).
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

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n]` → `[B, Cout, m]`, the outputs that are complete."""
        return self._advance(torch.cat([state, x], dim=-1) if state.shape[-1] else x)

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first `[B, Cin, n]` of a recording. Raises ValueError where it is too short to be mirrored."""
        if x.shape[-1] < self.begin_needs(1):
            raise ValueError(f"a recording begins with at least {self.begin_needs(1)} samples, not {x.shape[-1]}")
        return self._advance(pad_signal(x, self.back, 0, self.edges))

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last `[B, Cin, n]` of a recording → the outputs that are left."""
        joined = torch.cat([state, x], dim=-1)
        ragged = -(joined.shape[-1] - self.back) % self.stride[0]
        out, _ = self._advance(pad_signal(joined, 0, self.ahead + ragged, self.edges))
        return out

    def _advance(self, joined: Tensor) -> tuple[Tensor, ModuleState]:
        """What was kept and new samples `[B, Cin, n]` → the outputs that are complete, and what to keep."""
        outputs = max(0, (joined.shape[-1] - self.context) // self.stride[0])
        after = joined[..., outputs * self.stride[0] :].clone()
        if self.groups > 1 or joined.device.type != "cpu":
            return self._convolve(joined), after
        return self._unfolded(joined, outputs), after

    def _convolve(self, padded: Tensor) -> Tensor:
        return F.conv1d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def _unfolded(self, padded: Tensor, outputs: int) -> Tensor:
        """The convolution as `[Cout, Cin·k] @ [Cin·k, B·n]`."""
        batch, channels, _ = padded.shape
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1 and self.out_channels * kernel < channels:
            return self._tap_by_tap(padded, outputs)
        by_batch, by_channel, by_sample = padded.stride()
        windows = padded.as_strided(
            (channels, kernel, batch, outputs),
            (by_channel, self.dilation[0] * by_sample, by_batch, stride * by_sample),
            padded.storage_offset(),
        )
        out = stable_matmul(self.weight.flatten(1), windows.reshape(channels * kernel, batch * outputs))
        if self.bias is not None:
            out.add_(self.bias[:, None])
        return out.view(self.out_channels, batch, outputs).transpose(0, 1)

    def _tap_by_tap(self, padded: Tensor, outputs: int) -> Tensor:
        """Few outputs of many channels: one product for all taps, then their sum, without unfolding."""
        batch, channels, length = padded.shape
        kernel, dilation = self.kernel_size[0], self.dilation[0]
        weight = self.weight.permute(2, 0, 1).reshape(kernel * self.out_channels, channels)
        taps = stable_matmul(weight, padded.transpose(0, 1).reshape(channels, batch * length))
        taps = taps.view(kernel, self.out_channels, batch, length)
        out = taps[0, ..., :outputs].clone()
        for tap in range(1, kernel):
            out += taps[tap, ..., tap * dilation : tap * dilation + outputs]
        if self.bias is not None:
            out.add_(self.bias[:, None, None])
        return out.transpose(0, 1)


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

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n·stride]` → `[B, Cout, n]`."""
        if x.shape[-1] % self.stride[0]:
            raise ValueError(f"a piece of {x.shape[-1]} samples is no multiple of the stride {self.stride[0]}")
        return super().step(x, state)


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

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """`[B, Cin, F]` → `[B, Cout, F·stride]`; `output_size` is torch's and is not used."""
        full = F.conv_transpose1d(x, self.weight, self.bias, self.stride)
        return full[..., : x.shape[-1] * self.stride[0]]

    def begin_needs(self, outputs: int) -> int:
        """One sample for each hop."""
        return -(-outputs // self.stride[0])

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
            out.add_(self.bias[:, None])
        return out, total[:, :, count:].clone()


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
        tail = overlap.flatten(2)[..., : self.kernel_size[0] - self.stride[0] - self.trim[1]]
        if self.bias is not None:
            tail = tail + self.bias[:, None]
        return torch.cat([out, tail], dim=-1)[..., left:]
