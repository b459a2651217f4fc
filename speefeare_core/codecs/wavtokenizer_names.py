"""From the names in a published WavTokenizer checkpoint to ours, and the sizes that its tensors tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, renamed
from speefeare_core.codecs.seanet_names import SEANET_RULES, seanet_sizes
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.wavtokenizer import WavTokenizerConfig

if TYPE_CHECKING:
    from torch import Tensor

_BOOK = r"^feature_extractor\.encodec\.quantizer\.vq\.layers\.0\._codebook\."
_RULES = (
    (r"^feature_extractor\.encodec\.encoder\.(.*)", r"encoder.\1"),
    (_BOOK + r"embed$", "quantizer.layers.0.codebook"),
    (_BOOK + r"(inited|cluster_size|embed_avg)$", ""),  # what only training needs
    (r"^(backbone|head)\.(.*)", r"decoder.\1.\2"),
    *SEANET_RULES,
)
# The published files carry a second decoder that nothing calls; discriminators and losses of the training too.
_UNUSED = (*_RULES, (r"^(?!encoder\.|quantizer\.layers\.0\.|decoder\.).*", ""))


def own_names(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], int]:
    """Weight norm folded and names mapped; and how many tensors of the file are not used."""
    used = renamed(tensors, _UNUSED)
    own = fold_weight_norm(used)
    return own, len(tensors) - len(used)


def config_of(tensors: Mapping[str, Tensor], found: Official) -> WavTokenizerConfig:
    """The sizes, from the shapes of the renamed tensors; rate and padding from the yaml, where one is there.

    Raises `SpeefeareError` where tensors that tell a size are missing, or the yaml contradicts the tensors.
    """
    if any(".vq.layers.1." in name for name in found.tensors):
        raise SpeefeareError(f"{found.path} has several books, and WavTokenizer is known with one only.")
    encoder = seanet_sizes(tensors, found.path)
    told = _settings(found.config)
    try:
        entries, latent_dim = tensors["quantizer.layers.0.codebook"].shape
        conditioned = tensors.get("decoder.backbone.norm.scale.weight")
        inner_dim, dim = tensors["decoder.backbone.convnext.0.pwconv1.weight"].shape
        config = WavTokenizerConfig(
            rate_hz=told.get("sample_rate", 24_000),
            ratios=encoder["ratios"],
            n_filters=encoder["n_filters"],
            latent_dim=latent_dim,
            lstm=encoder["lstm"],
            book_size=entries,
            dim=dim,
            inner_dim=inner_dim,
            layers=_count(tensors, "decoder.backbone.convnext.", ".gamma"),
            conditions=0 if conditioned is None else conditioned.shape[0],
            n_fft=tensors["decoder.head.istft.window"].shape[0],
            padding=told.get("padding", "same"),
        )
    except KeyError as error:
        raise SpeefeareError(f"{found.path} lacks {error.args[0]}; it may be cut off, so download it again.") from error
    except (ValueError, TypeError) as error:
        raise SpeefeareError(f"{found.path} holds no WavTokenizer that can work: {error}.") from error
    ours = {
        "hop_length": config.hop_samples,
        "n_fft": config.n_fft,
        "dowmsamples": list(config.ratios),
        "vq_bins": config.book_size,
        "dim": config.dim,
        "num_layers": config.layers,
    }
    for key, value in ours.items():
        if key in told and told[key] != value:
            raise SpeefeareError(
                f"The yaml beside {found.path} says {key} {told[key]}, but the weights are of {value}: it is of another"
                " WavTokenizer; put the one of this checkpoint there."
            )
    return config


def _count(tensors: Mapping[str, Tensor], begin: str, end: str) -> int:
    return sum(name.startswith(begin) and name.endswith(end) for name in tensors)


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the yaml says under model.init_args and its parts; empty where there is none."""
    model = _arguments(config.get("model", config))
    parts = [_arguments(model.get(part)) for part in ("feature_extractor", "backbone", "head")]
    return {"sample_rate": model.get("sample_rate", 24_000)} | {k: v for part in parts for k, v in part.items()}


def _arguments(node: Any) -> Mapping[str, Any]:
    inner = node.get("init_args", node) if isinstance(node, Mapping) else {}
    return inner if isinstance(inner, Mapping) else {}
