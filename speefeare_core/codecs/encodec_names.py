"""The three ways in which EnCodec is published → the configuration and tensors of our network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, renamed
from speefeare_core.codecs.seanet_names import BOOK_RULES, SEANET_RULES, TRANSFORMERS_RULES, book_sizes, seanet_sizes
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.encodec import EncodecConfig

if TYPE_CHECKING:
    from torch import Tensor

SEGMENT_S, SEGMENT_OVERLAP = 1.0, 0.01  # of the 48 kHz model (encodec/model.py)


def interpret(found: Official) -> tuple[EncodecConfig, dict[str, Tensor], tuple[str, ...]]:
    """Configuration, tensors under our names, and sentences for the card. Raises `SpeefeareError`."""
    rules = TRANSFORMERS_RULES if found.layout == "transformers" else (*SEANET_RULES, *BOOK_RULES)
    try:
        tensors = renamed(fold_weight_norm(found.tensors), rules)
    except KeyError as error:
        raise SpeefeareError(f"{found.path} lacks {error.args[0]}; it may be cut off.") from error
    sizes: dict[str, Any] = {**seanet_sizes(tensors, found.path), **book_sizes(tensors, found.path)}
    told, notes = {"transformers": _transformers, "audiocraft": _audiocraft}.get(found.layout, _bare)(found, sizes)
    try:
        return EncodecConfig(**{**sizes, **told}), tensors, notes
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"{found.path} describes an EnCodec that cannot be built: {error}.") from error


def _bare(found: Official, sizes: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A state dict alone does not say its rate; the published models differ in their tensors."""
    if sizes["norm"] != "none":
        return {
            "causal": False,
            "rate_hz": 48000,
            "normalize": True,
            **_segments(48000, SEGMENT_S, SEGMENT_OVERLAP),
        }, ()
    if not sizes["true_skip"]:
        return {"causal": True, "rate_hz": 24000}, ()
    hop = 1
    for ratio in sizes["ratios"]:
        hop *= ratio
    rate_hz = 32000 if hop == 640 else 16000  # 50 Hz both
    note = (
        f"The file does not say its sample rate, padding and causality; from its shapes it was taken for AudioCraft's"
        f" non-causal model at {rate_hz // 1000} kHz. A compression_state_dict.bin or a transformers folder says them."
    )
    return {"causal": False, "rate_hz": rate_hz, "pad_mode": "constant"}, (note,)


def _transformers(found: Official, sizes: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """config.json of transformers' EncodecModel; what it leaves out takes that class's default."""
    config = found.config
    rate_hz = int(config.get("sampling_rate", 24000))
    told: dict[str, Any] = {
        "rate_hz": rate_hz,
        "causal": bool(config.get("use_causal_conv", True)),
        "pad_mode": config.get("pad_mode", "reflect"),
        "dilation_base": config.get("dilation_growth_rate", 2),
        "trim_right_ratio": float(config.get("trim_right_ratio", 1.0)),
        "normalize": bool(config.get("normalize", False)),
    }
    seconds, overlap = config.get("chunk_length_s"), config.get("overlap")
    if seconds is not None:
        if overlap is None:
            raise SpeefeareError(f"{found.path} has segments (chunk_length_s) but does not say how they overlap.")
        told |= _segments(rate_hz, float(seconds), float(overlap))
    return told, ()


def _audiocraft(found: Official, sizes: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The recipe inside the file (audiocraft, config/model/encodec/default.yaml); `${…}` points to another entry."""
    config = found.config
    seanet, encodec = _section(config, "seanet"), _section(config, "encodec")
    activation = seanet.get("activation", "ELU")
    if activation != sizes["activation"]:
        raise SpeefeareError(f"{found.path} uses the activation {activation}, which EnCodec does not have here.")
    rate_hz = next((v for v in (encodec.get("sample_rate"), config.get("sample_rate")) if isinstance(v, int)), None)
    if rate_hz is None:
        raise SpeefeareError(f"{found.path} does not say its sample_rate; its recipe (xp.cfg) is not whole.")
    decoder = _section(seanet, "decoder")
    told = {
        "rate_hz": rate_hz,
        "causal": bool(next((v for v in (seanet.get("causal"), encodec.get("causal")) if isinstance(v, bool)), False)),
        "pad_mode": seanet.get("pad_mode", "constant"),
        "dilation_base": seanet.get("dilation_base", 2),
        "trim_right_ratio": float(decoder.get("trim_right_ratio", 1.0) or 0.0),
        "final_activation": decoder.get("final_activation"),
        "normalize": bool(encodec.get("renormalize", False)),
    }
    return told, ()


def _section(config: dict[str, Any], name: str) -> dict[str, Any]:
    section = config.get(name)
    return section if isinstance(section, dict) else {}


def _segments(rate_hz: int, seconds: float, overlap: float) -> dict[str, int]:
    length = int(seconds * rate_hz)
    return {"segment_samples": length, "segment_stride": max(1, int((1 - overlap) * length))}
