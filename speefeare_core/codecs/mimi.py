"""Mimi (arXiv 2410.00037): causal, 12.5 frames a second, a semantic book beside the acoustic ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BookInfo, CodecInfo, Encoded
from speefeare_core.codecs import mimi_names
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.mimi import MimiConfig, MimiModel
from speefeare_core.stream import CodecStream, Start

# Whole files go through in blocks with carried state: bounded memory, and on a CPU the work stays inside its cache.
CPU_BLOCK_FRAMES = 32
GPU_BLOCK_FRAMES = 128
SILENCE_FRAMES = 13  # at least a second


class MimiCodec(NetworkCodec):
    """A Mimi network as a codec."""

    module: MimiModel

    def __init__(
        self,
        model: MimiModel,
        *,
        name: str = "mimi",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        self.step_s = CPU_BLOCK_FRAMES * config.hop_samples / config.rate_hz
        frame_rate_hz = config.rate_hz / config.hop_samples
        split = config.semantic_books < config.books
        meant = config.semantic_books if split else 1
        books = tuple(
            BookInfo(config.book_size, frame_rate_hz, "semantic" if index < meant else "acoustic")
            for index in range(config.books)
        )
        self.info = CodecInfo(
            name=name,
            family="mimi",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=books,
            depth_mode="split" if split else "residual",
            latent_dim=config.dimension,
            causal=True,
            streamable=True,
            delay_samples=0,
            stream_delay_samples=0,
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters())
            + config.books * config.book_size * config.book_dim,
            source=source,
            notes=notes,
        )

    @classmethod
    def from_official(cls, found: Official) -> MimiCodec:
        """Moshi's `tokenizer-….safetensors` or `.pt`, or a transformers folder. Raises `SpeefeareError`."""
        transformers = found.layout == "transformers"
        told = _told_by_transformers(found) if transformers else _told_by_moshi(found.config)
        try:
            if transformers:
                tensors = mimi_names.from_transformers(found.tensors, told["heads"])
            else:
                tensors = mimi_names.from_official(found.tensors)
            config = MimiConfig.from_dict(mimi_names.sizes(tensors) | told)
            model = MimiModel(config)
        except (KeyError, ValueError, IndexError, TypeError, RuntimeError, ZeroDivisionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SpeefeareError(
                f"{found.path} is no Mimi that this version can build ({reason}); download it again, or ask for the"
                " published tokenizer-….safetensors."
            ) from error
        notes = load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return MimiModel(MimiConfig.from_dict(config))

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> MimiStream:
        """A fresh stream."""
        return MimiStream(self, batch, depth, start)

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> CodecStream | None:
        """On a CPU, in every mode."""
        from speefeare_core.plans.mimi import FORMS, MimiPlan

        if mode not in FORMS or self.device.type != "cpu":
            return None
        return MimiPlan(self, frames, depth, mode, SILENCE_FRAMES)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        codes, latents, state = [], [], None
        for block in torch.split(audio, self.block_frames(audio.shape[0]) * self.info.hop_samples, dim=-1):
            found, state = self.module.encode_step(block, state, reuse=True)
            latents.append(found)
            codes.append(self.module.quantizer.encode(found, depth))
        return Encoded((torch.cat(codes, dim=-1),), torch.cat(latents, dim=-1), audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        codes = encoded.code_groups[0].to(self.device)
        audio, state = [], None
        for block in torch.split(codes, self.block_frames(codes.shape[0]), dim=-1):
            latents = self.module.quantizer.decode_books(block, books)
            found, state = self.module.decode_step(latents, state, reuse=True)
            audio.append(found)
        return torch.cat(audio, dim=-1)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        audio, state = [], None
        for block in torch.split(latents, self.block_frames(latents.shape[0]), dim=-1):
            found, state = self.module.decode_step(block, state, reuse=True)
            audio.append(found)
        return torch.cat(audio, dim=-1)

    def block_frames(self, batch: int) -> int:
        """Frames that go through the network at a time."""
        return max(1, (CPU_BLOCK_FRAMES if self.device.type == "cpu" else GPU_BLOCK_FRAMES) // batch)


class MimiStream(CodecStream):
    """Encoder and decoder with carried state. Raises `SpeefeareError` for another batch than it was made for.

    A recording begins with its first 25 Hz step repeated; `start="silence"` lets a second of silence go before.
    """

    def __init__(self, codec: MimiCodec, batch: int, depth: int | None, start: Start) -> None:
        super().__init__(codec.info, batch, depth, start)
        self._codec = codec
        self._books: tuple[int, ...] | None = None
        self.reset()

    def reset(self) -> None:
        """Back to before the first sample."""
        super().reset()
        if self.start == "silence":
            silence = torch.zeros(self.batch, 1, SILENCE_FRAMES * self.info.hop_samples, device=self._codec.device)
            codes, _ = self.encode(silence)
            self.decode(codes)

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0, instead of the first `depth` (None: back to these)."""
        self._books = None if books is None else self._codec._check_books(books, self.info.depth)

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 1, n·hop]` → codes `[B, K, n]`, latents `[B, D, n]`."""
        self.check_batch(audio)
        model = self._codec.module
        codes, latents = [], []
        with torch.inference_mode():
            for block in torch.split(audio, self._codec.block_frames(self.batch) * self.info.hop_samples, dim=-1):
                found, self.state["encoder"] = model.encode_step(block, self.state.get("encoder"), reuse=True)
                latents.append(found)
                codes.append(model.quantizer.encode(found))
            return torch.cat(codes, dim=-1), torch.cat(latents, dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → audio `[B, 1, n·hop]`, with the first `depth` books or those that were chosen."""
        self.check_batch(codes)
        quantizer = self._codec.module.quantizer
        books = range(min(self.depth, codes.shape[1])) if self._books is None else self._books
        blocks = torch.split(codes, self._codec.block_frames(self.batch), dim=-1)
        with torch.inference_mode():
            return torch.cat([self.decode_latents(quantizer.decode_books(block, books)) for block in blocks], dim=-1)

    def decode_latents(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """Summed entries `[B, D, n]` → audio `[B, 1, n·hop]`; the decoder needs no `depth`."""
        model, audio = self._codec.module, []
        with torch.inference_mode():
            for block in torch.split(latents, self._codec.block_frames(self.batch), dim=-1):
                found, self.state["decoder"] = model.decode_step(block, self.state.get("decoder"), reuse=True)
                audio.append(found)
            return torch.cat(audio, dim=-1)


def _told_by_moshi(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration of moshi says beyond the shapes. The config.json of its language models says nothing."""
    seanet, transformer = config.get("seanet"), config.get("transformer")
    if not isinstance(seanet, Mapping) or not isinstance(transformer, Mapping):
        return {}
    return (
        _picked(transformer, {"heads": "num_heads", "context": "context", "max_period": "max_period"})
        | _picked(seanet, {"dilation_base": "dilation_base", "pad_mode": "pad_mode"})
        | _picked(config, {"rate_hz": "sample_rate"})
    )


def _told_by_transformers(found: Official) -> dict[str, Any]:
    """What config.json says beyond the shapes. Raises `SpeefeareError` for a variant that nobody published."""
    config = found.config
    heads = config.get("num_attention_heads", 8)
    expected = {
        "use_causal_conv": True, "trim_right_ratio": 1.0, "attention_bias": False, "hidden_act": "gelu",
        "norm_eps": 1e-5, "num_key_value_heads": heads, "upsample_groups": config.get("hidden_size", 512),
    }  # fmt: skip
    odd = [f"{name} {config[name]}" for name, value in expected.items() if config.get(name, value) != value]
    if odd:
        raise SpeefeareError(f"{found.path} is a variant of Mimi that this version cannot build ({', '.join(odd)}).")
    rope = config.get("rope_parameters")
    names = {"context": "sliding_window", "dilation_base": "dilation_growth_rate", "pad_mode": "pad_mode"}
    return (
        {"heads": heads}
        | _picked(config, names | {"rate_hz": "sampling_rate", "max_period": "rope_theta"})
        | (_picked(rope, {"max_period": "rope_theta"}) if isinstance(rope, Mapping) else {})
    )


def _picked(config: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: config[theirs] for ours, theirs in names.items() if config.get(theirs) is not None}
