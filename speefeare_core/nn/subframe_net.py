"""A small causal codec network: short spectra in, residual books at the frame rate, short spectra with phases out.

Encoder: MDCT and MDST of every quarter of a frame and of the whole one, causal frame blocks, latents. Decoder: frame
blocks at the frame rate and then at that of the sub-frames, and for each of these a spectrum of magnitudes and phases
whose inverse transforms overlap. Fast on a processor: no layer works at the rate of the samples.
Synthesis after Vocos (arXiv 2306.00814, section 3); blocks after ConvNeXt (arXiv 2201.03545).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.frame_blocks import FrameLinear, FrameStack, row_matmul
from speefeare_core.nn.mdct import Mdct, compress
from speefeare_core.quantizers.residual import Quantized, ResidualVQ

LEVEL_FLOOR = 1e-7  # of a squared coefficient: -70 dB of full scale
FAINT = -4.0  # natural logarithm of the magnitudes that an untrained decoder gives
LOUDEST = 6.0  # the same, of what no magnitude exceeds


@dataclass(frozen=True)
class SubframeConfig(NetworkConfig):
    """Sizes of the network; plain JSON values. Raises ValueError for values that cannot work."""

    rate_hz: int = 16000
    hop_samples: int = 320
    subframes: int = 4  # of a frame
    dim: int = 64
    books: int = 12
    book_size: int = 1024
    kernel: int = 3
    encoder_width: int = 320
    encoder_hidden: int = 640
    encoder_dilations: tuple[int, ...] = (1, 1, 2, 4)
    decoder_width: int = 320
    decoder_hidden: int = 640
    decoder_dilations: tuple[int, ...] = (1, 2, 4, 1)
    fine_width: int = 224
    fine_hidden: int = 448
    fine_dilations: tuple[int, ...] = (1, 2, 4, 1)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                    raise ValueError(f"{field.name} should be whole numbers from 1 on, not {number!r}")
        if self.hop_samples % self.subframes:
            raise ValueError(f"hop_samples {self.hop_samples} cannot be cut into {self.subframes} sub-frames")

    @property
    def subframe_samples(self) -> int:
        """Samples of a sub-frame, and the delay of the decoder."""
        return self.hop_samples // self.subframes


class SubframeEncoderState(NamedTuple):
    """What the encoder carries."""

    short_tail: Tensor  # [B, sub-frame] samples
    long_tail: Tensor  # [B, hop] samples
    histories: list[Tensor]  # of the frame blocks


class SubframeDecoderState(NamedTuple):
    """What the decoder carries."""

    histories: list[Tensor]  # of the blocks at the frame rate
    fine_histories: list[Tensor]  # of those at the rate of the sub-frames
    late: Tensor  # [B, sub-frame], the second half of the last span


class SubframeOutput(NamedTuple):
    """One training pass."""

    audio: Tensor  # [B, 1, F * hop], one sub-frame late
    latents: Tensor  # [B, D, F], before quantisation
    quantized: Quantized


class SubframeEncoder(nn.Module):
    """Audio to latents."""

    def __init__(self, config: SubframeConfig) -> None:
        super().__init__()
        self.config = config
        self.short, self.long = Mdct(config.subframe_samples), Mdct(config.hop_samples)
        seen = 5 * config.hop_samples
        self.inward = FrameLinear(seen, config.encoder_width)
        self.blocks = FrameStack(
            config.encoder_width, config.encoder_hidden, kernel=config.kernel, dilations=config.encoder_dilations
        )
        self.norm = nn.LayerNorm(config.encoder_width)
        self.outward = FrameLinear(config.encoder_width, config.dim)
        self.direct = FrameLinear(seen, config.dim, zero=True)

    def silence(self, batch: int) -> SubframeEncoderState:
        """State before the first sample."""
        short, long = self.short.silence(batch), self.long.silence(batch)
        return SubframeEncoderState(short, long, self.blocks.silence(long))

    def forward(self, audio: Tensor, state: SubframeEncoderState) -> tuple[Tensor, SubframeEncoderState]:
        """Audio [B, F * hop] -> latents [B, D, F], state."""
        spans, long_tail = self.long.spans(audio, state.long_tail)
        cosines, sines = self.long.analyse(spans), self.long.quadrature(spans)
        spans, short_tail = self.short.spans(audio, state.short_tail)
        batch, count, _ = cosines.shape
        quick, quick_sines = self.short.analyse(spans), self.short.quadrature(spans)
        seen = torch.cat([
            compress(quick, 0.5).view(batch, count, -1),
            compress(quick_sines, 0.5).view(batch, count, -1),
            level(quick.square() + quick_sines.square()).view(batch, count, -1),
            compress(cosines, 0.5),
            level(cosines.square() + sines.square()),
        ], dim=2)  # fmt: skip
        frames, histories = self.blocks(self.inward(seen), state.histories)
        latents = self.outward(self.norm(frames)) + self.direct(seen)
        return latents.transpose(1, 2), SubframeEncoderState(short_tail, long_tail, histories)


class SubframeDecoder(nn.Module):
    """Quantised latents to audio."""

    inverse: Tensor  # [2 * bins, 2 * sub-frame], real and imaginary parts to a windowed span

    def __init__(self, config: SubframeConfig) -> None:
        super().__init__()
        self.config = config
        self.inward = FrameLinear(config.dim, config.decoder_width)
        self.blocks = FrameStack(
            config.decoder_width, config.decoder_hidden, kernel=config.kernel, dilations=config.decoder_dilations
        )
        self.norm = nn.LayerNorm(config.decoder_width)
        self.split = FrameLinear(config.decoder_width, config.subframes * config.fine_width)
        self.fine_blocks = FrameStack(
            config.fine_width, config.fine_hidden, kernel=config.kernel, dilations=config.fine_dilations
        )
        self.fine_norm = nn.LayerNorm(config.fine_width)
        self.bins = config.subframe_samples + 1
        self.head = FrameLinear(config.fine_width, 2 * self.bins)
        assert self.head.bias is not None
        with torch.no_grad():
            self.head.bias[: self.bins] = FAINT
        self.register_buffer("inverse", inverse_transform(config.subframe_samples), persistent=False)

    def silence(self, batch: int) -> SubframeDecoderState:
        """State before the first frame."""
        late = self.inverse.new_zeros(batch, self.config.subframe_samples)
        return SubframeDecoderState(self.blocks.silence(late), self.fine_blocks.silence(late), late)

    def forward(self, latents: Tensor, state: SubframeDecoderState) -> tuple[Tensor, SubframeDecoderState]:
        """Latents [B, D, F] -> audio [B, F * hop], one sub-frame late; state."""
        frames, histories = self.blocks(self.inward(latents.transpose(1, 2).contiguous()), state.histories)
        batch, count, _ = frames.shape
        fine = self.split(self.norm(frames)).view(batch, count * self.config.subframes, -1)
        fine, fine_histories = self.fine_blocks(fine, state.fine_histories)
        magnitudes, phases = self.head(self.fine_norm(fine)).split(self.bins, dim=2)
        magnitudes = magnitudes.clamp(max=LOUDEST).exp()
        spans = row_matmul(torch.cat([magnitudes * phases.cos(), magnitudes * phases.sin()], dim=2), self.inverse)
        samples = self.config.subframe_samples
        late = torch.cat([state.late[:, None], spans[:, :, samples:]], dim=1)
        audio = (late[:, :-1] + spans[:, :, :samples]).reshape(batch, -1)
        return audio, SubframeDecoderState(histories, fine_histories, late[:, -1].clone())


class SubframeNet(nn.Module):
    """Encoder, residual quantiser and decoder; whole files are streams that start in silence."""

    def __init__(self, config: SubframeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SubframeEncoder(config)
        self.quantizer = ResidualVQ(config.books, config.book_size, config.dim)
        self.decoder = SubframeDecoder(config)

    def encoder_silence(self, batch: int) -> SubframeEncoderState:
        """State of the encoder before the first sample."""
        return self.encoder.silence(batch)

    def decoder_silence(self, batch: int) -> SubframeDecoderState:
        """State of the decoder before the first frame."""
        return self.decoder.silence(batch)

    def encode(self, audio: Tensor, state: SubframeEncoderState) -> tuple[Tensor, SubframeEncoderState]:
        """Audio [B, F * hop] -> latents [B, D, F] before quantisation, state after them."""
        latents, after = self.encoder(audio, state)
        return latents, after

    def decode(
        self, latents: Tensor, depths: Tensor, state: SubframeDecoderState
    ) -> tuple[Tensor, SubframeDecoderState]:
        """Quantised latents [B, D, F] -> audio [B, F * hop] one sub-frame late, state. Depths [B] change nothing."""
        audio, after = self.decoder(latents, state)
        return audio, after

    def forward(self, audio: Tensor, depths: Tensor) -> SubframeOutput:
        """Train on audio [B, 1, F * hop], each example with its own number of books [B]."""
        latents, _ = self.encode(audio[:, 0], self.encoder_silence(audio.shape[0]))
        quantized = self.quantizer(latents, depths=depths)
        out, _ = self.decode(quantized.quantized, depths, self.decoder_silence(audio.shape[0]))
        return SubframeOutput(out[:, None], latents, quantized)


def level(energy: Tensor) -> Tensor:
    """Logarithm of squared coefficients, brought to about -1.5..2."""
    return (torch.log(energy + LEVEL_FLOOR) + 8.0) / 4.0


def inverse_transform(samples: int) -> Tensor:
    """The real inverse DFT of 2 * `samples` points under a sine window, as a matrix [2 * (samples + 1), 2 * samples].

    Its rows are real parts and then imaginary parts of the bins; a matrix product gives each row alike in any company.
    """
    size, bins = 2 * samples, samples + 1
    units = torch.eye(bins, dtype=torch.float64)
    real = torch.fft.irfft(torch.complex(units, torch.zeros_like(units)), n=size)
    imaginary = torch.fft.irfft(torch.complex(torch.zeros_like(units), units), n=size)
    window = torch.sin(math.pi * (torch.arange(size, dtype=torch.float64) + 0.5) / size)
    return (torch.cat([real, imaginary]) * window).float().contiguous()
