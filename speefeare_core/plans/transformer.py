"""The causal transformer for a fixed number of steps: a ring of keys and values, scales folded into the weights."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from speefeare_core.nn.transformer import CausalTransformer, TransformerLayer
from speefeare_core.plans.parts import Part
from speefeare_core.plans.products import Products


class TransformerPart(Part):
    """The rows of `source` `[T, C]` through all layers, in place.

    Step i lies in slot (i + shift) mod S of the ring, S a multiple of T, so that a step never wraps; which slots each
    of its rows sees is then one of S / T masks, made once. Until the ring is full, `open` masks the empty ones.
    """

    def __init__(self, transformer: CausalTransformer, source: Tensor, products: Products) -> None:
        super().__init__()
        self._transformer, self.output = transformer, source
        self._rows = source.shape[0]
        self._slots = -(-(transformer.context + self._rows - 1) // self._rows) * self._rows
        self._count = torch.zeros(2, dtype=torch.int64)  # steps so far, shift
        self._open = source.new_full((self._slots,), -math.inf)
        self._masks = list(self._all_masks().unbind())
        layers = [layer for layer in transformer.layers if isinstance(layer, TransformerLayer)]
        self._layers = [_Layer(layer, source, self._slots, products) for layer in layers]
        self.memory = [self._count, self._open]
        for layer in self._layers:
            self.memory += [layer.keys, layer.values]
        self.steps = [self._step]

    def _all_masks(self) -> Tensor:
        """`[S / T, T, S]`: 0 where a row sees a slot, -∞ elsewhere, for each place where a step may lie."""
        rows, slots = self._rows, self._slots
        last = torch.arange(rows - 1, slots, rows)[:, None, None]
        ago = (last - torch.arange(slots)) % slots - (rows - 1 - torch.arange(rows))[:, None]
        seen = (ago >= 0) & (ago < self._transformer.context)
        return torch.zeros(seen.shape).masked_fill_(~seen, -math.inf).to(self._open.device)

    def _step(self) -> None:
        past, shift = self._count.tolist()
        slot = (past + shift) % self._slots
        turns = self._transformer._turns(torch.arange(past, past + self._rows, device=self._open.device))
        mask = self._masks[slot // self._rows]
        if past < self._slots:
            self._open[slot : slot + self._rows] = 0
            mask = mask + self._open
        own, others = turns.unbind(1)
        for layer in self._layers:
            layer.step(own, others, mask, slot)
        self._count[0] += self._rows

    def begin(self, x: Tensor) -> Tensor:
        """The beginning of a recording, by the plain transformer, whose memory is taken over."""
        out, (count, keys, values) = self._transformer.step_rows(x.contiguous()[None], None)
        past = int(count)
        shift = -past % self._rows
        held = torch.arange(max(0, past - self._slots), past, device=x.device)
        slots, theirs = (held + shift) % self._slots, held % self._transformer.slots
        self._count.copy_(torch.tensor([past, shift]))
        self._open.fill_(-math.inf)[slots] = 0
        for index, layer in enumerate(self._layers):
            layer.keys.zero_()[slots] = keys[index, 0].permute(2, 0, 1)[theirs]
            layer.values.zero_()[slots] = values[index, 0].transpose(0, 1)[theirs]
        rows: Tensor = out[0]
        return rows


class _Layer:
    """One layer on `x` `[T, C]`, in place; keys and values `[S, H, d]`."""

    def __init__(self, layer: TransformerLayer, x: Tensor, slots: int, products: Products) -> None:
        rows, width = x.shape
        heads = layer.heads
        self.x, self.layer, self.sizes = x, layer, (width,)
        self.keys = x.new_zeros(slots, heads, width // heads)
        self.values = torch.zeros_like(self.keys)
        self.project = products.of(layer.in_proj.weight, rows)
        self.gather = products.of(layer.out_proj.weight * layer.scale1[:, None], rows)
        self.widen = products.of(layer.linear1.weight, rows)
        self.narrow = products.of(layer.linear2.weight * layer.scale2[:, None], rows)
        self.projected = x.new_zeros(rows, 3 * width)
        split = self.projected.view(rows, 3, heads, -1)
        pairs = _pairs(split[:, :2])
        self.query_pairs, self.key_pairs, self.value = pairs[:, 0], pairs[:, 1], split[:, 2]
        turned = x.new_zeros(rows, heads, width // heads)
        self.turned = _pairs(turned)
        self.queries = turned.transpose(0, 1)
        self.key_slots = _pairs(self.keys)
        self.key_columns, self.value_rows = self.keys.permute(1, 2, 0), self.values.transpose(0, 1)
        self.weights = x.new_zeros(heads, rows, slots)
        self.seen = x.new_zeros(rows, width)
        self.seen_heads = self.seen.view(rows, heads, -1).transpose(0, 1)
        self.wide = x.new_zeros(rows, layer.linear1.out_features)
        self.added = x.new_zeros(rows, width)

    def step(self, own: Tensor, others: Tensor, mask: Tensor, slot: int) -> None:
        """Turns of the queries and of the keys `[T, 1, d / 2]` complex, what is seen `[T, S]`, the first slot."""
        x, layer, end = self.x, self.layer, slot + self.x.shape[0]
        self.project(F.layer_norm(x, self.sizes, layer.norm1.weight, layer.norm1.bias, layer.norm1.eps), self.projected)
        torch.mul(self.query_pairs, own, out=self.turned)
        torch.mul(self.key_pairs, others, out=self.key_slots[slot:end])
        self.values[slot:end] = self.value
        torch.baddbmm(mask, self.queries, self.key_columns, out=self.weights)
        torch.softmax(self.weights, -1, out=self.weights)
        torch.bmm(self.weights, self.value_rows, out=self.seen_heads)
        x.add_(self.gather(self.seen, self.added))
        self.widen(F.layer_norm(x, self.sizes, layer.norm2.weight, layer.norm2.bias, layer.norm2.eps), self.wide)
        x.add_(self.narrow(F.gelu(self.wide), self.added))


def _pairs(values: Tensor) -> Tensor:
    """Neighbouring values as complex numbers, `[…, d]` → `[…, d / 2]`, in the same memory."""
    return torch.view_as_complex(torch.unflatten(values, -1, (-1, 2)))
