"""HuBERT and WavLM as a frozen listener: sound → one vector for each 20 ms, the mean of all layers.

The networks are those of the package transformers; nothing is ever downloaded. Their weights keep transformers' names,
and the weight norm of their position convolution stays, because it is over another axis than usual.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers.teacher import Teacher

if TYPE_CHECKING:
    from collections.abc import Iterable

PAD_SAMPLES = 160  # zeros on each side, so that 320 samples give one frame
TITLES = {"hubert": "HuBERT", "wavlm": "WavLM"}
# What shapes and behaviour of the networks hang on; everything else of transformers' configuration is for training.
OPTIONS = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "layer_norm_eps",
    "conv_dim", "conv_kernel", "conv_stride", "conv_bias", "feat_extract_norm", "feat_extract_activation",
    "feat_proj_layer_norm", "do_stable_layer_norm", "num_conv_pos_embeddings", "num_conv_pos_embedding_groups",
    "conv_pos_batch_norm", "num_buckets", "max_bucket_distance", "mask_time_prob", "mask_feature_prob",
)  # fmt: skip
_STRIDES = (5, 2, 2, 2, 2, 2, 2)
_HEAD_DIM = 64  # of every published HuBERT and WavLM


class SemanticTeacher(Teacher):
    """Audio `[B, 1, T]` at 16 kHz → `[B, D, F]`, the mean of the hidden states of all layers; never trained."""

    def __init__(self, kind: str, options: Mapping[str, Any]) -> None:
        """`kind`: "hubert" or "wavlm"; `options`: see `OPTIONS`, with transformers' names and defaults.

        Raises `SpeefeareError` where transformers is missing, ValueError for another kind.
        """
        super().__init__()
        self.kind = self.key = kind
        model: Any = _build(kind, dict(options)).eval().requires_grad_(False)
        self.model = model
        self.width = int(model.config.hidden_size)
        self.hop_samples = math.prod(model.config.conv_stride)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → `[B, D, F]`."""
        padded = F.pad(audio[:, 0], (PAD_SAMPLES, PAD_SAMPLES))
        layers = self.model(padded, output_hidden_states=True).hidden_states
        return torch.stack(layers, dim=1).mean(dim=1).transpose(1, 2)


def _build(kind: str, options: dict[str, Any]) -> nn.Module:
    if kind not in TITLES:
        raise ValueError(f"{kind} is no teacher; there are {', '.join(TITLES)}")
    name = TITLES[kind].replace("HuBERT", "Hubert")
    try:
        configurations = importlib.import_module(f"transformers.models.{kind}.configuration_{kind}")
        networks = importlib.import_module(f"transformers.models.{kind}.modeling_{kind}")
    except ImportError as error:
        raise SpeefeareError(
            f"X-Codec encodes with {TITLES[kind]}, which comes with a package that is not installed:"
            ' pip install "speefeare-workbench[xcodec]".'
        ) from error
    module: nn.Module = getattr(networks, f"{name}Model")(getattr(configurations, f"{name}Config")(**options))
    return module


def options_of(tensors: Mapping[str, Tensor]) -> tuple[str, dict[str, Any]]:
    """The kind and the options, from the names and shapes of its weights. Raises KeyError where some are missing."""
    convs = _indexed(tensors, r"feature_extractor\.conv_layers\.(\d+)\.conv\.weight")
    norms = _indexed(tensors, r"feature_extractor\.conv_layers\.(\d+)\.layer_norm\.weight")
    layers = _indexed(tensors, r"encoder\.layers\.(\d+)\.layer_norm\.weight")
    hidden = tensors["encoder.layer_norm.weight"].shape[0]
    position = tensors[_POSITION + "original1"]
    kind, heads = "hubert", max(1, hidden // _HEAD_DIM)
    options: dict[str, Any] = {}
    bias = tensors.get("encoder.layers.0.attention.rel_attn_embed.weight")
    if bias is not None:
        kind, heads = "wavlm", bias.shape[1]
        options["num_buckets"] = bias.shape[0]
    elif "feature_projection.layer_norm.weight" not in tensors:
        options["feat_proj_layer_norm"] = False
    strides = _STRIDES[: len(convs)] + (2,) * (len(convs) - len(_STRIDES))
    return kind, options | {
        "hidden_size": hidden,
        "num_hidden_layers": len(layers),
        "num_attention_heads": heads,
        "intermediate_size": tensors["encoder.layers.0.feed_forward.intermediate_dense.weight"].shape[0],
        "conv_dim": [conv.shape[0] for conv in convs],
        "conv_kernel": [conv.shape[2] for conv in convs],
        "conv_stride": list(strides),
        "conv_bias": "feature_extractor.conv_layers.0.conv.bias" in tensors,
        "feat_extract_norm": "layer" if len(norms) > 1 else "group",
        "num_conv_pos_embeddings": position.shape[2],
        "num_conv_pos_embedding_groups": hidden // position.shape[1],
        "mask_time_prob": 0.05 if "masked_spec_embed" in tensors else 0.0,
    }


_POSITION = "encoder.pos_conv_embed.conv.parametrizations.weight."


def new_spelling(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weight norm of the position convolution as transformers' modules spell it now; files have either."""
    old = re.compile(r"pos_conv_embed\.conv\.weight_(g|v)$")
    names = {"g": "pos_conv_embed.conv.parametrizations.weight.original0"}
    names["v"] = names["g"].replace("original0", "original1")
    return {old.sub(lambda match: names[match[1]], name): tensor for name, tensor in tensors.items()}


def _indexed(tensors: Mapping[str, Tensor], pattern: str) -> list[Tensor]:
    found: Iterable[tuple[int, Tensor]] = (
        (int(match[1]), tensor) for name, tensor in tensors.items() if (match := re.fullmatch(pattern, name))
    )
    return [tensor for _, tensor in sorted(found, key=lambda pair: pair[0])]
