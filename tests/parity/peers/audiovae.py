"""VoxCPM's AudioVAE against voxcpm 2.0.3: version 1 at 16 kHz, its 44.1 kHz sizes of 1.5, and version 2."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import types
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from speefeare_core.nn.resample import Decimator
from tests.parity.peer import Case, Peer, PeerCodes
from tests.parity.peers.dac import enliven, old_torch_ways

RATES_1_5 = ([2, 3, 6, 7, 7], [7, 7, 6, 3, 2])  # 1764 samples: 25 frames of 44.1 kHz a second
LIVENED = ("snake alpha", "weights of every convolution", "scales and biases of the rate condition")


def import_audiovae(name: str) -> Any:
    """A module of voxcpm.modules.audiovae, without the speech model's many imports."""
    before = set(sys.modules)
    found = importlib.util.find_spec("voxcpm")
    assert found is not None and found.submodule_search_locations is not None
    root = Path(found.submodule_search_locations[0])
    for package, folder in (
        ("voxcpm", root),
        ("voxcpm.modules", root / "modules"),
        ("voxcpm.modules.audiovae", root / "modules" / "audiovae"),
    ):
        stand = types.ModuleType(package)
        stand.__path__ = [str(folder)]
        sys.modules[package] = stand
    try:
        with old_torch_ways():
            return importlib.import_module(f"voxcpm.modules.audiovae.{name}")
    finally:
        for module in set(sys.modules) - before:
            if module.split(".")[0] == "voxcpm":
                del sys.modules[module]


def enliven_conditions(model: torch.nn.Module) -> None:
    """The rate conditions start as the identity, which would hide them."""
    generator = torch.Generator().manual_seed(1)
    for name, weight in model.named_parameters():
        if name.endswith("scale_embed.weight"):
            weight.data = 0.7 + 0.6 * torch.rand(weight.shape, generator=generator)
        elif name.endswith(("bias_embed.weight", "cond_embed.weight")):
            weight.data = 0.1 * torch.randn(weight.shape, generator=generator)


def make_model(module_name: str, **sizes: Any) -> Any:
    """The peer's network with random weights."""
    module = import_audiovae(module_name)
    with old_torch_ways():
        model = module.AudioVAE(module.AudioVAEConfig(**sizes)).eval()
    enliven(model)
    enliven_conditions(model)
    return model


def build(folder: Path, *, module_name: str, container: str, config: bool, **sizes: Any) -> Peer:
    """`container`: "pth" with {"state_dict": …}, "bare" without, or "safetensors"; `config`: config.json beside it."""
    model = make_model(module_name, **sizes)
    path = folder / ("audiovae.safetensors" if container == "safetensors" else "audiovae.pth")
    if container == "safetensors":
        from safetensors.torch import save_file

        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, str(path))
    else:
        torch.save({"state_dict": model.state_dict()} if container == "pth" else model.state_dict(), path)
    if config:
        told = {"architecture": "voxcpm2", "patch_size": 4, "audio_vae_config": sizes}
        (folder / "config.json").write_text(json.dumps(told))
    out_rate_hz = getattr(model, "out_sample_rate", model.sample_rate)
    decimator = Decimator(out_rate_hz // model.sample_rate) if out_rate_hz > model.sample_rate else None
    delay = 0 if decimator is None else decimator.delay_samples

    def encode(audio: Tensor) -> PeerCodes:
        hop = model.hop_length * out_rate_hz // model.sample_rate
        whole = torch.nn.functional.pad(audio, (0, delay + -(audio.shape[-1] + delay) % hop))
        heard = whole if decimator is None else decimator(whole)
        return PeerCodes((), latents=model.encode(heard, model.sample_rate))

    def decode(theirs: PeerCodes, depth: int) -> Tensor:
        return model.decode(theirs.latents)[..., delay:]

    return Peer(f"voxcpm {version('voxcpm')}", path, encode, decode, "Apache-2.0", LIVENED)


def _case(variant: str, rate_hz: int, module_name: str, *, container: str, config: bool, **rest: Any) -> Case:
    sizes = rest.pop("sizes", {})
    made = partial(build, module_name=module_name, container=container, config=config, **sizes)
    return Case("audiovae", variant, "official", made, rate_hz, **rest)


SMALL = {"encoder_dim": 8, "decoder_dim": 64}
CASES = [
    _case("1, 16 kHz", 16000, "audio_vae", container="pth", config=False, sizes=SMALL, remark="small widths"),
    _case("1, full convolutions", 16000, "audio_vae", container="bare", config=True,
          sizes={**SMALL, "depthwise": False, "sample_rate": 16000}, remark="small widths, not depthwise"),
    _case("1.5, 44.1 kHz", 44100, "audio_vae", container="safetensors", config=True,
          sizes={**SMALL, "encoder_rates": RATES_1_5[0], "decoder_rates": RATES_1_5[1], "sample_rate": 44100},
          remark="small widths"),
    _case("2, 16 to 48 kHz", 48000, "audio_vae_v2", container="pth", config=False,
          sizes={"encoder_dim": 8, "decoder_dim": 128}, lengths=(48_000, 33_333),
          remark="small widths; the peer hears our 16 kHz signal"),
    _case("2, condition by sum", 48000, "audio_vae_v2", container="safetensors", config=True,
          sizes={"encoder_dim": 8, "decoder_dim": 128, "cond_type": "add"}, lengths=(24_000, 17_777),
          remark="small widths; the peer hears our 16 kHz signal"),
    _case("2, condition by channels", 48000, "audio_vae_v2", container="pth", config=True,
          sizes={"encoder_dim": 8, "decoder_dim": 128, "cond_type": "concat", "cond_out_layer": True},
          lengths=(24_000, 17_777), batches=(1,),
          remark="small widths; the peer hears our 16 kHz signal, and takes one recording"),
    _case("1, full size", 16000, "audio_vae", container="pth", config=False, lengths=(4_000, 2_501), batches=(1,)),
    _case("2, full size", 48000, "audio_vae_v2", container="pth", config=False, lengths=(12_000, 6_001),
          batches=(1,), remark="the peer hears our 16 kHz signal"),
]  # fmt: skip
