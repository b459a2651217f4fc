"""Plan of the sub-frame codec: rows of frames and rows of sub-frames, in buffers that stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from speefeare_core.codec import CodecInfo
from speefeare_core.nn.mdct import Mdct
from speefeare_core.nn.subframe_net import (
    LEVEL_FLOOR,
    LOUDEST,
    SubframeDecoder,
    SubframeDecoderState,
    SubframeEncoder,
    SubframeEncoderState,
    SubframeNet,
)
from speefeare_core.plans.frame_stack import StackPlan
from speefeare_core.plans.lapped import DECODER_FORMATS, ENCODER_FORMATS, Array, Companding, LappedPlan, Spans
from speefeare_core.plans.rows import Rows

__all__ = ["subframe_plan"]


def subframe_plan(info: CodecInfo, network: SubframeNet, frames: int, depth: int | None, mode: str) -> LappedPlan:
    """The plan of a SubframeNet on the processor; `mode` is a key of `plans.MODES`."""
    encoder = SubframeEncoderPlan(network.encoder, frames, ENCODER_FORMATS[mode])
    decoder = SubframeDecoderPlan(network.decoder, frames, DECODER_FORMATS[mode])
    return LappedPlan(info, network.quantizer, frames, depth, mode, encoder, decoder)


class _Spectrum:
    """MDCT and MDST of a step's blocks: `cosines`, `sines` and `spans.tail`."""

    def __init__(self, mdct: Mdct, rows: Rows, mode: str) -> None:
        self.spans = Spans(mdct, rows)
        self._analyse = rows.multiply(mdct.cosines, None, mode)
        self._quadrature = rows.multiply(mdct.sines, None, mode)
        self.cosines, self.sines = rows.empty(mdct.hop), rows.empty(mdct.hop)
        self._companding = Companding(0.5, self.cosines)
        self.companded, self.energy = rows.empty(mdct.hop), rows.empty(mdct.hop)

    def run(self, audio: Array) -> None:
        """`[n, hop]`."""
        spans = self.spans.run(audio)
        self._analyse(spans, self.cosines)
        self._quadrature(spans, self.sines)

    def root(self, values: Tensor) -> Tensor:
        """sign(v)·√|v|, in a buffer that the next call writes over."""
        return self._companding.run(values, self.companded)

    def level(self) -> Tensor:
        """As `nn.subframe_net.level` of the energies."""
        torch.mul(self.cosines, self.cosines, out=self.energy).add_(self.sines.square())
        return self.energy.add_(LEVEL_FLOOR).log_().add_(8.0).div_(4.0)


class SubframeEncoderPlan:
    """Spectra of both lengths, frame blocks, latents."""

    def __init__(self, encoder: SubframeEncoder, frames: int, mode: str) -> None:
        config = encoder.config
        self._frames, self._samples = frames, config.subframe_samples
        rows, fine = Rows.of(frames, mode), Rows.of(frames * config.subframes, mode)
        self._short, self._long = _Spectrum(encoder.short, fine, mode), _Spectrum(encoder.long, rows, mode)
        self._fine_rows = frames * config.subframes
        self._seen = rows.empty(5 * config.hop_samples)
        self._inward = rows.multiply(encoder.inward.weight, encoder.inward.bias, mode)
        self._wide = rows.empty(config.encoder_width)
        self._blocks = StackPlan(encoder.blocks, rows, mode)
        self._norm = encoder.norm
        self._outward = rows.multiply(encoder.outward.weight, encoder.outward.bias, mode)
        self._direct = rows.multiply(encoder.direct.weight, encoder.direct.bias, mode)
        self._latents, self._more = rows.empty(config.dim), rows.empty(config.dim)

    def run(self, audio: Array) -> Tensor:
        """`[n, hop]` → `[R, D]`."""
        short, long, hop = self._short, self._long, audio.shape[1]
        short.run(audio.reshape(-1, self._samples))
        long.run(audio)
        self._place(0, short.root(short.cosines))
        self._place(1, short.root(short.sines))
        self._place(2, short.level())
        self._seen[: self._frames, 3 * hop : 4 * hop] = long.root(long.cosines)[: self._frames]
        self._seen[: self._frames, 4 * hop :] = long.level()[: self._frames]
        if self._seen.shape[0] > self._frames:  # the row beside a lone one
            self._seen[self._frames :] = self._seen[0]
        self._inward(self._seen, self._wide)
        self._blocks.run(self._wide)
        self._outward(_normed(self._wide, self._norm), self._latents)
        return self._latents.add_(self._direct(self._seen, self._more))

    def state(self) -> SubframeEncoderState:
        """As the network's."""
        short, long = (torch.from_numpy(part.spans.tail.copy())[None] for part in (self._short, self._long))
        return SubframeEncoderState(short, long, self._blocks.histories)

    def go_on_from(self, state: Any) -> None:
        """From it; None: silence."""
        self._short.spans.tail[:] = 0.0 if state is None else state.short_tail[0].numpy()
        self._long.spans.tail[:] = 0.0 if state is None else state.long_tail[0].numpy()
        self._blocks.reset() if state is None else self._blocks.go_on_from(state.histories)

    def _place(self, index: int, part: Tensor) -> None:
        """Rows of sub-frames side by side, as the part `index` of what the frames see."""
        hop = self._long.cosines.shape[1]
        found = part[: self._fine_rows].view(self._frames, hop)
        self._seen[: self._frames, index * hop : (index + 1) * hop] = found


