"""EnCodec at 24 kHz as a stream.

Its official code mirrors the beginning of a recording into the past, in every convolution. A stream that begins as a
file therefore waits until the last convolution sees as many frames as it mirrors (7), and then is the whole-file
computation to the end. One that begins in silence starts from the state after a second of silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.encodec import EncodecModel
from speefeare_core.nn.streaming import ModuleState, StreamModule
from speefeare_core.stream import CodecStream, Start

SILENCE_S = 1.0


class EncodecStream(CodecStream):
    """Encoder and decoder with carried state. Raises `SpeefeareError` for another batch than it was made for."""

    def __init__(self, info: CodecInfo, model: EncodecModel, batch: int, depth: int | None, start: Start) -> None:
        super().__init__(info, batch, depth, start)
        self._model = model
        self._books: tuple[int, ...] | None = None
        if start == "silence":  # now, so that the first step takes no longer than the others
            with torch.inference_mode():
                self._silent_encoder, codes = _after_silence(model)
                self._silent_codes = codes

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0 (None: the first `depth`)."""
        if books is not None and not (books and 0 <= min(books) and max(books) < self.info.depth):
            raise SpeefeareError(f"{self.info.name} has the books 0 to {self.info.depth - 1}, not {list(books)}.")
        self._books = None if books is None else tuple(sorted(set(books)))

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, C, n·hop]` → codes `[B, K, m]`, latents `[B, D, m]`; m = n but for the beginning of a file."""
        self.check_batch(audio)
        with torch.inference_mode():
            return self._quantize(self._step("encoder", self._model.encoder, audio))

    def finish_encode(self, rest: Tensor | None = None) -> tuple[Tensor | None, Tensor | None]:
        """The last ragged piece, mirrored by every convolution on its own; of a short clip, all of it."""
        with torch.inference_mode():
            latents = self._finish("encoder", self._model.encoder, rest)
            return (None, None) if latents is None else self._quantize(latents)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → audio `[B, C, m·hop]`, with the first `depth` or the chosen books."""
        self.check_batch(codes)
        with torch.inference_mode():
            return self.decode_latents(self._latents(codes))

    def decode_latents(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """Summed entries `[B, D, n]` → audio `[B, C, m·hop]`; the decoder needs no `depth`."""
        with torch.inference_mode():
            return self._step("decoder", self._model.decoder, latents)

    def finish_decode(self) -> Tensor | None:
        """The audio of a recording shorter than what is waited for."""
        with torch.inference_mode():
            return self._finish("decoder", self._model.decoder, None)

    def _quantize(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        if latents.shape[-1] == 0:
            return latents.new_zeros(self.batch, self.info.depth, 0, dtype=torch.int64), latents
        return self._model.quantizer.encode(latents), latents

    def _latents(self, codes: Tensor) -> Tensor:
        if codes.shape[-1] == 0:
            return self._model.quantizer.layer(0).codebook.new_zeros(codes.shape[0], self.info.latent_dim, 0)
        books = tuple(range(self.depth)) if self._books is None else self._books
        return self._model.quantizer.decode_books(codes, tuple(book for book in books if book < codes.shape[1]))

    def _step(self, side: str, module: StreamModule, x: Tensor) -> Tensor:
        held = f"{side} waits"
        if side in self.state:
            out, self.state[side] = module.step(x, self.state[side])
            return out
        if self.start == "silence":
            out, self.state[side] = module.step(x, self._silence(side))
            return out
        joined = torch.cat([self.state[held], x], dim=-1) if held in self.state else x
        if joined.shape[-1] < module.begin_needs(1):
            self.state[held] = joined.clone()
            return x.new_zeros(
                x.shape[0], *((self.info.latent_dim, 0) if side == "encoder" else (self.info.channels, 0))
            )
        self.state.pop(held, None)
        out, self.state[side] = module.begin(joined)
        return out

    def _finish(self, side: str, module: StreamModule, rest: Tensor | None) -> Tensor | None:
        """What waits, and the rest."""
        whole: Tensor
        held = self.state.pop(f"{side} waits", None)
        if rest is not None and rest.shape[-1] == 0:
            rest = None
        if side in self.state or (self.start == "silence" and rest is not None):
            before = self.state.pop(side, None)
            return None if rest is None else module.finish(rest, self._silence(side) if before is None else before)
        present = [part for part in (held, rest) if part is not None]
        if not present:
            return None
        whole = module(torch.cat(present, dim=-1))
        return whole

    def _silence(self, side: str) -> ModuleState:
        """The state after a second of silence, for the whole batch."""
        if side == "encoder":
            return _expanded(self._silent_encoder, self.batch)
        _, state = self._model.decoder.begin(self._latents(self._silent_codes))
        return _expanded(state, self.batch)


def _after_silence(model: EncodecModel) -> tuple[ModuleState, Tensor]:
    """The encoder's state after silence `[1, …]`, and the codes that silence has `[1, K, F]`."""
    silence = next(model.parameters()).new_zeros(1, model.config.channels, silence_samples(model))
    latents, state = model.encoder.begin(silence)
    return state, model.quantizer.encode(latents)


def silence_samples(model: EncodecModel) -> int:
    """About a second, and what both sides need to begin."""
    config = model.config
    frames = max(round(SILENCE_S * config.frame_rate_hz), model.decoder.begin_needs(1))
    return max(frames * config.hop_samples, model.encoder.begin_needs(1))


def _expanded(state: ModuleState, batch: int) -> ModuleState:
    """A state of one signal for a whole batch."""
    if isinstance(state, tuple):
        return tuple(_expanded(part, batch) for part in state)
    return state.repeat_interleave(batch, dim=0) if isinstance(state, Tensor) else state
