"""X-Codec against transformers' XcodecModel: its own folder, and its weights under the names of the authors' file.

The authors' repository is no package, so nothing else can write their file; the names are those that transformers'
conversion reads.
"""

from __future__ import annotations

import importlib
import re
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes, speech_like

SMALL_DAC = {"encoder_hidden_size": 8, "decoder_hidden_size": 128, "hidden_size": 32}
SMALL_TEACHER = {
    "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 1, "intermediate_size": 96,
    "conv_dim": (32,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
}  # fmt: skip
YAML_TEACHERS = {"hubert": "hubert_base", "wavlm": "wavlm_base_plus", "hubert general": "hubert_base_general"}
BACK = (
    (r"^fc\.", "fc_prior."),
    (r"^fc1\.", "fc_post1."),
    (r"^fc2\.", "fc_post2."),
    (r"^quantizer\.quantizers\.(\d+)\.codebook\.", r"quantizer.vq.layers.\1._codebook."),
    (r"^((?:en|de)coder_semantic\.(?:.*\.)?conv1?)\.(weight|bias)$", r"\1.conv.\2"),
    (r"^(decoder_semantic\.conv2)\.weight$", r"\1.conv.weight"),
    (r"^acoustic_encoder\.conv1\.", "encoder.block.0."),
    (r"^acoustic_encoder\.snake1\.", "encoder.block.5."),
    (r"^acoustic_encoder\.conv2\.", "encoder.block.6."),
    (r"^acoustic_decoder\.conv1\.", "decoder_2.model.0."),
    (r"^acoustic_decoder\.snake1\.", "decoder_2.model.5."),
    (r"^acoustic_decoder\.conv2\.", "decoder_2.model.6."),
)
UNIT = {"snake1": 0, "conv1": 1, "snake2": 2, "conv2": 3}


def authors_name(name: str) -> str:
    """transformers' name → that in the authors' file."""
    block = re.match(
        r"acoustic_(en|de)coder\.block\.(\d+)\.(?:res_unit(\d)\.)?(snake1|conv1|snake2|conv2|conv_t1)\.", name
    )
    if block is None:
        for pattern, new in BACK:
            name = re.sub(pattern, new, name)
        return name
    side, index, unit, part = block[1], int(block[2]) + 1, block[3], block[4]
    down = side == "en"
    stem = f"encoder.block.{index}.block." if down else f"decoder_2.model.{index}.block."
    if unit is not None:
        place = f"{int(unit) - 1 + (0 if down else 2)}.block.{UNIT[part]}."
    else:
        place = {"snake1": "3.", "conv1": "4."}[part] if down else {"snake1": "0.", "conv_t1": "1."}[part]
    return stem + place + name[block.end() :]


def authors_file(model: Any, spelling: str) -> dict[str, Tensor]:
    """The state dict as the authors save it: weight norm in the DAC parts, in the older spelling; that of the teacher
    in either `spelling`."""
    generator = torch.Generator().manual_seed(7)
    out: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        new = authors_name(name)
        if new.startswith(("encoder.", "decoder_2.")) and new.endswith(".weight"):
            axes = tuple(range(1, tensor.ndim))
            stem = new.removesuffix("weight")
            out[stem + "weight_g"] = tensor.norm(dim=axes, keepdim=True)
            out[stem + "weight_v"] = tensor * (0.5 + torch.rand(1, generator=generator))
        elif spelling == "old" and ".parametrizations.weight.original" in new:
            stem, which = new.split("parametrizations.weight.original")
            out[stem + ("weight_g" if which == "0" else "weight_v")] = tensor
        else:
            out[new] = tensor
    return out


def enliven(model: Any, seed: int = 0) -> None:
    """Weights that keep a signal at its level, alphas of 0.5 to 1.5, and books at the level of what they are for."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in (model.acoustic_encoder, model.acoustic_decoder):
            for name, weight in part.named_parameters():
                if name.endswith("alpha"):
                    weight.copy_(0.5 + torch.rand(weight.shape, generator=generator))
                elif weight.ndim == 3:
                    fan_in = weight[0].numel() if "conv_t" not in name else weight.shape[0] * 2
                    level = 0.4 if "res_unit" in name and "conv2" in name else 0.8
                    weight.copy_(torch.randn(weight.shape, generator=generator) * level / fan_in**0.5)
                else:
                    weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
        model.acoustic_decoder.conv2.weight.mul_(0.3)
        for name, weight in model.semantic_model.named_parameters():
            if name.endswith("weight") and weight.ndim == 2:
                weight.copy_(torch.randn(weight.shape, generator=generator) / weight.shape[1] ** 0.5)
        for layer in (model.fc, model.fc1, model.fc2):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / layer.weight.shape[1] ** 0.5)
        sound = speech_like(1, 1, 8_000, 16_000, seed=1)
        found = embeddings(model, sound)
        model.fc.bias.sub_(found.mean(dim=(0, 2)))
        level = float(found.std(dim=2).mean())
        for quantizer in model.quantizer.quantizers:
            embed = quantizer.codebook.embed
            embed.copy_(torch.randn(embed.shape, generator=generator) * level)
            level *= 0.7


def embeddings(model: Any, sound: Tensor) -> Tensor:
    """What its quantiser is given, `[B, D, F]`."""
    seen = []
    hook = model.fc.register_forward_hook(lambda _module, _given, out: seen.append(out))
    try:
        model.encode(sound)
    finally:
        hook.remove()
    return seen[0].transpose(1, 2)


def build(teacher: str, layout: str, spelling: str, small: bool, folder: Path) -> Peer:
    """A model with random weights, saved."""
    kind = teacher.split()[0]
    xcodec = importlib.import_module("transformers.models.xcodec")
    configs = importlib.import_module(f"transformers.models.{kind}")
    options = SMALL_TEACHER if small else {}
    semantic = configs.HubertConfig(**options) if kind == "hubert" else configs.WavLMConfig(**options)
    acoustic = importlib.import_module("transformers.models.dac").DacConfig(
        **{"encoder_hidden_size": 64, "decoder_hidden_size": 1024, "hidden_size": 256, **(SMALL_DAC if small else {})},
        downsampling_ratios=[8, 5, 4, 2],
        upsampling_ratios=[8, 5, 4, 2],
        sampling_rate=16000,
    )
    size = {"codebook_size": 256, "target_bandwidths": [0.4, 0.8, 1.2, 1.6, 3.2]} if small else {}
    config = xcodec.XcodecConfig(acoustic_model_config=acoustic, semantic_model_config=semantic, **size)
    model: Any = xcodec.XcodecModel(config).eval()
    enliven(model)
    if layout == "transformers":
        path = folder / "model"
        model.save_pretrained(path)
    else:
        path = folder / "xcodec.pth"
        torch.save(authors_file(model, spelling), path)
        told = {
            "ratios": [8, 5, 4, 2],
            "sample_rate": 16000,
            "D": acoustic.hidden_size,
            "bins": config.codebook_size,
            "target_bandwidths": list(config.target_bandwidths),
            "semantic_techer": YAML_TEACHERS[teacher],
        }
        (folder / "config.yaml").write_text(yaml.safe_dump({"generator": {"config": told}}))

    def encode(audio: Tensor) -> PeerCodes:
        return PeerCodes((model.encode(audio).audio_codes,))

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        sound: Tensor = model.decode(codes.groups[0][:, :depth]).audio_values
        return sound

    version = importlib.import_module("transformers").__version__
    livened = ("snake alpha", "weights of the trunk and the teacher", "books")
    return Peer(f"transformers {version}", path, encode, decode, licence="Apache-2.0", livened=livened)


def _case(variant: str, teacher: str, layout: str, *, spelling: str = "new", small: bool = True) -> Case:
    own = "" if layout == "transformers" else "transformers' weights under the names of the authors' file"
    return Case(
        "xcodec",
        variant if small is False else f"{variant}, narrow",
        layout,
        partial(build, teacher, layout, spelling, small),
        rate_hz=16_000,
        lengths=(16_000, 11_777) if small else (3_840, 2_777),
        codes_least=8 if small else 5,
        remark="; ".join(word for word in ("" if small else "official sizes", own) if word),
    )


CASES = [
    _case("HuBERT librispeech", "hubert", "official", spelling="old"),
    _case("HuBERT general", "hubert general", "official"),
    _case("WavLM", "wavlm", "official"),
    _case("HuBERT librispeech", "hubert", "transformers"),
    _case("WavLM", "wavlm", "transformers"),
    _case("HuBERT librispeech", "hubert", "transformers", small=False),
]
