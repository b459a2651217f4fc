"""Plans of the neural transform codec and of the linear one inside it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.nn.linear_transform import LinearTransform
from speefeare_core.nn.transform_net import LOG_FLOOR, LappedState, TransformNet
from speefeare_core.plans.frame_stack import StackPlan
from speefeare_core.plans.lapped import (
    DECODER_FORMATS,
    ENCODER_FORMATS,
    Array,
    Companding,
    LappedPlan,
    OverlapAdd,
    Spans,
)
from speefeare_core.plans.rows import Rows


def transform_plan(info: CodecInfo, network: TransformNet, frames: int, depth: int | None, mode: str) -> LappedPlan:
    """The plan of a TransformNet on the processor; `mode` is a key of `plans.MODES`."""
    encoder = TransformEncoder(network, frames, ENCODER_FORMATS[mode])
    decoder = TransformDecoder(network, frames, DECODER_FORMATS[mode])
    return LappedPlan(info, network.quantizer, frames, depth, mode, encoder, decoder)


def linear_plan(info: CodecInfo, network: LinearTransform, frames: int, depth: int | None, mode: str) -> LappedPlan:
    """The plan of a LinearTransform on the processor."""
    encoder = LinearEncoder(network, network.forward_map, frames, ENCODER_FORMATS[mode])
    decoder = LinearDecoder(network, frames, DECODER_FORMATS[mode])
    return LappedPlan(info, network.quantizer, frames, depth, mode, encoder, decoder)


class LinearEncoder:
    """MDCT, companding, map."""

    def __init__(self, network: LinearTransform | TransformNet, forward: Tensor, frames: int, mode: str) -> None:
        rows = Rows.of(frames, mode)
        config = network.config
        self._spans = Spans(network.mdct, rows)
        self._analyse = rows.multiply(network.mdct.cosines, None, mode)
        self._cosines, self._companded = rows.empty(config.hop_samples), rows.empty(config.hop_samples)
        self._companding = Companding(config.power, self._cosines)
        self._mean = network.mean
        self._centred = rows.empty(config.hop_samples)
        self._map = rows.multiply(forward, None, mode)
        self._latents = rows.empty(config.dim)

    def run(self, audio: Array) -> Tensor:
        """`[n, hop]` → `[R, D]`."""
        self._spectra(audio)
        torch.sub(self._companded, self._mean, out=self._centred)
        return self._map(self._centred, self._latents)

    def state(self) -> Any:
        """`[1, hop]`."""
        return torch.from_numpy(self._spans.tail.copy())[None]

    def go_on_from(self, state: Any) -> None:
        """From it; None: silence."""
        self._spans.tail[:] = 0.0 if state is None else state[0].numpy()

    def _spectra(self, audio: Array) -> Tensor:
        spans = self._spans.run(audio)
        self._analyse(spans, self._cosines)
        self._companding.run(self._cosines, self._companded)
        return spans


class TransformEncoder(LinearEncoder):
    """The same, and the network that bends the spectra, where there is one."""

    def __init__(self, network: TransformNet, frames: int, mode: str) -> None:
        super().__init__(network, network.encoder_map.weight, frames, mode)
        config, rows = network.config, Rows.of(frames, mode)
        self._blocks: StackPlan | None = None
        if not config.encoder_network:
            return
        hop, width = config.hop_samples, config.width
        self._quadrature = rows.multiply(network.mdct.sines, None, mode)
        self._sines = rows.empty(hop)
        self._seen = rows.empty(2 * hop)
        self._in = rows.multiply(network.encoder_in.weight, network.encoder_in.bias, mode)
        self._frames = rows.empty(width)
        self._blocks = StackPlan(network.encoder_blocks, rows, mode)
        self._gain = rows.multiply(network.encoder_gain.weight, network.encoder_gain.bias, mode)
        self._shift = rows.multiply(network.encoder_shift.weight, network.encoder_shift.bias, mode)
        self._gains, self._shifts = rows.empty(hop), rows.empty(config.dim)

    def run(self, audio: Array) -> Tensor:
        """`[n, hop]` → `[R, D]`."""
        if self._blocks is None:
            return super().run(audio)
        spans = self._spectra(audio)
        self._quadrature(spans, self._sines)
        hop = self._sines.shape[1]
        self._seen[:, :hop] = self._companded
        self._seen[:, hop:] = _level(self._cosines.square_().add_(self._sines.square_()))
        self._in(self._seen, self._frames)
        self._blocks.run(self._frames)
        torch.sub(self._companded, self._mean, out=self._centred)
        self._centred.mul_(self._gain(self._frames, self._gains).exp_())
        self._map(self._centred, self._latents)
        return self._latents.add_(self._shift(self._frames, self._shifts))

    def state(self) -> LappedState:
        """As the network's."""
        return LappedState(super().state(), self._blocks.histories if self._blocks is not None else [])

    def go_on_from(self, state: Any) -> None:
        """From it; None: silence."""
        super().go_on_from(None if state is None else state.tail)
        if self._blocks is not None:
            self._blocks.reset() if state is None else self._blocks.go_on_from(state.histories)


