"""Causal convolutions with an exact streaming form: padding on the left only, the past carried as a value.

Weights have torch's own shapes and names (`weight`, `bias`), so official checkpoints map onto them directly.
On a CPU, `step` computes every convolution as one matrix product on an unfolded window: torch sends small blocks of a
single signal to slow fallback kernels, which take 2 to 5 times as long, and `stable_matmul` gives the same bits for
every way to cut the signal into pieces. `forward` is torch's own convolution, for training.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.stable_matmul import stable_matmul
from speefeare_core.nn.streaming import ModuleState, StreamModule


class CausalConv1d(nn.Conv1d, StreamModule):
    """Conv1d `[B, Cin, n·stride]` → `[B, Cout, n]` whose output i sees input up to sample `i·stride + stride - 1`.

    The state is the last `context` input samples `[B, Cin, context]`; a signal starts after silence.
    Raises ValueError where the dilated kernel is shorter than the stride (samples would be skipped).
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
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.span = (kernel_size - 1) * dilation + 1  # samples from the first to the last tap
        self.context = self.span - stride
        if self.context < 0:
            raise ValueError(f"a causal convolution of span {self.span} cannot have stride {stride}")

    def forward(self, x: Tensor) -> Tensor:
        """`[B, Cin, T]` → `[B, Cout, T // stride]`."""
        return self._convolve(F.pad(x, (self.context, 0)))

    def initial_state(self, batch: int) -> ModuleState:
        """Silence `[B, Cin, context]`."""
        return self.weight.new_zeros(batch, self.in_channels, self.context)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, Cin, n·stride]` → `[B, Cout, n]`. Raises ValueError for a piece that is no multiple of the stride."""
        if x.shape[-1] % self.stride[0]:
            raise ValueError(f"a piece of {x.shape[-1]} samples is no multiple of the stride {self.stride[0]}")
        joined = torch.cat([state, x], dim=-1)
        after = joined[..., joined.shape[-1] - self.context :].clone()
        outputs = x.shape[-1] // self.stride[0]
        if self.groups > 1 or x.device.type != "cpu":
            return self._convolve(joined), after
        return self._unfolded(joined, outputs), after

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
