"""The causal transformer for a fixed number of steps: a ring of keys and values, scales folded into the weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core import native
from speefeare_core.native.attention import attention, fits
from speefeare_core.native.transformer import Layer
from speefeare_core.native.transformer import transformer as native_transformer
from speefeare_core.nn.transformer import CausalTransformer, TransformerLayer
from speefeare_core.plans.parts import Part, Step
from speefeare_core.plans.products import Products

BLOCK = 256  # steps whose turns are computed together


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
        self._mask = torch.empty_like(self._masks[0])
        self._advance = torch.tensor([self._rows, 0])
        self._block, self._block_turns = 0, self._turns_of(0)
        self._turns = self._block_turns[: self._rows].clone()
        self._place = 0
        self._rings: list[Tensor] = []
        self.memory = [self._count, self._open]
        self.steps = [self._prepare]
        whole = self._in_one_call(source, products)
        if whole is not None:
            self.steps.append(lambda: whole(self._place * self._rows))
            return
        for layer in transformer.layers:
            assert isinstance(layer, TransformerLayer)
            self._add_layer(layer, source, products)

    def _all_masks(self) -> Tensor:
        """`[S / T, T, S]`: 0 where a row sees a slot, -∞ elsewhere, for each place where a step may lie."""
        rows, slots = self._rows, self._slots
        last = torch.arange(rows - 1, slots, rows)[:, None, None]
        ago = (last - torch.arange(slots)) % slots - (rows - 1 - torch.arange(rows))[:, None]
        seen = (ago >= 0) & (ago < self._transformer.context)
        return torch.zeros(seen.shape).masked_fill_(~seen, -math.inf).to(self._open.device)

    def _prepare(self) -> None:
        """Place, mask and turns of this step, the same for all layers."""
        past, shift = self._count.tolist()
        slot = (past + shift) % self._slots
        self._place = slot // self._rows
        block, within = divmod(past, BLOCK)
        if block != self._block:
            self._block, self._block_turns = block, self._turns_of(block)
        self._turns.copy_(self._block_turns[within : within + self._rows])
        if past < self._slots:
            self._open[slot : slot + self._rows] = 0
            torch.add(self._masks[self._place], self._open, out=self._mask)
        else:
            self._mask.copy_(self._masks[self._place])
        self._count += self._advance

    def _turns_of(self, block: int) -> Tensor:
        """Of the steps from the beginning of a block, some more than it holds: a step may begin at its end."""
        steps = torch.arange(block * BLOCK, (block + 1) * BLOCK + self._rows, device=self._open.device)
        return self._transformer._turns(steps)

    def _in_one_call(self, x: Tensor, products: Products) -> Callable[[int], None] | None:
        """All layers by our own loop, where it takes every product of them."""
        layers = []
        for layer in self._transformer.layers:
            assert isinstance(layer, TransformerLayer)
            if not (native.is_there() and fits(x.shape[1] // layer.heads) and native.is_plain(x)):
                return None
            linears = (
                (layer.in_proj, None), (layer.out_proj, layer.scale1.detach()),
                (layer.linear1, None), (layer.linear2, layer.scale2.detach()),
            )  # fmt: skip
            found = (products.own(linear.weight.detach(), self._rows, scale) for linear, scale in linears)
            its = [product for product in found if product is not None]
            if len(its) < len(linears):
                return None
            ring = products.keep(x.new_zeros(2, layer.heads, self._slots, x.shape[1] // layer.heads))
            layers.append(Layer(layer.norm1, layer.norm2, its[0], its[1], its[2], its[3], ring))
        self._rings = [layer.ring for layer in layers]
        self.memory += self._rings
        return native_transformer(layers, x, self._turns, self._mask)

    def _add_layer(self, layer: TransformerLayer, x: Tensor, products: Products) -> None:
        rows, width = x.shape
        heads, depth = layer.heads, width // layer.heads
        projected, seen = x.new_zeros(rows, 3 * width), x.new_zeros(rows, width)
        wide = x.new_zeros(rows, layer.linear1.out_features)
        ring = x.new_zeros(2, heads, self._slots, depth)
        self._rings.append(ring)
        self.memory.append(ring)
        self.steps += [
            *products.make(_normed(layer.norm1, x), layer.in_proj.weight.detach(), None, projected),
            *self._attend(projected.view(rows, 3, heads, depth), ring, seen.view(rows, heads, depth)),
            *products.make(seen, layer.out_proj.weight * layer.scale1[:, None], None, x, add=True),
            *products.make(_normed(layer.norm2, x), layer.linear1.weight.detach(), None, wide),
            *products.make(lambda: F.gelu(wide), layer.linear2.weight * layer.scale2[:, None], None, x, add=True),
        ]

    def _attend(self, split: Tensor, ring: Tensor, seen: Tensor) -> list[Step]:
        """Queries, keys and values `[T, 3, H, D]` → `[T, H, D]`, over a ring `[2, H, S, D]`."""
        rows, _, heads, depth = split.shape
        if native.is_there() and fits(depth) and native.is_plain(split):
            attend = attention(split, self._turns, self._mask, ring, seen)
            return [lambda: attend(self._place * rows)]
        pairs = torch.view_as_complex(torch.unflatten(split[:, :2], -1, (-1, 2)))  # queries and keys
        fresh = split[:, 1:].permute(1, 2, 0, 3)  # keys and values
        places = ring.view(2, heads, -1, rows, depth).unbind(2)
        weights, gathered = split.new_zeros(heads, rows, self._slots), split.new_zeros(heads, rows, depth)
        return [
            partial(torch.mul, pairs, self._turns, out=pairs),
            lambda: places[self._place].copy_(fresh),
            partial(torch.baddbmm, self._mask, split[:, 0].transpose(0, 1), ring[0].transpose(1, 2), out=weights),
            partial(torch.softmax, weights, -1, out=weights),
            partial(torch.bmm, weights, ring[1], out=gathered),
            partial(seen.transpose(0, 1).copy_, gathered),
        ]

    def begin(self, x: Tensor) -> Tensor:
        """The beginning of a recording, by the plain transformer, whose memory is taken over."""
        out, (count, keys, values) = self._transformer.step_rows(x.contiguous()[None], None)
        past = int(count)
        shift = -past % self._rows
        held = torch.arange(max(0, past - self._slots), past, device=x.device)
        slots, theirs = (held + shift) % self._slots, held % self._transformer.slots
        self._count.copy_(torch.tensor([past, shift]))
        self._open.fill_(-math.inf)[slots] = 0
        for index, ring in enumerate(self._rings):
            ring.zero_()[0][:, slots] = keys[index, 0].transpose(1, 2)[:, theirs]
            ring[1][:, slots] = values[index, 0][:, theirs]
        rows: Tensor = out[0]
        return rows


def _normed(norm: nn.LayerNorm, x: Tensor) -> Callable[[], Tensor]:
    sizes, weight, bias, eps = list(norm.normalized_shape), norm.weight.detach(), norm.bias.detach(), norm.eps
    return lambda: torch.layer_norm(x, sizes, weight, bias, eps)
