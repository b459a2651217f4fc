"""SNAC's config.json (the arguments of the package's class) and the names in its pytorch_model.bin."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, renamed
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.snac import SnacConfig

# What snac 1.2.1 takes where the config.json does not say it: the arguments of the class SNAC.
_DEFAULTS: dict[str, Any] = {
    "sampling_rate": 44100,
    "encoder_dim": 64,
    "encoder_rates": [3, 3, 7, 7],
    "latent_dim": None,
    "decoder_dim": 1536,
    "decoder_rates": [7, 7, 3, 3],
    "attn_window_size": 32,
    "codebook_size": 4096,
    "codebook_dim": 8,
    "vq_strides": [8, 4, 2, 1],
    "noise": True,
    "depthwise": True,
}
_RULES = ((r"^.*\.rel_pos\..*$", ""),)  # the rates of the rotary positions follow from the sizes


def interpret(found: Official) -> tuple[SnacConfig, dict[str, Tensor]]:
    """The configuration and the tensors under the names of `SnacModel`. Raises `SpeefeareError`."""
    given = {**_DEFAULTS, **{name: value for name, value in found.config.items() if name in _DEFAULTS}}
    try:
        config = SnacConfig(
            rate_hz=given["sampling_rate"],
            channels=given["encoder_dim"],
            strides=tuple(given["encoder_rates"]),
            decoder_channels=given["decoder_dim"],
            decoder_strides=tuple(given["decoder_rates"]),
            attention_window=given["attn_window_size"] or 0,
            book_size=given["codebook_size"],
            book_dim=given["codebook_dim"],
            book_strides=tuple(given["vq_strides"]),
            noise=given["noise"],
            depthwise=given["depthwise"],
        )
        if given["latent_dim"] not in (None, config.latent_dim):
            raise ValueError(f"latent_dim {given['latent_dim']} is not what {len(config.strides)} strides lead to")
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"The config.json beside {found.path} does not describe a SNAC model: {error}.") from error
    return config, renamed(fold_weight_norm(found.tensors), _RULES)