class SubframeDecoderPlan:
    """Frame blocks, blocks of sub-frames, spectra, overlap and add."""

    def __init__(self, decoder: SubframeDecoder, frames: int, mode: str) -> None:
        config = decoder.config
        self._frames, self._parts, self._bins = frames, config.subframes, decoder.bins
        rows, fine = Rows.of(frames, mode), Rows.of(frames * config.subframes, mode)
        self._latents, self._wide = rows.empty(config.dim), rows.empty(config.decoder_width)
        self._inward = rows.multiply(decoder.inward.weight, decoder.inward.bias, mode)
        self._blocks = StackPlan(decoder.blocks, rows, mode)
        self._norm, self._fine_norm = decoder.norm, decoder.fine_norm
        self._split = rows.multiply(decoder.split.weight, decoder.split.bias, mode)
        self._splits, self._fine = rows.empty(config.subframes * config.fine_width), fine.empty(config.fine_width)
        self._fine_blocks = StackPlan(decoder.fine_blocks, fine, mode)
        self._head = fine.multiply(decoder.head.weight, decoder.head.bias, mode)
        self._spectra, self._polar = fine.empty(2 * decoder.bins), fine.empty(2 * decoder.bins)
        self._inverse = fine.multiply(decoder.inverse, None, mode)
        samples = self._samples = config.subframe_samples
        self._spans = fine.empty(2 * samples)
        self._late = np.zeros((fine.frames + 1, samples), np.float32)
        self._fine_rows = fine.frames

    def run(self, latents: Array, depth: int) -> Array:
        """`[n, D]` → `[n, hop]`."""
        self._latents.numpy()[:] = latents
        self._inward(self._latents, self._wide)
        self._blocks.run(self._wide)
        self._split(_normed(self._wide, self._norm), self._splits)
        fine, count = self._fine, self._fine_rows
        fine[:count] = self._splits[: self._frames].view(count, -1)
        if fine.shape[0] > count:
            fine[count:] = fine[0]
        self._fine_blocks.run(fine)
        found = self._head(_normed(fine, self._fine_norm), self._polar)
        magnitudes, phases = found[:, : self._bins], found[:, self._bins :]
        magnitudes.clamp_(max=LOUDEST).exp_()
        torch.mul(magnitudes, phases.cos(), out=self._spectra[:, : self._bins])
        torch.mul(magnitudes, phases.sin(), out=self._spectra[:, self._bins :])
        spans = self._inverse(self._spectra, self._spans).numpy()[:count]
        self._late[1:] = spans[:, self._samples :]
        audio: Array = (self._late[:-1] + spans[:, : self._samples]).reshape(self._frames, -1)
        self._late[0] = self._late[-1]
        return audio

    def state(self) -> SubframeDecoderState:
        """As the network's."""
        late = torch.from_numpy(self._late[:1].copy())
        return SubframeDecoderState(self._blocks.histories, self._fine_blocks.histories, late)

    def go_on_from(self, state: Any) -> None:
        """From it; None: silence."""
        self._late[0] = 0.0 if state is None else state.late[0].numpy()
        self._blocks.reset() if state is None else self._blocks.go_on_from(state.histories)
        self._fine_blocks.reset() if state is None else self._fine_blocks.go_on_from(state.fine_histories)


def _normed(rows: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    return layer_norm(rows, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
