"""A causal transformer with a limited view into the past and an exact streaming form.

Layers as Moshi's (arXiv 2410.00037, section 3.3): pre-norm, rotary positions on interleaved pairs (arXiv 2104.09864),
no biases in the linear layers, GELU, and a learnt scale on what a layer adds (arXiv 2103.17239).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.rows import linear_rows
from speefeare_core.nn.streaming import ModuleState, StreamModule

NORM_EPS = 1e-5
SPARE = 64  # steps of a piece that the memory holds beside the context; longer pieces are cut
ALIGN = 16


class TransformerLayer(nn.Module):
    """x + scale1·attention(norm1(x)), then x + scale2·linear2(GELU(linear1(norm2(x))))."""

    def __init__(self, width: int, heads: int, feedforward: int, layer_scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        self.in_proj = nn.Linear(width, 3 * width, bias=False)  # queries, keys, values
        self.out_proj = nn.Linear(width, width, bias=False)
        self.scale1 = nn.Parameter(torch.full((width,), layer_scale))
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)
        self.linear1 = nn.Linear(width, feedforward, bias=False)
        self.linear2 = nn.Linear(feedforward, width, bias=False)
        self.scale2 = nn.Parameter(torch.full((width,), layer_scale))

    def forward(self, x: Tensor, turns: Tensor, mask: Tensor) -> Tensor:
        """`[B, T, C]` → `[B, T, C]`; turns as `split` takes them, mask `[T, T]` true where a step may look."""
        queries, keys, values = self.split(self.in_proj(self.norm1(x)), turns)
        seen = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, scale=1.0)
        x = x + self.scale1 * self.out_proj(seen.transpose(1, 2).flatten(2))
        y: Tensor = x + self.scale2 * self.linear2(F.gelu(self.linear1(self.norm2(x))))
        return y

    def split(self, projected: Tensor, turns: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`[B, T, 3C]` → turned queries, turned keys, values `[B, H, T, d]`; turns `[T, 2, 1, d / 2]` complex."""
        batch, steps, width = projected.shape
        rows = projected.view(batch, steps, 3, self.heads, width // 3 // self.heads)
        # Complex numbers have no half precision; in float32 nothing changes.
        pairs = torch.view_as_complex(rows[:, :, :2].float().reshape(batch, steps, 2, self.heads, -1, 2))
        turned = torch.view_as_real(pairs * turns).flatten(-2).to(projected.dtype)
        queries, keys = turned.permute(2, 0, 3, 1, 4)
        return queries, keys, rows[:, :, 2].transpose(1, 2)

    def step(self, x: Tensor, turns: Tensor, bias: Tensor, memory: tuple[Tensor, Tensor], slots: Tensor) -> Tensor:
        """`[B, T, C]` → `[B, T, C]`; bias `[T, S]` is 0 where a step may look, -∞ elsewhere.

        Keys and values go into `memory`, `[B, H, d, S]` and `[B, H, S, d]`, at `slots` `[T]`, in place.
        """
        batch, steps, width = x.shape
        queries, keys, values = self.split(linear_rows(self.norm1(x), self.in_proj.weight), turns)
        all_keys, all_values = memory
        all_keys.index_copy_(3, slots, keys.transpose(2, 3))
        all_values.index_copy_(2, slots, values)
        queries = queries.reshape(batch * self.heads, steps, -1)
        # Keys lie with their slots innermost: in this order the product takes one kernel for any number of queries.
        weights = torch.bmm(queries, all_keys.flatten(0, 1)).add_(bias).softmax(-1)
        seen = torch.bmm(weights, all_values.flatten(0, 1))
        seen = seen.view(batch, self.heads, steps, -1).transpose(1, 2).reshape(batch, steps, width)
        x = torch.addcmul(x, self.scale1, linear_rows(seen, self.out_proj.weight))
        hidden = F.gelu(linear_rows(self.norm2(x), self.linear1.weight))
        return torch.addcmul(x, self.scale2, linear_rows(hidden, self.linear2.weight))


class CausalTransformer(StreamModule):
    """`[B, C, T]` → `[B, C, T]`; step i sees the steps i - context + 1 to i.

    The state is how many steps there were, and the keys `[L, B, H, d, S]` and values `[L, B, H, S, d]` of the last
    ones, where step i lies in slot i mod S: a sum over the slots then has the same order however the steps came.
    Raises ValueError where the width is no multiple of the heads, or a head's is odd.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        feedforward: int,
        *,
        context: int,
        max_period: float = 10_000.0,
        layer_scale: float = 0.01,
    ) -> None:
        super().__init__()
        if width % heads or (width // heads) % 2:
            raise ValueError(f"a transformer of width {width} cannot have {heads} heads of an even width")
        self.width, self.heads, self.context, self.max_period = width, heads, context, max_period
        self.slots = -(-(context + SPARE) // ALIGN) * ALIGN
        self.layers = nn.ModuleList(TransformerLayer(width, heads, feedforward, layer_scale) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`; memory grows with T², so long signals go through `step`."""
        steps = torch.arange(x.shape[-1], device=x.device)
        ago = steps[:, None] - steps
        mask = (ago >= 0) & (ago < self.context)
        turns = self._turns(steps)
        rows = x.transpose(1, 2)
        for layer in self.layers:
            rows = layer(rows, turns, mask)
        return rows.transpose(1, 2)

    def initial_state(self, batch: int) -> ModuleState:
        """No steps yet."""
        depth = self.width // self.heads
        keys = self._weight.new_zeros(len(self.layers), batch, self.heads, depth, self.slots)
        return torch.zeros((), dtype=torch.int64), keys, keys.new_zeros(keys.transpose(-1, -2).shape)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, C, n]` → `[B, C, n]` and the state after it."""
        rows, after = self.step_rows(x.transpose(1, 2).contiguous(), state)
        return rows.transpose(1, 2), after

    def step_rows(self, x: Tensor, state: ModuleState, *, reuse: bool = False) -> tuple[Tensor, ModuleState]:
        """`step` on rows `[B, n, C]`; None is the state before the first. With `reuse` the given state is used up."""
        count, keys, values = self.initial_state(x.shape[0]) if state is None else state
        if not reuse and state is not None:
            keys, values = keys.clone(), values.clone()
        past = int(count)
        pieces = []
        for piece in torch.split(x, self.slots - self.context + 1, dim=1):
            pieces.append(self._piece(piece, past, keys, values))
            past += piece.shape[1]
        out = pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)
        return out, (torch.tensor(past), keys, values)

    def _piece(self, x: Tensor, past: int, keys: Tensor, values: Tensor) -> Tensor:
        count = x.shape[1]
        if count == 1:  # doubled: a lone row would take another kernel, which sums in another order
            x = x.expand(-1, 2, -1)
        steps = torch.arange(past, past + count, device=x.device)
        if count == 1:
            steps = steps.expand(2)
        last = past + count - 1
        slot = torch.arange(self.slots, device=x.device)
        held = last - (last - slot) % self.slots  # which step lies in a slot
        ago = steps[:, None] - held
        seen = (ago >= 0) & (ago < self.context) & (held >= 0)
        bias = torch.zeros_like(ago, dtype=x.dtype).masked_fill_(~seen, -math.inf)
        turns = self._turns(steps)
        slots = steps % self.slots
        for layer, own_keys, own_values in zip(self.layers, keys, values, strict=True):
            assert isinstance(layer, TransformerLayer)
            x = layer.step(x, turns, bias, (own_keys, own_values), slots)
        return x[:, :count]

    def _turns(self, steps: Tensor) -> Tensor:
        """Positions `[T]` → how the pairs of queries and keys turn, `[T, 2, 1, d / 2]` complex.

        Queries are scaled on the way, for their products with the keys.
        """
        depth = self.width // self.heads
        pair = torch.arange(depth // 2, device=steps.device, dtype=torch.float32)
        angles = steps[:, None].float() * torch.exp(pair * (-math.log(self.max_period) * 2 / depth))
        one = torch.ones_like(angles)
        return torch.stack([torch.polar(one / math.sqrt(depth), angles), torch.polar(one, angles)], dim=1)[:, :, None]

    @property
    def _weight(self) -> Tensor:
        first = self.layers[0]
        assert isinstance(first, TransformerLayer)
        return first.in_proj.weight
