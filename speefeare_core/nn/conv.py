"""Causal convolutions with an exact streaming form: padding on the left only, the past carried as a value.

Weights have torch's own shapes and names (`weight`, `bias`), so official checkpoints map onto them directly.
In `step` every convolution is one matrix product on an unfolded window: torch sends small blocks of a single signal
to slow fallback kernels, which take 2 to 5 times as long.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.streaming import ModuleState, StreamModule

GEMM_OUTPUTS = 1024  # above this many outputs torch's own convolution is the faster one


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
        if self.groups > 1 or not 0 < outputs <= GEMM_OUTPUTS:
            return self._convolve(joined), after
        return self._unfolded(joined, outputs), after

    def _convolve(self, padded: Tensor) -> Tensor:
        return F.conv1d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def _unfolded(self, padded: Tensor, outputs: int) -> Tensor:
        """The convolution as `[Cout, Cin·k] @ [B, Cin·k, n]`."""
        batch, channels, _ = padded.shape
        kernel, stride = self.kernel_size[0], self.stride[0]
        by_batch, by_channel, by_sample = padded.stride()
        windows = padded.as_strided(
            (batch, channels, kernel, outputs),
            (by_batch, by_channel, self.dilation[0] * by_sample, stride * by_sample),
            padded.storage_offset(),
        )
        out = torch.matmul(self.weight.flatten(1), windows.reshape(batch, channels * kernel, outputs))
        return out if self.bias is None else out.add_(self.bias[:, None])


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
        spread = torch.matmul(x.transpose(1, 2), self.weight.flatten(1)).view(batch, count, self.out_channels, kernel)
        spread = F.pad(spread, (0, self.hops * stride - kernel))
        hops = spread.view(batch, count, self.out_channels, self.hops, stride).permute(0, 2, 3, 1, 4)
        total = x.new_zeros(batch, self.out_channels, count + self.hops - 1, stride)
        total[:, :, : self.hops - 1] = state
        for hop in range(self.hops):
            total[:, :, hop : hop + count] += hops[:, :, hop]
        out = total[:, :, :count].reshape(batch, self.out_channels, count * stride)
        if self.bias is not None:
            out = out + self.bias[:, None]
        return out, total[:, :, count:].clone()
