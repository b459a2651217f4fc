"""Other people's losses, discriminators and balancer, each module alone: their packages bring trainers and loaders
with requirements of their own. What the modules need of those is stood in for while they are imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import torch
import torchaudio
from torch import Tensor, nn

from tests.parity.peers.dac import old_torch_ways


def alone(name: str, stands: Mapping[str, Any] | None = None) -> Any:
    """The module `package.….name` without running the `__init__` of any package above it.

    `stands`: by module name, what it should find instead of the real thing.
    """
    top = name.partition(".")[0]
    before = {key: module for key, module in sys.modules.items() if key.partition(".")[0] == top}
    spec = find_spec(top)
    assert spec is not None and spec.submodule_search_locations is not None
    root = Path(next(iter(spec.submodule_search_locations)))
    mine: dict[str, Any] = {}
    parts = name.split(".")
    for depth in range(1, len(parts)):
        package = ModuleType(".".join(parts[:depth]))
        package.__path__ = [str(root.joinpath(*parts[1:depth]))]
        mine[package.__name__] = package
    mine |= stands or {}
    aside = {key: sys.modules.pop(key) for key in {*before, *mine} if key in sys.modules}
    sys.modules.update(mine)
    try:
        with old_torch_ways():
            return importlib.import_module(name)
    finally:
        for key in [key for key in sys.modules if key.partition(".")[0] == top or key in mine]:
            del sys.modules[key]
        sys.modules.update(aside)


def module(name: str, **members: Any) -> ModuleType:
    """A module with these members."""
    made = ModuleType(name)
    made.__dict__.update(members)
    return made


class StftParams(NamedTuple):
    """audiotools' own."""

    window_length: int | None = None
    hop_length: int | None = None
    window_type: str | None = None
    match_stride: bool | None = None
    padding_type: str | None = None


class Signal:
    """What dac asks of audiotools.AudioSignal, with torchaudio's mel filters: STFT of mirrored audio, Hann windows."""

    def __init__(self, audio: Tensor, rate_hz: int, stft_params: StftParams | None = None) -> None:
        self.audio_data, self.rate_hz, self.stft_params = audio, rate_hz, stft_params

    def clone(self) -> Signal:
        return Signal(self.audio_data.clone(), self.rate_hz, self.stft_params)

    def detach(self) -> Signal:
        return Signal(self.audio_data.detach(), self.rate_hz, self.stft_params)

    def stft(self, window_length: int | None = None, hop_length: int | None = None, *_: Any) -> Tensor:
        given, audio = self.stft_params, self.audio_data.flatten(0, 1)
        size = window_length or given.window_length  # type: ignore[union-attr]
        hop = hop_length or given.hop_length  # type: ignore[union-attr]
        strided = bool(given and given.match_stride)
        if strided:
            side = (size - hop) // 2
            audio = nn.functional.pad(audio, (side, side + -audio.shape[-1] % hop), "reflect")
        found = torch.stft(audio, size, hop, window=torch.hann_window(size), return_complex=True)
        self.magnitude = found.abs()[:, None]
        return found[:, None, :, 2:-2] if strided else found[:, None]

    def mel_spectrogram(
        self, bands: int, mel_fmin: float, mel_fmax: float | None, window_length: int, hop_length: int, **_: Any
    ) -> Tensor:
        self.stft(window_length, hop_length)
        filters = torchaudio.functional.melscale_fbanks(
            window_length // 2 + 1, mel_fmin, mel_fmax or self.rate_hz / 2, bands, self.rate_hz, "slaney", "slaney"
        )
        return filters.T @ self.magnitude


def dac_module(name: str) -> Any:
    """A module of descript-audio-codec."""
    ml = module("audiotools.ml", BaseModel=nn.Module)
    audiotools = module("audiotools", AudioSignal=Signal, STFTParams=StftParams, ml=ml)
    return alone(name, {"audiotools": audiotools, "audiotools.ml": ml})


def audiocraft_module(name: str) -> Any:
    """A module of audiocraft, EnCodec's official trainer. flashy is there, but not the launcher that it imports."""
    conv = alone("audiocraft.modules.conv")
    modules = module("audiocraft.modules", **{key: getattr(conv, key) for key in ("pad_for_conv1d", "NormConv2d")})
    distrib = SimpleNamespace(average_metrics=lambda metrics, count: metrics)
    flashy = module("flashy", averager=alone("flashy.utils").averager, distrib=distrib)
    return alone(name, {"audiocraft.modules": modules, "flashy": flashy})


def speechtokenizer_module(name: str) -> Any:
    """A module of speechtokenizer; its losses can also plot, which nothing here does."""
    plots = module("matplotlib", pylab=module("matplotlib.pylab"))
    return alone(name, {"matplotlib": plots, "matplotlib.pylab": plots.pylab})


def copy_weights(ours: nn.Module, theirs: nn.Module) -> None:
    """The weights of all convolutions, in the order in which they were made; a column of 2-D kernels fits 1-D ones."""
    kinds = (nn.Conv1d, nn.Conv2d)
    pairs = zip(
        [part for part in ours.modules() if isinstance(part, kinds)],
        [part for part in theirs.modules() if isinstance(part, kinds)],
        strict=True,
    )
    with torch.no_grad():
        for mine, other in pairs:
            assert mine.bias is not None and other.bias is not None
            mine.bias.copy_(other.bias)
            if not hasattr(mine, "parametrizations"):
                mine.weight.copy_(other.weight.reshape(mine.weight.shape))
                continue
            held: Any = mine.parametrizations.weight
            if hasattr(other, "weight_g"):
                held.original0.copy_(other.weight_g.reshape(held.original0.shape))
                held.original1.copy_(other.weight_v.reshape(held.original1.shape))
            else:
                held.original.copy_(other.weight_orig)
                held[0]._u.copy_(other.weight_u)
                held[0]._v.copy_(other.weight_v)
