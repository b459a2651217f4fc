"""AudioVAE's official files (`audiovae.pth`): from their names, shapes and config.json to the network's.

The names are the network's own once weight norm is folded; most sizes follow from the shapes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm
from speefeare_core.codecs.dac_names import strides_of
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.audiovae import AudioVaeConfig

if TYPE_CHECKING:
    from torch import Tensor

FRAME_RATE_HZ = 25  # of every published version
_PREFIX = "audio_vae."  # in files of the whole of VoxCPM
_BOUNDS = "decoder.sr_bin_boundaries"
_CONDITION = "decoder.sr_cond_model."


def interpret(found: Official) -> tuple[AudioVaeConfig, dict[str, Tensor], tuple[str, ...]]:
    """The configuration, the tensors under the network's names, and sentences for the card.

    Raises `SpeefeareError` where layers are missing or do not fit each other.
    """
    tensors = fold_weight_norm(found.tensors)
    if any(name.startswith(_PREFIX) for name in tensors):
        tensors = {name.removeprefix(_PREFIX): t for name, t in tensors.items() if name.startswith(_PREFIX)}
    told = found.config.get("audio_vae_config", found.config)
    told = told if isinstance(told, dict) else {}
    try:
        bounds = tensors.pop(_BOUNDS, None)
        strides = strides_of(tensors, r"encoder\.block\.(\d+)\.block\.4\.weight")
        decoder_strides = strides_of(tensors, r"decoder\.model\.(\d+)\.block\.1\.weight")
        depthwise = tensors["decoder.model.0.weight"].shape[1] == 1
        rate_hz, out_rate_hz, notes = _rates(told, math.prod(strides), math.prod(decoder_strides))
        kind, dim, out_layer = _condition(tensors)
        config = AudioVaeConfig(
            rate_hz=rate_hz,
            out_rate_hz=out_rate_hz,
            channels=tensors["encoder.block.0.weight"].shape[0],
            strides=strides,
            latent_dim=tensors["encoder.fc_mu.weight"].shape[0],
            decoder_channels=tensors[f"decoder.model.{int(depthwise)}.weight"].shape[0],
            decoder_strides=decoder_strides,
            depthwise=depthwise,
            # Version 2 pads its encoder another way; it is the one that knows two rates or a condition.
            late=kind == "none" and rate_hz == out_rate_hz and "out_sample_rate" not in told,
            noise=any(name.endswith("linear.weight") for name in tensors),
            condition=kind,
            condition_bounds_hz=() if bounds is None else tuple(int(bound) for bound in bounds),
            condition_dim=dim,
            condition_out_layer=out_layer,
        )
    except (KeyError, ValueError, IndexError) as error:
        raise SpeefeareError(
            f"{found.path} looks like VoxCPM's AudioVAE, but its layers do not fit together ({error}); it may be cut"
            " off, or of another version."
        ) from error
    return config, tensors, notes


def _rates(told: Mapping[str, Any], hop: int, out_hop: int) -> tuple[int, int, tuple[str, ...]]:
    rate_hz = told.get("sample_rate")
    if isinstance(rate_hz, int) and not isinstance(rate_hz, bool) and rate_hz * out_hop % hop == 0:
        return rate_hz, rate_hz * out_hop // hop, ()
    rate_hz, out_rate_hz = FRAME_RATE_HZ * hop, FRAME_RATE_HZ * out_hop
    note = f"The file does not say its rates; {rate_hz} Hz in and {out_rate_hz} Hz out follow from 25 frames a second."
    return rate_hz, out_rate_hz, (note,)


def _condition(tensors: Mapping[str, Tensor]) -> tuple[str, int, bool]:
    """The kind, the width of what "concat" adds, and whether layers follow."""
    names = [name for name in tensors if name.startswith(_CONDITION)]
    out_layer = any(".out_layer." in name for name in names)
    if any(name.endswith("scale_embed.weight") for name in names):
        return "scale_bias", AudioVaeConfig.condition_dim, out_layer
    embedded = sorted(name for name in names if name.endswith("cond_embed.weight"))
    if not embedded:
        return "none", AudioVaeConfig.condition_dim, False
    place, width = embedded[0].split(".")[2], tensors[embedded[0]].shape[1]
    adds = width == tensors[f"decoder.model.{place}.block.1.weight"].shape[0] and not out_layer
    return ("add" if adds else "concat"), width, out_layer
