"""SEANet, encoder or decoder, for a fixed number of rows a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.nn.seanet import SeanetDecoder, SeanetEncoder, SeanetLayer
from speefeare_core.nn.streaming import Pointwise, Residual, StreamModule, StreamSequential
from speefeare_core.plans.convolution import Conv, ConvPart, Shifts
from speefeare_core.plans.parts import EluPart, Part, PointwisePart
from speefeare_core.plans.products import Products
from speefeare_core.plans.same_bits import SameBits, SameConvPart

# What makes the part of a module that is no convolution, ELU or residual layer, from the rows that it reads.
MakePart = Callable[[StreamModule, Tensor, Products], Part]


class ChainPart(Part):
    """Parts one after the other: a SEANet, or the inside of a residual layer.

    An ELU before a convolution is that convolution's, which copies its input anyway. `makers` says what to do with
    other kinds of modules. The last convolution adds to `add_to` where it is given.
    """

    def __init__(
        self,
        modules: StreamSequential,
        source: Tensor,
        products: Products,
        makers: Mapping[type, MakePart] | None = None,
        *,
        add_to: Tensor | None = None,
        shifts: Shifts | None = None,
    ) -> None:
        super().__init__()
        self._parts: list[Part] = []
        parts = list(modules)
        elu = False
        for index, module in enumerate(parts):
            last = index == len(parts) - 1
            if is_elu(module):
                elu = True
                continue
            conv = conv_of(module)
            if conv is None and elu:
                source = self._append(EluPart(source, torch.empty_like(source)))
            if conv is not None:
                part = conv_part(conv, source, products, elu=elu, add_to=add_to if last else None, shifts=shifts)
            elif isinstance(module, Residual):
                part = ResidualPart(module, source, products, shifts)
            elif makers is not None and type(module) in makers:
                part = makers[type(module)](module, source, products)
            elif isinstance(module, Pointwise):
                part = PointwisePart(module.module, source)
            else:
                raise TypeError(f"{type(module).__name__} has no part in a plan")
            source, elu = self._append(part), False
        self.output = self._append(EluPart(source, torch.empty_like(source))) if elu else source

    def _append(self, part: Part) -> Tensor:
        self._parts.append(part)
        self.steps += part.steps
        self.memory += part.memory
        return part.output

    def begin(self, x: Tensor) -> Tensor:
        """Each part on the whole of it; what is added to must be added outside."""
        for part in self._parts:
            x = part.begin(x)
        return x


class ResidualPart(Part):
    """x + block(x), or shortcut(x) + block(x); without a shortcut the rows that it reads are overwritten by the sum."""

    def __init__(self, module: Residual, source: Tensor, products: Products, shifts: Shifts | None = None) -> None:
        super().__init__()
        self._shortcut: Part | None = None
        if module.shortcut is not None:
            conv = conv_of(module.shortcut)
            if conv is None:
                raise TypeError(f"{type(module.shortcut).__name__} has no part in a plan")
            self._shortcut = conv_part(conv, source, products, shifts=shifts)
            self.steps += self._shortcut.steps
            self.memory += self._shortcut.memory
        self.output = source if self._shortcut is None else self._shortcut.output
        block = cast(StreamSequential, module.block)
        self._block = ChainPart(block, source, products, add_to=self.output, shifts=shifts)
        self.steps += self._block.steps
        self.memory += self._block.memory

    def begin(self, x: Tensor) -> Tensor:
        """Both ways and their sum."""
        return self._block.begin(x) + (x if self._shortcut is None else self._shortcut.begin(x))


class SeanetPlan(ChainPart):
    """One side of a causal SEANet for `rows` input rows a step: samples `[T, C]` of an encoder, latents of a decoder.

    Write the input to `input` (which is `source` where that is given), call `run`, read `output`; both stay where they
    are. Raises TypeError for a network that has no plan (a norm over time, a layer that looks ahead).
    """

    def __init__(
        self,
        side: SeanetEncoder | SeanetDecoder,
        rows: int,
        products: Products | None = None,
        makers: Mapping[type, MakePart] | None = None,
        *,
        source: Tensor | None = None,
    ) -> None:
        first = conv_of(side.model[0])
        if first is None or not side.causal:
            raise TypeError("this SEANet has no plan")
        self.input = first.weight.detach().new_zeros(rows, first.in_channels) if source is None else source
        shifts: Shifts = []
        super().__init__(side.model, self.input, products or Products(), makers, shifts=shifts)
        if shifts:  # all at once: among megabytes of weights a call costs more than what it copies
            heads, tails = zip(*shifts, strict=True)
            self.steps.append(partial(torch._foreach_copy_, list(heads), list(tails)))


def conv_part(
    conv: Conv,
    source: Tensor,
    products: Products,
    *,
    elu: bool = False,
    add_to: Tensor | None = None,
    shifts: Shifts | None = None,
) -> Part:
    """The part of a convolution that these products take."""
    if isinstance(products, SameBits):
        return SameConvPart(conv, source, products, elu=elu, add_to=add_to, shifts=shifts)
    return ConvPart(conv, source, products, elu=elu, add_to=add_to, shifts=shifts)


def conv_of(module: nn.Module) -> Conv | None:
    """The causal convolution that a layer consists of, if it does."""
    if isinstance(module, SeanetLayer) and module.norm is None:
        module = module.conv
    return module if type(module) in (CausalConv1d, CausalConvTranspose1d) else None  # type: ignore[return-value]


def is_elu(module: nn.Module) -> bool:
    """Whether a module is an ELU of the usual kind."""
    return isinstance(module, Pointwise) and isinstance(module.module, nn.ELU) and module.module.alpha == 1
