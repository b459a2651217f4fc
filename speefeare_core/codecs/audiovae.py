"""VoxCPM's AudioVAE: causal, no codes; its latents are what the speech model writes. Streams frame by frame."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import CodecInfo, Encoded
from speefeare_core.codecs.audiovae_names import interpret
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.nn.audiovae import AudioVaeConfig, AudioVaeModel
from speefeare_core.nn.streaming import ModuleState, StreamModule
from speefeare_core.stream import CodecStream, Start

RATES_NOTE = (
    "The network listens at {rate_hz} Hz and speaks at {out_rate_hz} Hz. What it is given at {out_rate_hz} Hz is first"
    " brought to {rate_hz} Hz by a filter of linear phase, {delay_ms:.1f} ms late."
)


class AudioVaeCodec(NetworkCodec):
    """An AudioVAE as a codec at its output's rate. `module.encoder` is the network at its own rate."""

    module: AudioVaeModel

    def __init__(
        self,
        model: AudioVaeModel,
        *,
        name: str = "audiovae",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        delay = 0
        own: tuple[str, ...] = ("Its latents are continuous: there are no codes and no depths.",)
        if model.decimator is not None:
            delay = model.decimator.delay_samples
            delay_ms = 1000 * delay / config.out_rate_hz
            own = (
                *own,
                RATES_NOTE.format(rate_hz=config.rate_hz, out_rate_hz=config.out_rate_hz, delay_ms=delay_ms),
            )
        self.info = CodecInfo(
            name=name,
            family="audiovae",
            rate_hz=config.out_rate_hz,
            channels=1,
            hop_samples=config.hop_samples,
            frame_rate_hz=config.out_rate_hz / config.hop_samples,
            books=(),
            depth_mode="none",
            latent_dim=config.latent_dim,
            causal=True,
            streamable=True,
            delay_samples=delay,
            stream_delay_samples=delay,
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters()),
            source=source,
            notes=(*notes, *own),
        )

    @classmethod
    def from_official(cls, found: Official) -> AudioVaeCodec:
        """From `audiovae.pth` or the same as safetensors, with or without a config.json. Raises `SpeefeareError`."""
        config, tensors, notes = interpret(found)
        model = AudioVaeModel(config)
        notes += load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return AudioVaeModel(AudioVaeConfig.from_dict(config))

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> AudioVaeStream:
        """A fresh stream; the file begins in silence, so `start` makes no difference."""
        return AudioVaeStream(self, batch, depth, start)

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> CodecStream | None:
        """On a CPU, in every mode; a network that draws noise has none."""
        from speefeare_core.plans.audiovae import FORMS, AudioVaePlan

        if mode not in FORMS or self.device.type != "cpu" or self.module.config.noise:
            return None
        return AudioVaePlan(self, frames, mode)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        model = self.module
        heard = audio if model.decimator is None else model.decimator(audio)
        return Encoded((), model.encoder(heard), audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        assert encoded.latents is not None
        audio: Tensor = self.module.decoder(encoded.latents.to(self.device))
        return audio


class AudioVaeStream(CodecStream):
    """Encoder and decoder with carried state. Raises `SpeefeareError` for another batch than it was made for."""

    def __init__(self, codec: AudioVaeCodec, batch: int, depth: int | None, start: Start) -> None:
        super().__init__(codec.info, batch, depth, start)
        self._model = codec.module

    def encode(self, audio: Tensor) -> tuple[None, Tensor]:
        """`[B, 1, n·hop]` → None and latents `[B, D, n]`."""
        self.check_batch(audio)
        model = self._model
        with torch.inference_mode():
            if model.decimator is not None:
                audio, self.state["decimator"] = model.decimator.step(audio, self._state("decimator", model.decimator))
            latents, self.state["encoder"] = model.encoder.step(audio, self._state("encoder", model.encoder))
            return None, latents

    def decode(self, codes: Tensor) -> Tensor:
        """Latents `[B, D, n]` → audio `[B, 1, n·hop]`."""
        self.check_batch(codes)
        decoder = self._model.decoder
        with torch.inference_mode():
            audio, self.state["decoder"] = decoder.step(codes, self._state("decoder", decoder))
            return audio

    def _state(self, name: str, module: StreamModule) -> ModuleState:
        return self.state[name] if name in self.state else module.initial_state(self.batch)
