"""An LSTM with its skip connection for a fixed number of rows a step.

With `SameBits` it gives what `ResidualLstm.step` gives to the last bit (the same products in the same order), which an
encoder needs whose codes must not differ. A decoder takes input and hidden values side by side through one product a
layer where it has one row, and takes weights of another number format.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from speefeare_core import native
from speefeare_core.native.gates import fits, gates
from speefeare_core.nn.recurrent import PARTS, ResidualLstm
from speefeare_core.nn.rows import SLICE
from speefeare_core.plans.kernels import prepare
from speefeare_core.plans.parts import Part, Step
from speefeare_core.plans.products import Products
from speefeare_core.plans.same_bits import SameBits, product_steps


class LstmPart(Part):
    """x + LSTM(x) on rows `[n, D]`. Its memory: hidden `[D]` and cell `[D]` of each layer, in this order."""

    def __init__(self, module: ResidualLstm, source: Tensor, products: Products) -> None:
        super().__init__()
        rows, width = source.shape
        self._module = module
        self.output = torch.empty_like(source)
        layers = [_Layer(module, layer) for layer in range(module.layers)]
        self._cells = [source.new_zeros(width) for _ in layers]
        self._curved = source.new_empty(width)
        if isinstance(products, SameBits):
            hidden = self._as_the_module(layers, source, products)
        elif rows == 1:
            hidden = self._side_by_side(layers, source, products)
        else:
            hidden = self._frame_by_frame(layers, source, products)
        self.memory = [part for pair in zip(hidden, self._cells, strict=True) for part in pair]

    def begin(self, x: Tensor) -> Tensor:
        """Rows `[T', D]` from silence through the module itself."""
        out, (hidden, cell) = self._module.step(x.t()[None], self._module.initial_state(1))
        for layer in range(self._module.layers):
            self.memory[2 * layer].copy_(hidden[0, layer])
            self.memory[2 * layer + 1].copy_(cell[0, layer])
        rows: Tensor = out[0].t()
        return rows

    def _as_the_module(self, layers: list[_Layer], source: Tensor, products: Products) -> list[Tensor]:
        count, width = source.shape
        given = source
        if count == 1:  # a lone row takes another kernel, see nn.rows
            given = source.new_empty(2, width)
            self.steps.append(partial(given.copy_, source.expand(2, -1)))
        hidden = []
        for layer, cell in zip(layers, self._cells, strict=True):
            sums, after = given.new_empty(given.shape[0], 4 * width), torch.zeros_like(given)
            slices = zip(torch.split(given, SLICE, 1), torch.split(layer.given, SLICE), strict=True)
            self.steps += product_steps(list(slices), layer.bias, sums, products, lone=count == 1)
            number = 1 if count == 1 and _whole_is_parts(layer.recurrent) else PARTS
            recurrent = products.keep(layer.recurrent)
            parts = list(zip(recurrent.chunk(number), sums.chunk(number, dim=1), strict=True))
            for frame in range(count):
                before = after[frame - 1 if frame else count - 1]  # of the step before
                # Each time in the other direction, as the module does, so that the cache holds what comes first.
                for weight, part in parts if frame % 2 else reversed(parts):
                    self.steps.append(partial(part[frame].addmv_, weight, before))
                out = after[frame] if count > 1 else after  # of one frame both rows
                self.steps += self._as_torch(sums[frame], cell, out)
            hidden.append(after[count - 1])
            given = after
        self.steps.append(partial(torch.add, given[:count], source, out=self.output))
        return hidden

    def _side_by_side(self, layers: list[_Layer], source: Tensor, products: Products) -> list[Tensor]:
        """One row in which each layer finds its input before its own hidden values."""
        width = source.shape[1]
        line = source.new_zeros(1, (len(layers) + 1) * width)
        self.steps.append(partial(line[:, :width].copy_, source))
        hidden = [line[0, (index + 1) * width : (index + 2) * width] for index in range(len(layers))]
        for index, (layer, cell) in enumerate(zip(layers, self._cells, strict=True)):
            sums = source.new_empty(1, 4 * width)
            weight = torch.cat([layer.given.t(), layer.recurrent], dim=1)
            self.steps += products.make(line[:, index * width : (index + 2) * width], weight, layer.bias, sums)
            self.steps += self._gated(sums[0], cell, hidden[index])
        self.steps.append(partial(torch.add, hidden[-1][None], source, out=self.output))
        return hidden

    def _frame_by_frame(self, layers: list[_Layer], source: Tensor, products: Products) -> list[Tensor]:
        count, width = source.shape
        given, hidden = source, []
        for layer, cell in zip(layers, self._cells, strict=True):
            sums, after = source.new_empty(count, 4 * width), torch.zeros_like(source)
            self.steps += products.make(given, layer.given.t(), layer.bias, sums)
            recurrent = prepare(layer.recurrent, None, 1, products.form_of(layer.recurrent.numel()))
            told = source.new_empty(1, 4 * width)
            for frame in range(count):
                before = after[frame - 1 if frame else count - 1]
                self.steps += [partial(recurrent.apply, before[None], told), partial(sums[frame].add_, told[0])]
                self.steps += self._gated(sums[frame], cell, after[frame])
            hidden.append(after[count - 1])
            given = after
        self.steps.append(partial(torch.add, given, source, out=self.output))
        return hidden

    def _gated(self, sums: Tensor, cell: Tensor, out: Tensor) -> list[Step]:
        """The gates' sums `[4·D]` (overwritten) and the cell → the cell after, and hidden values into `out` `[D]`."""
        if native.is_there() and fits(cell.shape[0]) and native.is_plain(sums, cell, out):
            return [gates(sums, cell, out)]
        return self._as_torch(sums, cell, out)

    def _as_torch(self, gates: Tensor, cell: Tensor, out: Tensor) -> list[Step]:
        let_in, forget, new, show = gates.chunk(4)
        curved = self._curved
        return [
            partial(torch.tanh, new, out=curved),
            gates.sigmoid_,  # all, which takes less than choosing
            partial(cell.mul_, forget),
            partial(cell.addcmul_, let_in, curved),
            partial(torch.tanh, cell, out=curved),
            partial(torch.mul, show.expand_as(out), curved.expand_as(out), out=out),
        ]


class _Layer:
    """One layer's weights; gates in torch's order: input, forget, new, output."""

    def __init__(self, module: ResidualLstm, layer: int) -> None:
        given, self.recurrent, self.bias = (weight.detach() for weight in module._weights(layer))
        self.given = given.t().contiguous()  # [D, 4·D], the module's own memory where it lies like that


def _whole_is_parts(weight: Tensor) -> bool:
    """Whether one product gives the bits of the module's parts; small ones have kernels of their own."""
    x = torch.randn(weight.shape[1], generator=torch.Generator().manual_seed(3)).to(weight)
    return torch.equal(torch.mv(weight, x), torch.cat([torch.mv(part, x) for part in weight.chunk(PARTS)]))
