"""EnCodec against the encodec package and transformers."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.parity.peer import Case, Peer, PeerCodes, speech_like
from tests.parity.seanet_peers import LIVENED, liven_books, liven_convolutions, old_weight_norm

# What audiocraft keeps beside the weights (config/model/encodec), as far as the network goes.
RECIPE = """
sample_rate: 32000
channels: 1
compression_model: encodec
encodec: {autoencoder: seanet, quantizer: rvq, sample_rate: '${sample_rate}', channels: '${channels}', causal: false,
  renormalize: false}
seanet:
  dimension: 128
  channels: ${channels}
  causal: ${encodec.causal}
  n_filters: 8
  n_residual_layers: 1
  ratios: [8, 5, 4, 4]
  activation: ELU
  norm: weight_norm
  kernel_size: 7
  residual_kernel_size: 3
  last_kernel_size: 7
  dilation_base: 2
  pad_mode: constant
  true_skip: true
  compress: 2
  lstm: 2
  decoder: {trim_right_ratio: 1.0, final_activation: null}
  encoder: {}
rvq: {n_q: 4, bins: 256}
"""


def _package(
    seanet: dict[str, Any], books: int, bins: int, rate_hz: int, normalize: bool = False, segment: float | None = None
) -> nn.Module:
    """A model of the encodec package."""
    from encodec.model import EncodecModel
    from encodec.modules import SEANetDecoder, SEANetEncoder
    from encodec.quantization import ResidualVectorQuantizer

    with old_weight_norm():
        encoder, decoder = SEANetEncoder(**seanet), SEANetDecoder(**seanet)
    quantizer = ResidualVectorQuantizer(dimension=encoder.dimension, n_q=books, bins=bins)
    channels = seanet["channels"]
    model = EncodecModel(
        encoder, decoder, quantizer, [24.0], rate_hz, channels, normalize=normalize, segment=segment
    ).eval()
    liven_convolutions(model)
    with torch.inference_mode():
        audio = speech_like(2, channels, rate_hz, rate_hz, seed=7)
        latents = encoder(audio / audio.std() if normalize else audio)
    layers = quantizer.vq.layers
    liven_books([layer._codebook.embed for layer in layers], latents)
    for layer in layers:
        layer._codebook.inited.fill_(1)
    return model


def _package_peer(model: Any, path: Path) -> Peer:
    def encode(audio: Tensor) -> PeerCodes:
        frames = model.encode(audio)
        return PeerCodes((torch.cat([codes for codes, _ in frames], dim=-1),), own=frames)

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        decoded: Tensor = model.decode([(frame[:, :depth], scale) for frame, scale in codes.own])
        return decoded

    return Peer(f"encodec {version('encodec')}", path, encode, decode, "CC-BY-NC-4.0", LIVENED)


def _official(n_filters: int, books: int, kilohertz: int) -> Callable[[Path], Peer]:
    def build(folder: Path) -> Peer:
        seanet: dict[str, Any] = {"channels": 1, "n_filters": n_filters, "norm": "weight_norm", "causal": True}
        if kilohertz == 48:
            seanet |= {"channels": 2, "norm": "time_group_norm", "causal": False}
            model = _package(seanet, books, 1024, 48_000, normalize=True, segment=1.0)
        else:
            model = _package(seanet, books, 1024, 24_000)
        path = folder / "encodec_0a1b2c3d.th"
        torch.save(model.state_dict(), path)
        return _package_peer(model, path)

    return build


def _audiocraft(folder: Path) -> Peer:
    seanet = {
        "channels": 1, "n_filters": 8, "norm": "weight_norm", "causal": False, "ratios": [8, 5, 4, 4],
        "pad_mode": "constant", "true_skip": True,
    }  # fmt: skip
    model = _package(seanet, 4, 256, 32_000)
    path = folder / "compression_state_dict.bin"
    torch.save({"best_state": model.state_dict(), "xp.cfg": RECIPE, "version": "1.3.0", "exported": True}, path)
    return _package_peer(model, path)


def _transformers(old_spelling: bool = False, **options: Any) -> Callable[[Path], Peer]:
    def build(folder: Path) -> Peer:
        from safetensors.torch import load_file, save_file
        from transformers import EncodecConfig, EncodecModel
        from transformers.utils import logging

        logging.disable_progress_bar()
        config = EncodecConfig(**{"num_filters": 8, "codebook_size": 256, "target_bandwidths": [4.8], **options})
        model = EncodecModel(config).eval()
        liven_convolutions(model)
        with torch.inference_mode():
            audio = speech_like(2, config.audio_channels, config.sampling_rate, config.sampling_rate, seed=7)
            latents = model.encoder(audio / audio.std() if config.normalize else audio)
        liven_books([layer.codebook.embed for layer in model.quantizer.layers], latents)
        model.save_pretrained(folder)
        if old_spelling:
            file = folder / "model.safetensors"
            tensors = load_file(file)
            new = ("parametrizations.weight.original0", "weight_g"), ("parametrizations.weight.original1", "weight_v")
            for before, after in new:
                tensors = {name.replace(before, after): tensor.clone() for name, tensor in tensors.items()}
            file.unlink()  # the tensors were mapped from it
            save_file(tensors, file, {"format": "pt"})

        def encode(audio: Tensor) -> PeerCodes:
            found = model.encode(audio, bandwidth=config.target_bandwidths[-1])
            frames = torch.cat(list(found.audio_codes), dim=-1)
            return PeerCodes((frames[..., : frames.shape[-1] - found.last_frame_pad_length],), own=found)

        def decode(codes: PeerCodes, depth: int) -> Tensor:
            found = codes.own
            decoded: Tensor = model.decode(
                found.audio_codes[:, :, :depth],
                found.audio_scales,
                last_frame_pad_length=found.last_frame_pad_length,
            ).audio_values
            return decoded

        return Peer(f"transformers {version('transformers')}", folder, encode, decode, "Apache-2.0", LIVENED)

    return build


LARGE: dict[str, Any] = {
    "sampling_rate": 32_000, "upsampling_ratios": [8, 5, 4, 4], "use_causal_conv": False, "use_conv_shortcut": False,
    "target_bandwidths": [1.6],
}  # fmt: skip
STEREO: dict[str, Any] = {
    "sampling_rate": 48_000, "audio_channels": 2, "norm_type": "time_group_norm", "use_causal_conv": False,
    "normalize": True, "chunk_length_s": 1.0, "overlap": 0.01, "target_bandwidths": [9.6],
}  # fmt: skip
# The peers cannot decode where the last segment ends before the one before it does (47 521 to 47 999 samples).
FULL = (60_000, 48_777)
SEGMENTS = (100_000, 48_001)  # three segments, the last of 5 frames; two

CASES = [
    Case("encodec", "24 kHz", "official", _official(32, 32, 24), 24_000, remark="full size"),
    Case("encodec", "48 kHz stereo", "official", _official(32, 16, 48), 48_000, 2, FULL, (1,), remark="full size"),
    Case("encodec", "48 kHz stereo, many segments", "official", _official(8, 4, 48), 48_000, 2, SEGMENTS,
         remark="8 filters"),
    Case("encodec", "32 kHz", "audiocraft", _audiocraft, 32_000, lengths=(32_000, 27_777),
         remark="AudioCraft's file around a network of the encodec package, 8 filters"),
    Case("encodec", "24 kHz", "transformers", _transformers(), 24_000, remark="8 filters"),
    Case("encodec", "24 kHz old weight norm", "transformers", _transformers(True), 24_000, remark="8 filters"),
    Case("encodec", "32 kHz", "transformers", _transformers(**LARGE), 32_000, lengths=(120_000, 33_333),
         remark="8 filters"),
    Case("encodec", "32 kHz old weight norm", "transformers", _transformers(True, **LARGE), 32_000, remark="8 filters"),
    Case("encodec", "48 kHz stereo", "transformers", _transformers(**STEREO), 48_000, 2, SEGMENTS, remark="8 filters"),
    Case("encodec", "24 kHz, no mirror", "transformers", _transformers(pad_mode="constant", num_residual_layers=2,
         use_conv_shortcut=False), 24_000, remark="zero padding, 2 residual layers, no shortcut, 8 filters"),
    Case("encodec", "24 kHz, trimmed left", "transformers", _transformers(trim_right_ratio=0.4), 24_000,
         remark="trim_right_ratio 0.4, 8 filters"),
]  # fmt: skip