class LinearDecoder:
    """Map, expansion, inverse MDCT."""

    def __init__(self, network: LinearTransform, frames: int, mode: str) -> None:
        rows = Rows.of(frames, mode)
        config = network.config
        self._latents = rows.empty(config.dim)
        self._map = rows.multiply(network.inverse_map, None, mode)
        self._mean = network.mean
        self._companded, self._cosines = rows.empty(config.hop_samples), rows.empty(config.hop_samples)
        self._expansion = Companding(1 / config.power, self._cosines)
        self._overlap_add = OverlapAdd(network.mdct, rows, mode)

    def run(self, latents: Array, depth: int) -> Array:
        """`[n, D]` → `[n, hop]`."""
        self._latents.numpy()[:] = latents
        self._map(self._latents, self._companded).add_(self._mean)
        return self._overlap_add.run(self._expansion.run(self._companded, self._cosines))

    def state(self) -> Any:
        """`[1, hop]`."""
        return torch.from_numpy(self._overlap_add.tail.copy())[None]

    def go_on_from(self, state: Any) -> None:
        """From it; None: silence."""
        self._overlap_add.tail[:] = 0.0 if state is None else state[0].numpy()


class TransformDecoder:
    """The linear decoder, and the network that repairs its spectra."""

    def __init__(self, network: TransformNet, frames: int, mode: str) -> None:
        rows = Rows.of(frames, mode)
        config = network.config
        hop, dim, width = config.hop_samples, config.dim, config.width
        self._seen = rows.empty(dim + hop)  # latents and level, side by side
        self._latents, self._levels = self._seen[:, :dim], self._seen[:, dim:]
        self._map = rows.multiply(network.decoder_map.weight, None, mode)
        self._mean = network.mean
        self._companded, self._signs = rows.empty(hop), rows.empty(hop)
        self._padded = rows.empty(hop + 2)  # a zero on either side
        self._cosines = self._padded[:, 1:-1]
        self._expansion = Companding(1 / config.power, self._cosines)
        self._energy = rows.empty(hop)
        self._in = rows.multiply(network.decoder_in.weight, network.decoder_in.bias, mode)
        self._depth_shift, self._strength = network.depth_shift.detach(), network.strength.tolist()
        self._frames = rows.empty(width)
        self._blocks = StackPlan(network.decoder_blocks, rows, mode)
        self._gain = rows.multiply(network.decoder_gain.weight, network.decoder_gain.bias, mode)
        self._shift = rows.multiply(network.decoder_shift.weight, network.decoder_shift.bias, mode)
        self._gains, self._shifts, self._repaired = rows.empty(hop), rows.empty(hop), rows.empty(hop)
        self._overlap_add = OverlapAdd(network.mdct, rows, mode)

    def run(self, latents: Array, depth: int) -> Array:
        """`[n, D]` → `[n, hop]`."""
        self._latents.numpy()[:] = latents
        companded = self._map(self._latents, self._companded).add_(self._mean)
        cosines = self._expansion.run(companded, self._cosines)
        # |c_k|² from the MDCT alone, see nn.transform_net
        energy = torch.sub(self._padded[:, 2:], self._padded[:, :-2], out=self._energy).square_()
        self._levels.copy_(_level(energy.add_(cosines.square())))
        frames = self._in(self._seen, self._frames).add_(self._depth_shift[depth - 1])
        self._blocks.run(frames)
        strength = self._strength[depth - 1]
        companded.mul_(self._gain(frames, self._gains).mul_(strength).exp_())
        companded.add_(self._shift(frames, self._shifts).mul_(strength))
        return self._overlap_add.run(self._expansion.run(companded, self._repaired))

    def state(self) -> LappedState:
        """As the network's."""
        return LappedState(torch.from_numpy(self._overlap_add.tail.copy())[None], self._blocks.histories)

    def go_on_from(self, state: Any) -> None:
        """From it; None: silence."""
        self._overlap_add.tail[:] = 0.0 if state is None else state.tail[0].numpy()
        self._blocks.reset() if state is None else self._blocks.go_on_from(state.histories)


def _level(energy: Tensor) -> Tensor:
    """In place, as `nn.transform_net` has it."""
    return energy.add_(LOG_FLOOR).log_().add_(8.0).div_(4.0)
