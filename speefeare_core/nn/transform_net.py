"""The network of the neural transform codec: a transform codec with repair.

Analysis: MDCT, power-law companding, linear map to the latent. Synthesis: linear map, expansion, inverse MDCT.
Causal frame blocks beside the linear path bend the spectrum before it is coded and repair it afterwards; their
outputs start at zero, so that training starts where the linear transform codec ends.
Related: MDCTCodec (arXiv 2411.00464), StreamCodec (arXiv 2504.06561).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from speefeare_core.nn.frame_blocks import FrameLinear, FrameStack
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform
from speefeare_core.nn.mdct import Mdct, compress
from speefeare_core.quantizers.residual import Quantized, ResidualVQ

LOG_FLOOR = 1e-7  # of a squared coefficient: -70 dB of full scale


@dataclass(frozen=True)
class TransformConfig(LinearConfig):
    """Sizes of the network; plain JSON values. Raises ValueError for values that cannot work."""

    width: int = 256
    hidden: int = 512
    kernel: int = 5
    encoder_network: bool = True  # False: the encoder stays linear, and the codes are the linear codec's
    encoder_dilations: tuple[int, ...] = (1,)
    decoder_dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4)
    repair_strength: tuple[float, ...] = ()  # share of the repair that is used at depth 1, 2, ...; then 1

    @property
    def linear(self) -> LinearConfig:
        """The linear transform codec inside."""
        return LinearConfig(**{field.name: getattr(self, field.name) for field in dataclasses.fields(LinearConfig)})


class LappedState(NamedTuple):
    """What encoder or decoder carries from frame to frame."""

    tail: Tensor  # [B, hop] samples
    histories: list[Tensor]  # of the frame blocks


class TransformOutput(NamedTuple):
    """One training pass."""

    audio: Tensor  # [B, 1, F * hop], one hop late
    quantized: Quantized


class TransformNet(nn.Module):
    """Encoder, residual quantiser and decoder; whole files are streams that start in silence."""

    mean: Tensor  # [hop], of the companded spectrum
    strength: Tensor  # [books], see repair_strength

    def __init__(self, config: TransformConfig) -> None:
        super().__init__()
        self.config = config
        hop, dim, width = config.hop_samples, config.dim, config.width
        self.mdct = Mdct(hop)
        self.register_buffer("mean", torch.zeros(hop))
        self.encoder_map = FrameLinear(hop, dim, bias=False)
        if config.encoder_network:
            self.encoder_in = FrameLinear(2 * hop, width)
            self.encoder_blocks = FrameStack(
                width, config.hidden, kernel=config.kernel, dilations=config.encoder_dilations
            )
            self.encoder_gain = FrameLinear(width, hop, zero=True)
            self.encoder_shift = FrameLinear(width, dim, zero=True)
        self.quantizer = ResidualVQ(config.books, config.book_size, dim)
        self.decoder_map = FrameLinear(dim, hop, bias=False)
        self.decoder_in = FrameLinear(dim + hop, width)
        self.depth_shift = nn.Parameter(torch.zeros(config.books, width))
        self.decoder_blocks = FrameStack(width, config.hidden, kernel=config.kernel, dilations=config.decoder_dilations)
        strength = torch.ones(config.books)
        strength[: len(config.repair_strength)] = torch.tensor(config.repair_strength)
        self.register_buffer("strength", strength, persistent=False)
        self.decoder_gain = FrameLinear(width, hop, zero=True)
        self.decoder_shift = FrameLinear(width, hop, zero=True)

    def encoder_silence(self, batch: int) -> LappedState:
        """State of the encoder before the first sample."""
        tail = self.mdct.silence(batch)
        return LappedState(tail, self.encoder_blocks.silence(tail) if self.config.encoder_network else [])

    def decoder_silence(self, batch: int) -> LappedState:
        """State of the decoder before the first frame."""
        tail = self.mdct.silence(batch)
        return LappedState(tail, self.decoder_blocks.silence(tail))

    def encode(self, audio: Tensor, state: LappedState) -> tuple[Tensor, LappedState]:
        """Audio [B, F * hop] -> latents [B, D, F] before quantisation, state after them."""
        spans, tail = self.mdct.spans(audio, state.tail)
        cosines = self.mdct.analyse(spans)
        companded = compress(cosines, self.config.power)
        if not self.config.encoder_network:
            return self.encoder_map(companded - self.mean).transpose(1, 2), LappedState(tail, [])
        sines = self.mdct.quadrature(spans)
        frames = self.encoder_in(torch.cat([companded, _level(cosines.square() + sines.square())], dim=2))
        frames, histories = self.encoder_blocks(frames, state.histories)
        bent = (companded - self.mean) * self.encoder_gain(frames).exp()
        latents = self.encoder_map(bent) + self.encoder_shift(frames)
        return latents.transpose(1, 2), LappedState(tail, histories)

    def decode(self, latents: Tensor, depths: Tensor, state: LappedState) -> tuple[Tensor, LappedState]:
        """Quantised latents [B, D, F] of depths [B] -> audio [B, F * hop] one hop late, state."""
        rows = latents.transpose(1, 2).contiguous()
        companded = self.decoder_map(rows) + self.mean
        level = _level(_pseudo_energy(compress(companded, 1 / self.config.power)))
        frames = self.decoder_in(torch.cat([rows, level], dim=2)) + self.depth_shift[depths - 1][:, None]
        frames, histories = self.decoder_blocks(frames, state.histories)
        strength = self.strength[depths - 1][:, None, None]
        companded = companded * (strength * self.decoder_gain(frames)).exp() + strength * self.decoder_shift(frames)
        audio, tail = self.mdct.synthesise(compress(companded, 1 / self.config.power), state.tail)
        return audio, LappedState(tail, histories)

    def forward(self, audio: Tensor, depths: Tensor) -> TransformOutput:
        """Train on audio [B, 1, F * hop], each example with its own number of books [B]."""
        latents, _ = self.encode(audio[:, 0], self.encoder_silence(audio.shape[0]))
        quantized = self.quantizer(latents, depths=depths)
        out, _ = self.decode(quantized.quantized, depths, self.decoder_silence(audio.shape[0]))
        return TransformOutput(out[:, None], quantized)

    @torch.no_grad()
    def start_linear(self, linear: LinearTransform) -> None:
        """Take over mean, map and books of a fitted linear transform codec with the same sizes."""
        self.mean.copy_(linear.mean)
        self.encoder_map.weight.copy_(linear.forward_map)
        self.decoder_map.weight.copy_(linear.inverse_map)
        for index in range(self.config.books):
            self.quantizer.layer(index).adopt(linear.quantizer.layer(index).codebook)


def _level(energy: Tensor) -> Tensor:
    """Logarithm of squared coefficients, brought to about -1.5..2."""
    return (torch.log(energy + LOG_FLOOR) + 8.0) / 4.0


def _pseudo_energy(coefficients: Tensor) -> Tensor:
    """c_k^2 + (c_{k+1} - c_{k-1})^2: a magnitude from the MDCT alone (Daudet and Sandler 2004), [B, F, hop]."""
    padded = nn.functional.pad(coefficients, (1, 1))
    return coefficients.square() + (padded[..., 2:] - padded[..., :-2]).square()
