"""Mimi against moshi, transformers and rustymimi."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.parity.peer import Case, Peer, PeerCodes, speech_like

HOP = 1920
LIVENED = ("convolutions", "layer scales", "codebooks", "cluster usages")
# moshi's own sizes are fixed, but its constructors take others; these keep the strides and the rates.
SMALL: dict[str, dict[str, Any]] = {
    "seanet": {"n_filters": 8, "dimension": 64, "n_residual_layers": 2},
    "quantizer": {"dimension": 16, "bins": 128, "input_dimension": 64, "output_dimension": 64},
    "transformer": {"d_model": 64, "num_heads": 4, "num_layers": 2, "dim_feedforward": 128, "context": 30,
                    "input_dimension": 64, "output_dimensions": [64]},
}  # fmt: skip


def _moshi(books: int, sizes: dict[str, dict[str, Any]]) -> tuple[nn.Module, dict[str, Any]]:
    from moshi.models import loaders

    config = json.loads(json.dumps(loaders._mimi_config))
    for part, values in sizes.items():
        config[part] |= values
    config["quantizer"]["n_q"] = books
    torch.manual_seed(0)
    model = loaders.get_mimi(None, config, num_codebooks=books)
    for part in model.modules():
        # At torch's usual initial values the biases outweigh the signal, and every frame gives the same code.
        if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
            nn.init.kaiming_normal_(part.weight)
    with torch.inference_mode():
        latents = model.encode_to_latent(speech_like(2, 1, 30 * HOP, 24_000, seed=7), quantize=False)
    _liven(model, latents, ("scale",), "embedding_sum", (model.quantizer.rvq_first, model.quantizer.rvq_rest))
    return model, config


def _liven(model: nn.Module, latents: Tensor, scales: tuple[str, ...], sums: str, parts: tuple[nn.Module, ...]) -> None:
    """Layer scales of a usual size (they begin at 0.01), and books at the level of what they quantise."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(scales):
                weight.uniform_(0.3, 1.0)
        for part in parts:
            narrow = part.input_proj(latents)  # type: ignore[operator]
            level = narrow.std(dim=(0, 2))
            for index, layer in enumerate(part.vq.layers if hasattr(part, "vq") else part.layers):  # type: ignore[union-attr,arg-type]
                book = layer._codebook if hasattr(layer, "_codebook") else layer.codebook
                entries = 0.5 * level * torch.randn_like(book.get_buffer(sums))
                if index == 0:
                    entries += narrow.mean(dim=(0, 2))
                book.cluster_usage.uniform_(0.2, 3.0)
                book.get_buffer(sums).copy_(entries * book.cluster_usage[:, None])
                for flag in ("_initialized", "initialized"):
                    if flag in dict(book.named_buffers()):
                        book.get_buffer(flag).fill_(1)
                if hasattr(book, "_embedding"):
                    book._embedding = None
                else:
                    book._embed = None


def _official_names(model: nn.Module) -> dict[str, Tensor]:
    """As the published files spell them; moshi's load hook translates the other way."""
    return {
        name.replace("in_projs.0.weight", "in_proj_weight").replace("out_projs.0.weight", "out_proj.weight"): tensor
        for name, tensor in model.state_dict().items()
    }


def save_moshi(folder: Path, books: int, sizes: dict[str, dict[str, Any]], legacy: bool = False) -> tuple[Path, Any]:
    """A random model of moshi in its official file, and the model; with other sizes their json lies beside it."""
    from safetensors.torch import save_file

    model, config = _moshi(books, sizes)
    path = folder / ("checkpoint.pt" if legacy else "tokenizer-0a1b2c3d-checkpoint125.safetensors")
    if legacy:
        torch.save({"model": _official_names(model)}, path)
    else:
        save_file(_official_names(model), path)
    if sizes:
        path.with_suffix(".json").write_text(json.dumps(config))
    return path, model


def _moshi_peer(books: int, sizes: dict[str, dict[str, Any]], legacy: bool = False) -> Callable[[Path], Peer]:
    def build(folder: Path) -> Peer:
        path, model = save_moshi(folder, books, sizes, legacy)
        return Peer(
            f"moshi {version('moshi')}",
            path,
            lambda audio: PeerCodes((model.encode(audio),)),
            lambda codes, depth: model.decode(codes.groups[0][:, :depth]),
            "MIT",
            LIVENED,
        )

    return build


def _transformers(folder: Path) -> Peer:
    from transformers import MimiConfig, MimiModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(0)
    config = MimiConfig(
        num_filters=8, hidden_size=64, num_hidden_layers=2, intermediate_size=128, num_attention_heads=4,
        num_key_value_heads=4, upsample_groups=64, codebook_size=128, codebook_dim=16, sliding_window=30,
        vector_quantization_hidden_dimension=16, num_quantizers=8, num_residual_layers=2,
    )  # fmt: skip
    model = MimiModel(config).eval()
    with torch.inference_mode():
        latents = model.encoder(speech_like(2, 1, 30 * HOP, 24_000, seed=7)).latents
    quantizer = model.quantizer
    parts = (quantizer.semantic_residual_vector_quantizer, quantizer.acoustic_residual_vector_quantizer)
    _liven(model, latents, ("layer_scale.scale",), "embed_sum", parts)
    model.save_pretrained(folder)

    def encode(audio: Tensor) -> PeerCodes:
        # It ends a ragged recording by zeros before each convolution; moshi, and we, by zeros after the recording.
        whole = torch.nn.functional.pad(audio, (0, -audio.shape[-1] % HOP))
        return PeerCodes((model.encode(whole).audio_codes,))

    return Peer(
        f"transformers {version('transformers')}",
        folder,
        encode,
        lambda codes, depth: model.decode(codes.groups[0][:, :depth]).audio_values,
        "Apache-2.0",
        LIVENED,
    )


LENGTHS = (96_000, 77_777)

CASES = [
    Case("mimi", "8 books", "official", _moshi_peer(8, SMALL), 24_000, lengths=LENGTHS, remark="sizes reduced"),
    Case(
        "mimi",
        "32 books",
        "official",
        _moshi_peer(32, SMALL, True),
        24_000,
        lengths=LENGTHS,
        remark="legacy .pt, sizes reduced",
    ),
    Case(
        "mimi",
        "32 books, full size",
        "official",
        _moshi_peer(32, {}),
        24_000,
        lengths=(48_000, 37_777),
        batches=(1,),
    ),
    Case(
        "mimi",
        "8 books",
        "transformers",
        _transformers,
        24_000,
        lengths=LENGTHS,
        remark="sizes reduced; whole frames, as it ends ragged recordings differently from moshi",
    ),
]
