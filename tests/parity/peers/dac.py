"""DAC against descript-audio-codec 1.0.0 (weights*.pth) and transformers' DacModel (a folder)."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes

DOWN = {44100: (2, 4, 8, 8), 24000: (2, 4, 5, 8), 16000: (2, 4, 5, 8)}
UP = {44100: (8, 8, 4, 2), 24000: (8, 5, 4, 2), 16000: (8, 5, 4, 2)}
LIVENED = ("snake alpha", "weights of every convolution")


@contextmanager
def old_torch_ways() -> Iterator[None]:
    """The peers use what torch wants to give up: TorchScript, and weight norm as a hook."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated.*", DeprecationWarning)
        warnings.filterwarnings("ignore", ".*weight_norm. is deprecated.*", FutureWarning)
        yield


def import_dac() -> Any:
    """The module dac.model.dac.

    Its package wants `audiotools`, which brings ninety others and of which the model needs a base class; that one is
    stood in for while it is imported, and what its `save` writes is written by `save_official`.
    """
    before = set(sys.modules)
    audiotools, ml = types.ModuleType("audiotools"), types.ModuleType("audiotools.ml")
    audiotools.AudioSignal, audiotools.ml, ml.BaseModel = object, ml, torch.nn.Module  # type: ignore[attr-defined]
    found = importlib.util.find_spec("dac")
    assert found is not None and found.origin is not None
    root = Path(found.origin).parent
    stands = {"audiotools": audiotools, "audiotools.ml": ml}
    for name, folder in (("dac", root), ("dac.model", root / "model"), ("dac.nn", root / "nn")):
        stands[name] = types.ModuleType(name)
        stands[name].__path__ = [str(folder)]
    sys.modules.update(stands)
    try:
        with old_torch_ways():
            return importlib.import_module("dac.model.dac")
    finally:
        for name in set(sys.modules) - before:
            if name.split(".")[0] in {"audiotools", "dac"}:
                del sys.modules[name]


def enliven(module: torch.nn.Module, seed: int = 0) -> None:
    """Weights that keep a signal at a usual level (DAC starts at a hundredth of it), alphas of 0.5 to 1.5, and an
    encoder of little bias, so that codes change with the sound."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, weight in module.named_parameters():
        gain = 0.9 if name.startswith("encoder.") else 0.5
        if name.endswith("alpha"):
            weights[name] = 0.5 + torch.rand(weight.shape, generator=generator)
        elif name.endswith("weight_g"):
            weights[name] = gain * (0.6 + 0.8 * torch.rand(weight.shape, generator=generator))
        elif name.endswith("bias"):
            weights[name] = 0.02 * torch.randn(weight.shape, generator=generator)
        elif weight.ndim == 3:
            weights[name] = gain * torch.randn(weight.shape, generator=generator) / weight[0].numel() ** 0.5
        else:
            weights[name] = torch.randn(weight.shape, generator=generator)
    module.load_state_dict(weights, strict=False)


def whole_frames(audio: Tensor, hop: int) -> Tensor:
    """As DAC.preprocess and transformers' feature extractor end a recording."""
    return torch.nn.functional.pad(audio, (0, -audio.shape[-1] % hop))


def save_official(model: Any, kwargs: dict[str, Any], path: Path) -> None:
    """What audiotools' BaseModel.save writes for weights."""
    torch.save({"state_dict": model.state_dict(), "metadata": {"kwargs": kwargs}}, path)


def build_official(
    folder: Path, *, rate_hz: int, books: int, channels: int, decoder_channels: int, latent_dim: int | None
) -> Peer:
    kwargs = {
        "encoder_dim": channels,
        "encoder_rates": list(DOWN[rate_hz]),
        "latent_dim": latent_dim,
        "decoder_dim": decoder_channels,
        "decoder_rates": list(UP[rate_hz]),
        "n_codebooks": books,
        "codebook_size": 1024,
        "codebook_dim": 8,
        "quantizer_dropout": 0.5,
        "sample_rate": rate_hz,
    }
    with old_torch_ways():
        model = import_dac().DAC(**kwargs).eval()
    enliven(model)
    save_official(model, kwargs, folder / "weights.pth")

    def encode(audio: Tensor) -> PeerCodes:
        _, codes, *_ = model.encode(model.preprocess(audio, rate_hz))
        return PeerCodes((codes,))

    def decode(theirs: PeerCodes, depth: int) -> Tensor:
        return model.decode(model.quantizer.from_codes(theirs.groups[0][:, :depth])[0])

    return Peer("descript-audio-codec 1.0.0", folder / "weights.pth", encode, decode, "MIT", LIVENED)


def build_transformers(folder: Path, *, rate_hz: int, books: int, channels: int, decoder_channels: int) -> Peer:
    import transformers

    model = transformers.DacModel(
        transformers.DacConfig(
            encoder_hidden_size=channels,
            downsampling_ratios=list(DOWN[rate_hz]),
            decoder_hidden_size=decoder_channels,
            n_codebooks=books,
            sampling_rate=rate_hz,
        )
    ).eval()
    enliven(model)
    model.save_pretrained(folder)
    hop = model.config.hop_length

    def encode(audio: Tensor) -> PeerCodes:
        return PeerCodes((model.encode(whole_frames(audio, hop)).audio_codes,))

    def decode(theirs: PeerCodes, depth: int) -> Tensor:
        return model.decode(audio_codes=theirs.groups[0][:, :depth]).audio_values[:, None]

    return Peer(f"transformers {transformers.__version__}", folder, encode, decode, "Apache-2.0", LIVENED)


def _small(rate_hz: int, books: int, latent_dim: int | None = None) -> partial[Peer]:
    return partial(build_official, rate_hz=rate_hz, books=books, channels=8, decoder_channels=96, latent_dim=latent_dim)


def _folder(rate_hz: int, books: int) -> partial[Peer]:
    return partial(build_transformers, rate_hz=rate_hz, books=books, channels=8, decoder_channels=96)


SMALL = "small widths"
CASES = [
    Case("dac", "16 kHz", "official", _small(16000, 12), 16000, remark=SMALL),
    Case("dac", "24 kHz", "official", _small(24000, 32), 24000, remark=SMALL),
    Case("dac", "44.1 kHz", "official", _small(44100, 9), 44100, remark=SMALL),
    Case("dac", "44.1 kHz 16 kbps", "official", _small(44100, 18, 128), 44100, remark=SMALL),
    Case(
        "dac",
        "44.1 kHz full size",
        "official",
        partial(build_official, rate_hz=44100, books=9, channels=64, decoder_channels=1536, latent_dim=None),
        44100,
        lengths=(8_000, 5_121),
        batches=(1,),
    ),
    Case("dac", "16 kHz", "transformers", _folder(16000, 12), 16000, remark=SMALL),
    Case("dac", "24 kHz", "transformers", _folder(24000, 32), 24000, remark=SMALL),
    Case("dac", "44.1 kHz", "transformers", _folder(44100, 9), 44100, remark=SMALL),
]
