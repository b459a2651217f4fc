"""The convolutions of the DAC trunk: zeros around the signal or before it, run whole, in pieces, or as a stream.

Weights have torch's own shapes and names. What differs between the published networks is only where the zeros go.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.pieces import PieceModule, is_plain
from speefeare_core.nn.snake import Snake
from speefeare_core.nn.streaming import ModuleState

# Up to this many outputs a convolution is one matrix product: packing the weights anew would cost more than that. It is
# a plain one: no network with a causal trunk has codes that the rounding could turn, and whole weights are read faster.
_FEW_OUTPUTS = 48
_WIDE_STRIDE = 4  # from this stride on a transposed convolution is faster as a matrix product


class TrunkConv1d(nn.Conv1d, PieceModule):
    """Conv1d `[B, Cin, T]` → `[B, Cout, (T + left + right - span) // stride + 1]` with zeros around its signal.

    Symmetric, half of the span's overhang lies on each side (of a strided one ceil(stride / 2), as in DAC). `causal`,
    all of it lies before the signal; `late` adds one more zero there, which delays the signal by a sample (the odd
    strides of AudioVAE 1). The state is the input `[B, Cin, ·]` that later outputs still need.
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
        causal: bool = False,
        late: bool = False,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.span = (kernel_size - 1) * dilation + 1  # samples from the first to the last tap
        if causal:
            self.left, self.right = self.span - stride + int(late), 0
        else:
            self.left = self.right = -(-(self.span - stride) // 2)
        self.density = max(in_channels, out_channels / stride)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, Cin, T]` → `[B, Cout, T']`; `x` stays as it is."""
        if is_plain(x, self.weight):
            return F.conv1d(
                F.pad(x, (self.left, self.right)), self.weight, self.bias, self.stride, 0, self.dilation, self.groups
            )
        return self.push(x, self.initial_state(x.shape[0]), True)[0]

    def initial_state(self, batch: int) -> ModuleState:
        """Silence `[B, Cin, left]`."""
        return self.weight.new_zeros(batch, self.in_channels, self.left)

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """From the first tap of the first output to the last tap of the last."""
        stride = self.stride[0]
        return first * stride - self.left, last * stride - self.left + self.span - 1

    def push(
        self, x: Tensor, state: ModuleState, last: bool, before: Snake | None = None
    ) -> tuple[Tensor, ModuleState]:
        """One piece `[B, Cin, n]` → `[B, Cout, m]`; `before` is applied to it on its way. `x` stays as it is."""
        batch, _, count = x.shape
        kept, stride = state.shape[-1], self.stride[0]
        total = kept + count + (self.right if last else 0)
        joined = x.new_empty(batch, self.in_channels, total)
        joined[..., :kept] = state
        middle = joined[..., kept : kept + count]
        if before is None:
            middle.copy_(x)
        else:
            before.into(x, middle)
        if last:
            joined[..., kept + count :] = 0
        outputs = max(0, (total - self.span) // stride + 1)
        after = joined[..., outputs * stride :].clone()
        if outputs == 0:
            return x.new_empty(batch, self.out_channels, 0), after
        return self._convolve(joined, outputs), after

    def pointwise(self, x: Tensor) -> Tensor:
        """A convolution of kernel 1, `[B, Cin, n]` → `[B, Cout, n]`."""
        return self._convolve(x, x.shape[-1])

    def _convolve(self, joined: Tensor, outputs: int) -> Tensor:
        if joined.device.type == "cpu" and self.groups == 1:
            if self.out_channels == 1 and self.stride[0] == 1:
                return self._to_one(joined, outputs)
            if joined.shape[0] * outputs <= _FEW_OUTPUTS:
                return self._unfolded(joined, outputs)
        return F.conv1d(joined, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def _to_one(self, joined: Tensor, outputs: int) -> Tensor:
        """To one channel: each tap as a matrix product with all samples, then the sum of the shifted rows."""
        taps = torch.matmul(self.weight[0].t(), joined)  # [B, k, ·]
        step = self.dilation[0]
        out = taps[:, :1, :outputs]
        for tap in range(1, self.kernel_size[0]):
            out = out + taps[:, tap : tap + 1, tap * step : tap * step + outputs]
        return out if self.bias is None else out + self.bias[:, None]

    def _unfolded(self, joined: Tensor, outputs: int) -> Tensor:
        """All of it as `[Cout, Cin·k] @ [Cin·k, B·m]`."""
        batch, channels, _ = joined.shape
        kernel = self.kernel_size[0]
        by_batch, by_channel, by_sample = joined.stride()
        windows = joined.as_strided(
            (channels, kernel, batch, outputs),
            (by_channel, self.dilation[0] * by_sample, by_batch, self.stride[0] * by_sample),
            joined.storage_offset(),
        )
        out = torch.mm(self.weight.flatten(1), windows.reshape(channels * kernel, batch * outputs))
        if self.bias is not None:
            out = out + self.bias[:, None]
        return out.view(self.out_channels, batch, outputs).transpose(0, 1)


class TrunkConvTranspose1d(nn.ConvTranspose1d, PieceModule):
    """ConvTranspose1d of kernel 2·stride, `[B, Cin, n]` → `[B, Cout, n·stride]`, its overhang cut off.

    Symmetric, ceil(stride / 2) samples fall on each side, so that odd strides lose one sample at the end, unless
    `whole` keeps it (SNAC). `causal`, the whole overhang falls at the end. The state is the overlap with the future,
    `[B, Cout, stride]` without bias; None before the first sample.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, *, causal: bool = False, whole: bool = False
    ) -> None:
        super().__init__(in_channels, out_channels, 2 * stride, stride)
        half = -(-stride // 2)
        self.left = 0 if causal else half
        self.right = stride if causal else half - (stride % 2 if whole else 0)
        self.density = max(in_channels, out_channels * stride)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """`[B, Cin, n]` → `[B, Cout, n·stride]` or one sample less; `output_size` is torch's and is not used."""
        full = (
            F.conv_transpose1d(x, self.weight, self.bias, self.stride) if is_plain(x, self.weight) else self._spread(x)
        )
        return full[..., self.left : full.shape[-1] - self.right]

    def initial_state(self, batch: int) -> ModuleState:
        """None: the signal has not begun."""
        return None

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """Two inputs meet in each output."""
        stride = self.stride[0]
        return (first + self.left) // stride - 1, (last + self.left) // stride

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece `[B, Cin, n]` → about n·stride samples."""
        stride, count = self.stride[0], x.shape[-1]
        bias = 0.0 if self.bias is None else self.bias[:, None]
        if count:
            full = self._spread(x)
            if state is not None:
                full[..., :stride] += state
        elif state is not None and last:
            full = state + bias
        else:
            return x.new_empty(x.shape[0], self.out_channels, 0), state
        start = self.left if state is None else 0
        if last:
            return full[..., start : full.shape[-1] - self.right], None
        return full[..., start : count * stride], full[..., count * stride :] - bias

    def _spread(self, x: Tensor) -> Tensor:
        """`[B, Cin, n]` → all of `[B, Cout, (n + 1)·stride]`, with bias."""
        stride, count = self.stride[0], x.shape[-1]
        if x.device.type != "cpu" or (stride < _WIDE_STRIDE and x.shape[0] * count > _FEW_OUTPUTS):
            return F.conv_transpose1d(x, self.weight, self.bias, self.stride)
        weight, bias = self.weight.flatten(1), self.bias[:, None, None] if self.bias is not None else 0.0
        full = x.new_empty(x.shape[0], self.out_channels, count + 1, stride)
        for signal, target in zip(x, full, strict=True):
            # Of few samples the product the other way round reads the weights faster.
            flat = torch.mm(signal.t(), weight).t() if count <= _FEW_OUTPUTS else torch.mm(weight.t(), signal)
            spread = flat.reshape(self.out_channels, 2, stride, count)
            by_phase = target.transpose(1, 2)  # [Cout, stride, n + 1]
            by_phase[..., :count] = spread[:, 0] + bias
            by_phase[..., count:] = bias
            by_phase[..., 1:] += spread[:, 1]
        return full.flatten(2)
