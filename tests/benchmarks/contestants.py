"""Who is timed against whom: official full sizes with random weights, one file read by both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes, speech_like


@dataclass(frozen=True)
class Contestant:
    """One row: a codec of ours and somebody else's, which reads (or wrote) the same official file."""

    key: str
    title: str
    rate_hz: int
    channels: int
    build: Callable[[Path], Peer]


def _case(cases: list[Case], variant: str, layout: str) -> Callable[[Path], Peer]:
    return next(case.build for case in cases if (case.variant, case.layout) == (variant, layout))


def _encodec(folder: Path, variant: str) -> Peer:
    from tests.parity.peers import encodec

    if variant == "transformers":
        return encodec._transformers(num_filters=32, codebook_size=1024, target_bandwidths=[24.0])(folder)
    return _case(encodec.CASES, variant, "official")(folder)


def _dac(folder: Path, rate_hz: int, books: int) -> Peer:
    from tests.parity.peers import dac

    return dac.build_transformers(folder, rate_hz=rate_hz, books=books, channels=64, decoder_channels=1536)


def _moshi(folder: Path) -> Peer:
    from tests.parity.peers import mimi

    return mimi._moshi_peer(8, {})(folder)


def _transformers_mimi(folder: Path) -> Peer:
    from transformers import MimiConfig, MimiModel

    from tests.parity.peers import mimi

    torch.manual_seed(0)
    model = MimiModel(MimiConfig(num_quantizers=8)).eval()
    with torch.inference_mode():
        latents = model.encoder(speech_like(2, 1, 30 * 1920, 24_000, seed=7)).latents
    quantizer = model.quantizer
    parts = (quantizer.semantic_residual_vector_quantizer, quantizer.acoustic_residual_vector_quantizer)
    mimi._liven(model, latents, ("layer_scale.scale",), "embed_sum", parts)
    model.save_pretrained(folder)

    def encode(audio: Tensor) -> PeerCodes:
        return PeerCodes((model.encode(torch.nn.functional.pad(audio, (0, -audio.shape[-1] % 1920))).audio_codes,))

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        return model.decode(codes.groups[0][:, :depth]).audio_values

    return Peer(f"transformers {version('transformers')}", folder, encode, decode)


def _xcodec(folder: Path) -> Peer:
    from tests.parity.peers import xcodec

    return xcodec.build("hubert", "transformers", "new", False, folder)


def _snac(folder: Path) -> Peer:
    """As the package decodes, with its own noise; the parity peer lends it ours, which would be timed too."""
    from tests.parity.peers import snac

    peer = snac.build("24 kHz", {}, folder)
    model = snac.import_snac().from_config(str(folder / "config.json"))
    model.load_state_dict(torch.load(folder / "pytorch_model.bin", weights_only=True))
    model.eval()
    return Peer(peer.name, peer.path, peer.encode, lambda codes, depth: model.decode(codes.own))


CONTESTANTS = (
    Contestant("encodec_24k", "EnCodec 24 kHz, 32 books", 24_000, 1, partial(_encodec, variant="24 kHz")),
    Contestant("encodec_24k_hf", "EnCodec 24 kHz, 32 books", 24_000, 1, partial(_encodec, variant="transformers")),
    Contestant("encodec_48k", "EnCodec 48 kHz stereo", 48_000, 2, partial(_encodec, variant="48 kHz stereo")),
    Contestant("mimi_moshi", "Mimi, 8 books", 24_000, 1, _moshi),
    Contestant("mimi_hf", "Mimi, 8 books", 24_000, 1, _transformers_mimi),
    Contestant("snac_24k", "SNAC 24 kHz", 24_000, 1, _snac),
    Contestant("xcodec", "X-Codec", 16_000, 1, _xcodec),
    Contestant("dac_16k", "DAC 16 kHz", 16_000, 1, partial(_dac, rate_hz=16_000, books=12)),
    Contestant("dac_24k", "DAC 24 kHz", 24_000, 1, partial(_dac, rate_hz=24_000, books=32)),
    Contestant("dac_44k", "DAC 44.1 kHz", 44_100, 1, partial(_dac, rate_hz=44_100, books=9)),
)
