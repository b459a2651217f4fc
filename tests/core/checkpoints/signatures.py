"""Names of tensors as the published checkpoints have them, with small tensors behind them."""

from __future__ import annotations

import torch

_SEANET = (
    "encoder.model.0.conv.conv.weight_g",
    "encoder.model.0.conv.conv.weight_v",
    "encoder.model.13.lstm.weight_ih_l0",
    "quantizer.vq.layers.0._codebook.embed",
    "quantizer.vq.layers.0._codebook.inited",
)
_TRUNK = ("encoder.block.0.bias", "decoder.model.0.bias", "quantizer.quantizers.0.codebook.weight")
_OLD, _NEW = "in_proj.weight_v", "in_proj.parametrizations.weight.original1"
_HUBERT = ("semantic_model.encoder.layers.0.final_layer_norm.bias",)

OFFICIAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("encodec", "official"): _SEANET,
    ("dac", "official"): (*_TRUNK, f"quantizer.quantizers.0.{_OLD}", "decoder.model.1.block.0.alpha"),
    ("speechtokenizer", "official"): (*_SEANET, "encoder.model.13.lstm.weight_ih_l0_reverse", "transform.weight"),
    ("mimi", "official"): (
        "encoder.model.0.conv.conv.weight",
        "encoder_transformer.transformer.layers.0.linear1.weight",
        "quantizer.rvq_first.vq.layers.0._codebook.embedding_sum",
    ),
    ("xcodec", "official"): (
        *_TRUNK[:1],
        "decoder_2.model.0.bias",
        "encoder_semantic.conv.conv.weight",
        "fc_prior.weight",
        "quantizer.vq.layers.0._codebook.embed",
        *_HUBERT,
    ),
    ("wavtokenizer", "official"): (
        *(f"feature_extractor.encodec.{name}" for name in _SEANET),
        "backbone.pos_net.0.conv1.weight",
        "backbone.convnext.0.gamma",
        "head.out.weight",
    ),
    ("snac", "official"): (
        *_TRUNK,
        f"quantizer.quantizers.0.{_NEW}",
        "decoder.model.1.bias",
        "decoder.model.2.block.0.alpha",
        "decoder.model.2.block.2.linear.parametrizations.weight.original0",
    ),
    ("bigcodec", "official"): ("CodecEnc.conv_blocks.0.weight_g", "generator.quantizer.layers.0.codebook.weight"),
    ("vocos", "official"): (
        "feature_extractor.codebook_weights",
        "backbone.convnext.0.gamma",
        "head.out.weight",
    ),
    ("audiovae", "official"): ("encoder.fc_mu.bias", "encoder.block.0.bias", "decoder.model.0.bias"),
}


def tensors(*names: str) -> dict[str, torch.Tensor]:
    """A small tensor behind each name."""
    return {name: torch.arange(6.0).reshape(2, 3) + index for index, name in enumerate(names)}


def official(family: str) -> dict[str, torch.Tensor]:
    """The tensors by which a family is known."""
    return tensors(*OFFICIAL[family, "official"])
