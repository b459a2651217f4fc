"""SoundStream (arXiv 2107.03312): causal, no look-ahead, one frame of latency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.codec import BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.soundstream import SoundStreamConfig, SoundStreamModel
from speefeare_core.stream import CodecStream, Start

WEIGHTS_NOTE = (
    "There are no official PyTorch weights of SoundStream; the only published ones are the TFLite files of Lyra v2,"
    " a 16 kHz model of its own."
)
# Whole files go through in blocks with carried state: bounded memory, and on a CPU the work stays inside its cache.
CPU_BLOCK_S = 0.25
GPU_BLOCK_S = 10.0


class SoundStreamCodec(NetworkCodec):
    """A SoundStream network as a codec. `denoise` turns its denoising on; see `with_denoise`."""

    module: SoundStreamModel

    def __init__(
        self,
        model: SoundStreamModel,
        *,
        name: str = "soundstream",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
        denoise: bool = False,
    ) -> None:
        config = model.config
        if denoise and not config.denoise_switch:
            raise SpeefeareError(f"{name} was trained without a denoising switch; use it as it is.")
        self.module = model.eval()
        self.denoise = denoise
        self._own_notes = notes
        frame_rate_hz = config.rate_hz / config.hop_samples
        self.info = CodecInfo(
            name=name,
            family="soundstream",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=(BookInfo(config.book_size, frame_rate_hz),) * config.books,
            depth_mode="residual",
            latent_dim=config.latent_dim,
            causal=True,
            streamable=True,
            delay_samples=0,
            stream_delay_samples=0,
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters())
            + config.books * config.book_size * config.latent_dim,
            source=source,
            notes=(*notes, WEIGHTS_NOTE),
        )

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return SoundStreamModel(SoundStreamConfig.from_dict(config))

    def with_denoise(self, on: bool) -> SoundStreamCodec:
        """The same weights with denoising on or off. Raises `SpeefeareError` where the network has no switch."""
        info = self.info
        return SoundStreamCodec(
            self.module, name=info.name, licence=info.licence, notes=self._own_notes, source=info.source, denoise=on
        )

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> SoundStreamStream:
        """A fresh stream."""
        return SoundStreamStream(self, batch, depth)

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> CodecStream | None:
        """On a CPU, in every mode."""
        from speefeare_core.plans.encodec import FORMS
        from speefeare_core.plans.soundstream import SoundStreamPlan

        if mode not in FORMS or self.device.type != "cpu":
            return None
        return SoundStreamPlan(self.info, self.module, frames, depth, mode, denoise=self.denoise)

    def condition(self, latents: Tensor) -> Tensor:
        """Latents `[B, D, F]` in the chosen denoising mode."""
        mode = torch.full((latents.shape[0],), int(self.denoise), device=latents.device)
        return self.module.condition(latents, mode)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        stream = self.stream(audio.shape[0])
        blocks = torch.split(audio, self._block_frames * self.info.hop_samples, dim=-1)
        codes, latents = zip(*(stream.encode(block) for block in blocks), strict=True)
        return Encoded((torch.cat(codes, dim=-1)[:, :depth],), torch.cat(latents, dim=-1), audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        codes = encoded.code_groups[0].to(self.device)
        stream = self.stream(codes.shape[0])
        stream.choose_books(books)
        return torch.cat([stream.decode(block) for block in torch.split(codes, self._block_frames, dim=-1)], dim=-1)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        stream = self.stream(latents.shape[0])
        blocks = torch.split(latents, self._block_frames, dim=-1)
        return torch.cat([stream.decode_latents(block) for block in blocks], dim=-1)

    @property
    def _block_frames(self) -> int:
        block_s = CPU_BLOCK_S if self.device.type == "cpu" else GPU_BLOCK_S
        return max(1, round(block_s * self.info.frame_rate_hz))


class SoundStreamStream(CodecStream):
    """Encoder and decoder with carried state. Raises `SpeefeareError` for another batch than it was made for."""

    def __init__(self, codec: SoundStreamCodec, batch: int, depth: int | None) -> None:
        super().__init__(codec.info, batch, depth)
        self._codec = codec
        self._books: tuple[int, ...] | None = None

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0 (None: the first `depth`)."""
        if books is not None and not (books and 0 <= min(books) and max(books) < self.info.depth):
            raise SpeefeareError(f"{self.info.name} has the books 0 to {self.info.depth - 1}, not {list(books)}.")
        self._books = None if books is None else tuple(sorted(set(books)))

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 1, n·hop]` → codes `[B, K, n]`, latents `[B, D, n]`."""
        self.check_batch(audio)
        model = self._codec.module
        with torch.inference_mode():
            before = self.state["encoder"] if "encoder" in self.state else model.encoder.initial_state(self.batch)
            latents, self.state["encoder"] = model.encoder.step(audio, before)
            latents = self._codec.condition(latents)
            return model.quantizer.encode(latents), latents

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → audio `[B, 1, n·hop]`, with the first `depth` or the chosen books."""
        self.check_batch(codes)
        with torch.inference_mode():
            books = tuple(range(self.depth)) if self._books is None else self._books
            present = tuple(book for book in books if book < codes.shape[1])
            return self.decode_latents(self._codec.module.quantizer.decode_books(codes, present))

    def decode_latents(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """Summed entries `[B, D, n]` → audio `[B, 1, n·hop]`; the decoder needs no `depth`."""
        decoder = self._codec.module.decoder
        with torch.inference_mode():
            before = self.state["decoder"] if "decoder" in self.state else decoder.initial_state(self.batch)
            audio, self.state["decoder"] = decoder.step(latents, before)
            return audio
