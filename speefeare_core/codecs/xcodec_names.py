"""X-Codec's files: the authors' state dict with a yaml beside it, and transformers' folder.

The DAC parts have the trunk's own names once weight norm is folded; the sizes follow from the shapes of the tensors.
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, renamed
from speefeare_core.codecs.dac_names import from_transformers, trunk_sizes
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.xcodec import XCodecConfig
from speefeare_core.teachers.semantic import OPTIONS, new_spelling, options_of

RATE_HZ = 16000  # of all published models
_TEACHER = "semantic_model."
_OFFICIAL = (
    (r"^decoder_2\.", "decoder."),
    (r"^((?:en|de)coder_semantic\..*\bconv[12]?)\.(?:conv|deconv)\.(weight|bias)$", r"\1.\2"),
    (r"^quantizer\.vq\.layers\.(\d+)\._codebook\.embed$", r"quantizer.layers.\1.codebook"),
    (r"^quantizer\.vq\..*", ""),  # what training needs of the books
)
_TRANSFORMERS = (
    (r"^acoustic_(encoder|decoder)\.", r"\1."),
    (r"^fc\.", "fc_prior."),
    (r"^fc1\.", "fc_post1."),
    (r"^fc2\.", "fc_post2."),
    (r"^quantizer\.quantizers\.(\d+)\.codebook\.embed$", r"quantizer.layers.\1.codebook"),
    (r"^quantizer\.quantizers\..*", ""),
)


def interpret(found: Official) -> tuple[XCodecConfig, dict[str, Tensor]]:
    """The configuration and the tensors under the names of `XCodecModel`. Raises `SpeefeareError`."""
    teacher = {
        name.removeprefix(_TEACHER): tensor
        for name, tensor in new_spelling(found.tensors).items()
        if name.startswith(_TEACHER)
    }
    rest = {name: tensor for name, tensor in found.tensors.items() if not name.startswith(_TEACHER)}
    if found.layout == "transformers":
        trunk = from_transformers(fold_weight_norm(rest), "acoustic_encoder.", "acoustic_decoder.")
        tensors = renamed(trunk, _TRANSFORMERS)
    else:
        tensors = renamed(fold_weight_norm(rest), _OFFICIAL)
    try:
        config = _config(found, tensors, teacher)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise SpeefeareError(
            f"{found.path} looks like X-Codec, but its sizes cannot be told from its tensors ({error}); it may be of"
            " another version, or cut off."
        ) from error
    return config, {**tensors, **{f"teacher.model.{name}": tensor for name, tensor in teacher.items()}}


def _config(found: Official, tensors: dict[str, Tensor], teacher: dict[str, Tensor]) -> XCodecConfig:
    told = found.config
    if found.layout == "transformers":
        of_teacher, rate_hz = told.get("semantic_model_config") or {}, told.get("sample_rate", RATE_HZ)
    else:
        generator = (told.get("generator") or {}).get("config") or {}
        of_teacher, rate_hz = {}, generator.get("sample_rate", RATE_HZ)
    kind, options = options_of(teacher)
    options |= {name: value for name, value in of_teacher.items() if name in OPTIONS}
    sizes = trunk_sizes(tensors)
    convs = [tensors[name] for name in _numbered(tensors, r"encoder_semantic\.conv_blocks\.(\d+)\.conv\.weight")]
    units = _numbered(tensors, r"encoder_semantic\.conv_blocks\.0\.res_units\.(\d+)\.conv1\.weight")
    books = _numbered(tensors, r"quantizer\.layers\.(\d+)\.codebook")
    return XCodecConfig(
        rate_hz=rate_hz,
        channels=sizes["channels"],
        strides=sizes["strides"],
        decoder_strides=sizes["decoder_strides"],
        acoustic_dim=sizes["latent_dim"],
        decoder_channels=sizes["decoder_channels"],
        semantic_strides=tuple(1 if conv.shape[2] == 3 else conv.shape[2] // 2 for conv in convs),
        semantic_widths=tuple(conv.shape[0] for conv in convs),
        units=len(units),
        books=len(books),
        book_size=tensors[books[0]].shape[0],
        teacher=kind,
        teacher_options=tuple((name, _plain(value)) for name, value in sorted(options.items())),
    )


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _numbered(tensors: dict[str, Tensor], pattern: str) -> list[str]:
    """The names that match, in the order of their number."""
    found = [(int(match[1]), name) for name in tensors if (match := re.fullmatch(pattern, name))]
    return [name for _, name in sorted(found)]
