"""The stages of SNAC on a CPU: rows `[T, C]`, so that a depthwise convolution is a few shifted multiply-adds.

torch runs depthwise convolutions and Snake far below what the machine can do: each makes several passes over signals
that lie in main memory. Here a stage runs through windows that stay in the cache, and passes are saved where the
arithmetic allows it:

- With u = αx, Snake is (u + sin² u) / α. What precedes it takes the factor α into its weights, what follows 1 / α.
- The bias of a pointwise convolution on the residual path waits, as a row that the next Snake adds.
- The residual is added by the matrix product itself.

Each window brings the rows around it that its results depend on; rows before the beginning and after the end of the
signal are zero before each convolution, as its padding would be. The result is that of the modules to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.dac import DILATIONS, KERNEL, DecoderBlock, EncoderBlock, ResidualUnit
from speefeare_core.nn.pattern_noise import PatternNoise
from speefeare_core.nn.snake import Snake

WINDOW_ELEMENTS = 1 << 17  # of one window: with its two temporaries inside the second cache
_REACH = sum(DILATIONS) * (KERNEL // 2)  # rows on each side that the three residual units see
_LEAST_ALPHA = 1e-6  # x + sin²(αx) / α hardly differs from x below it


def windows(blocks: Iterable[Tensor], total: int, rows: int, margin: int) -> Iterator[tuple[Tensor, int, int]]:
    """Consecutive blocks `[n, C]`, `total` rows in all → overlapping windows `[margin + m + margin, C]`, m ≤ `rows`.

    With each: the index of its first row in the signal (negative: that many rows of zeros lie before it) and m.
    """
    flow = iter(blocks)
    held = next(flow)
    held = torch.cat([held.new_zeros(margin, held.shape[1]), held])
    first = -margin
    for start in range(0, total, rows):
        count = min(rows, total - start)
        end = start + count + margin
        parts = [held[start - margin - first :]]
        first, reached = start - margin, first + held.shape[0]
        while reached < min(end, total):
            parts.append(next(flow))
            reached += parts[-1].shape[0]
        if reached < end:
            parts.append(held.new_zeros(end - reached, held.shape[1]))
        held = torch.cat(parts) if len(parts) > 1 else parts[0]
        yield held[: end - first], first, count


def _alpha(snake: Snake) -> Tensor:
    alpha = snake.alpha.detach().flatten()
    return torch.where(alpha.abs() < _LEAST_ALPHA, torch.full_like(alpha, _LEAST_ALPHA), alpha)


def _snake(u: Tensor, space: Tensor) -> Tensor:
    """u + sin² u in place, by way of `space`."""
    sine = torch.sin(u, out=space[: u.shape[0]])
    return u.addcmul_(sine, sine)


def _mask(rows: Tensor, first: int, total: int) -> Tensor:
    """Zero what lies outside of the signal, for rows that begin at its row `first`."""
    if first < 0:
        rows[:-first].zero_()
    if first + rows.shape[0] > total:
        rows[max(0, total - first) :].zero_()
    return rows


@dataclass(frozen=True)
class UnitRows:
    """A residual unit, its factors folded."""

    dilation: int
    alpha: Tensor  # [C]
    taps: Tensor  # [7, C]
    bias: Tensor  # [C]
    mix: Tensor  # [C, C]
    mix_bias: Tensor  # [C], left to the next Snake

    @classmethod
    def of(cls, unit: ResidualUnit) -> UnitRows:
        """Of a depthwise unit."""
        before, wide, inside, narrow = unit.block
        assert isinstance(before, Snake) and isinstance(inside, Snake)
        assert isinstance(wide, nn.Conv1d) and isinstance(narrow, nn.Conv1d)
        alpha, inner = _alpha(before), _alpha(inside)
        taps = wide.weight.detach()[:, 0].t() * (inner / alpha)
        mix = narrow.weight.detach()[:, :, 0].t() / inner[:, None]
        bias, mix_bias = _bias(wide), _bias(narrow)
        return cls(wide.dilation[0], alpha, taps.contiguous(), bias * inner, mix.contiguous(), mix_bias)

    def run(self, x: Tensor, waiting: Tensor, first: int, total: int, space: Space) -> tuple[Tensor, Tensor, int]:
        """`[n, C]` → `[n - 6·dilation, C]` (in place of x), the bias that waits, and the index of the first row."""
        reach = self.dilation * (KERNEL // 2)
        count = x.shape[0] - 2 * reach
        u = torch.addcmul(waiting * self.alpha, x, self.alpha, out=space.outer[: x.shape[0]])
        _mask(_snake(u, space.sine), first, total)
        v = torch.addcmul(self.bias, u[:count], self.taps[0], out=space.inner[:count])
        for tap in range(1, KERNEL):
            v.addcmul_(u[tap * self.dilation : tap * self.dilation + count], self.taps[tap])
        _snake(v, space.sine)
        return x[reach : reach + count].addmm_(v, self.mix), waiting + self.mix_bias, first + reach


def _bias(conv: nn.Conv1d | nn.ConvTranspose1d) -> Tensor:
    return conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()


class Space:
    """Memory for the temporaries of a stage, used again by each window."""

    def __init__(self, rows: int, like: Tensor) -> None:
        self.sine, self.outer, self.inner = (like.new_empty(rows, like.shape[-1]) for _ in range(3))


class EncoderStage:
    """An encoder block of stride s: `[T, C]` → `[T / s, 2C]`; with `stem`, from the sound `[T, 1]` itself."""

    def __init__(self, block: EncoderBlock, stem: nn.Conv1d | None = None) -> None:
        *units, snake, down = block.block
        assert isinstance(snake, Snake) and isinstance(down, nn.Conv1d)
        self.units = [UnitRows.of(unit) for unit in units if isinstance(unit, ResidualUnit)]
        self.stem = None if stem is None else stem.weight.detach()[:, 0].t().contiguous()  # [7, C]
        self.start = self.units[0].alpha.new_zeros(down.in_channels) if stem is None else _bias(stem)
        self.alpha = _alpha(snake)
        self.stride = down.stride[0]
        self.inverse = self.alpha.reciprocal()
        self.down = down.weight.detach().permute(2, 1, 0).flatten(0, 1).contiguous().chunk(2)  # [s·C, 2C] each
        self.down_bias = _bias(down)
        self.overhang = -(-self.stride // 2)

    def run(self, blocks: Iterable[Tensor], total: int) -> Iterator[Tensor]:
        """Blocks of rows → blocks of rows; `total` is the number of rows that come in, a multiple of the stride."""
        stride, width = self.stride, self.alpha.shape[0]
        margin = _REACH + self.overhang + (0 if self.stem is None else KERNEL // 2)
        rows = max(1, WINDOW_ELEMENTS // (width * stride)) * stride
        space = Space(rows + 2 * margin, self.alpha)
        for window, begin, count in windows(blocks, total, rows, margin):
            first, waiting = begin, self.start
            if self.stem is None:
                x = window.clone()  # the next window shares rows with this one
            else:
                x = window.unfold(0, KERNEL, 1)[:, 0].contiguous() @ self.stem
                first += KERNEL // 2
            for unit in self.units:
                x, waiting, first = unit.run(x, waiting, first, total, space)
            u = torch.addcmul(waiting * self.alpha, x, self.alpha, out=space.outer[: x.shape[0]])
            _mask(_snake(u, space.sine), first, total).mul_(self.inverse)
            spans = u[: count + stride].view(count // stride + 1, stride * width)
            yield torch.addmm(self.down_bias, spans[:-1], self.down[0]).addmm_(spans[1:], self.down[1])


class DecoderStage:
    """A decoder block of stride s: `[T, C]` → `[s·T, C']`; the last one also gives the sound `[s·T, 1]`."""

    def __init__(self, block: DecoderBlock, output: tuple[Snake, nn.Conv1d] | None = None) -> None:
        snake, up, *rest = block.block
        assert isinstance(snake, Snake) and isinstance(up, nn.ConvTranspose1d)
        self.alpha = _alpha(snake)
        self.stride, self.width = up.stride[0], up.out_channels
        self.inverse = self.alpha.reciprocal()
        self.up = up.weight.detach().permute(0, 2, 1).flatten(1).contiguous().chunk(2, dim=1)  # [C, s·C'] each
        self.up_bias = _bias(up)
        self.overhang = -(-self.stride // 2)
        self.units = [UnitRows.of(part) for part in rest if isinstance(part, ResidualUnit)]
        noise = [part for part in rest if isinstance(part, PatternNoise)]
        self.noise = noise[0] if noise else None
        self.output: tuple[Tensor, Tensor, Tensor] | None = None
        if output is not None:
            last = _alpha(output[0])
            taps = output[1].weight.detach()[0] / last[:, None]  # [C', 7]
            self.output = last, taps.contiguous(), _bias(output[1])

    def run(self, blocks: Iterable[Tensor], total: int) -> Iterator[Tensor]:
        """Blocks of rows → blocks of rows."""
        stride, width, out_total = self.stride, self.width, total * self.stride
        reach = _REACH + (0 if self.output is None else KERNEL // 2)
        margin = -(-(reach + self.overhang) // stride) + 1
        rows = max(1, WINDOW_ELEMENTS // (width * stride))
        space = Space((rows + 2 * margin) * stride, self.up_bias)
        wide = self.alpha.new_empty(rows + 2 * margin, self.alpha.shape[0])
        held = self.alpha.new_empty(rows + 2 * margin, stride * width)
        for window, begin, count in windows(blocks, total, rows, margin):
            u = torch.mul(window, self.alpha, out=wide[: window.shape[0]])
            sine = torch.sin(u)
            _mask(u.addcmul_(sine, sine), begin, total).mul_(self.inverse)
            spread = torch.mm(u[1:], self.up[0], out=held[: u.shape[0] - 1]).addmm_(u[:-1], self.up[1])
            first = (begin + 1) * stride - self.overhang
            drop = (begin + margin) * stride - reach - first  # rows before the first that is needed
            x = spread.view(-1, width)[drop : drop + count * stride + 2 * reach]
            first += drop
            waiting = self.up_bias
            if self.noise is not None and self.noise.level:
                weight = self.noise.linear.weight[:, :, 0].t()
                heard = torch.addmm(waiting @ weight, x, weight, out=space.inner[: x.shape[0]])
                x.addcmul_(heard, self.noise.noise(first, x.shape[0])[:, None], value=self.noise.level)
            for unit in self.units:
                x, waiting, first = unit.run(x, waiting, first, out_total, space)
            yield x + waiting if self.output is None else self._sound(x, waiting, first, out_total, space)

    def _sound(self, x: Tensor, waiting: Tensor, first: int, total: int, space: Space) -> Tensor:
        assert self.output is not None
        alpha, taps, bias = self.output
        u = torch.addcmul(waiting * alpha, x, alpha, out=space.outer[: x.shape[0]])
        _mask(_snake(u, space.sine), first, total)
        shares = (u @ taps).t().contiguous()  # [7, n]
        count = x.shape[0] - KERNEL + 1
        out = shares[0, :count] + bias
        for tap in range(1, KERNEL):
            out += shares[tap, tap : tap + count]
        return out.tanh_()[:, None]


class EncoderRows:
    """The first convolution and the encoder blocks, prepared."""

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        stem, *blocks = parts
        assert isinstance(stem, nn.Conv1d)
        found = [block for block in blocks if isinstance(block, EncoderBlock)]
        self._stages = [EncoderStage(block, None if index else stem) for index, block in enumerate(found)]

    def run(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → `[B, D, F]`, T a multiple of the hop."""
        return torch.stack([self._one(signal) for signal in audio[:, 0]])

    def _one(self, signal: Tensor) -> Tensor:
        flow: Iterable[Tensor] = [signal[:, None]]
        total = signal.shape[0]
        for stage in self._stages:
            flow = stage.run(flow, total)
            total //= stage.stride
        return torch.cat(list(flow)).t()


class DecoderRows:
    """The decoder blocks and the layers of the sound, prepared."""

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        *blocks, snake, conv = parts
        assert isinstance(snake, Snake) and isinstance(conv, nn.Conv1d)
        found = [block for block in blocks if isinstance(block, DecoderBlock)]
        self._stages = [DecoderStage(block) for block in found[:-1]]
        self._stages.append(DecoderStage(found[-1], (snake, conv)))

    def run(self, x: Tensor) -> Tensor:
        """`[B, C, F]` → `[B, 1, T]`, after tanh."""
        return torch.stack([self._one(signal) for signal in x])

    def _one(self, signal: Tensor) -> Tensor:
        flow: Iterable[Tensor] = [signal.t().contiguous()]
        total = signal.shape[1]
        for stage in self._stages:
            flow = stage.run(flow, total)
            total *= stage.stride
        return torch.cat(list(flow)).t()
