"""From the names of the encodec package, which others took over, to those of nn.seanet; sizes that shapes tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

# encoder.model.0.conv.conv.weight, decoder.model.3.convtr.convtr.bias, encoder.model.0.conv.norm.weight,
# encoder.model.2.alpha
SEANET_RULES = (
    (r"\.(conv|convtr)\.\1\.", ".conv."),
    (r"\.(conv|convtr)\.norm\.", ".norm."),
    (r"\.(\d+)\.alpha$", r".\1.module.alpha"),
)
# quantizer.vq.layers.0._codebook.embed; what only training needs stays behind
BOOK_RULES = (
    (r"^quantizer\.vq\.layers\.(\d+)\._codebook\.embed$", r"quantizer.layers.\1.codebook"),
    (r"^quantizer\.vq\.layers\.\d+\._codebook\.(inited|cluster_size|embed_avg)$", ""),
)
# transformers: encoder.layers.0.conv.weight, quantizer.layers.0.codebook.embed
TRANSFORMERS_RULES = (
    (r"^(encoder|decoder)\.layers\.", r"\1.model."),
    (r"^quantizer\.layers\.(\d+)\.codebook\.embed$", r"quantizer.layers.\1.codebook"),
    (r"^quantizer\.layers\.\d+\.codebook\.(inited|cluster_size|embed_avg)$", ""),
)


def seanet_sizes(tensors: Mapping[str, Tensor], path: Path | str) -> dict[str, Any]:
    """The entries of `SeanetConfig` that the shapes of `encoder.model.*` (our names, weight norm folded) tell.

    What they do not tell: `causal`, `pad_mode`, `dilation_base`. Raises `SpeefeareError` where layers are missing.
    """
    shapes = {
        name.removeprefix("encoder.model."): tuple(t.shape) for name, t in tensors.items() if "encoder.model." in name
    }
    plain = sorted(int(name.split(".")[0]) for name in shapes if re.fullmatch(r"\d+\.conv\.weight", name))
    inner = sorted({int(name.split(".")[0]) for name in shapes if ".block." in name})
    try:
        first, *strided, last = (shapes[f"{index}.conv.weight"] for index in plain)
        reduced = shapes[f"{inner[0]}.block.1.conv.weight"] if inner else (first[0], first[0], 1)
    except (KeyError, ValueError):
        raise SpeefeareError(f"{path} lacks layers of its encoder; it may be cut off.") from None
    if not strided or len(inner) % len(strided):
        raise SpeefeareError(f"{path} has an encoder of {len(strided)} strides and {len(inner)} residual layers.")
    return {
        "channels": first[1],
        "n_filters": first[0],
        "kernel_size": first[2],
        "ratios": tuple(shape[2] // 2 for shape in reversed(strided)),
        "dimension": last[0],
        "last_kernel_size": last[2],
        "n_residual_layers": len(inner) // len(strided),
        "residual_kernel_size": reduced[2],
        "compress": max(1, first[0] // reduced[0]),
        "true_skip": not any(".shortcut." in name for name in shapes),
        "norm": "time_group_norm" if any(name.endswith(".norm.weight") for name in shapes) else "none",
        "lstm": sum(bool(re.search(r"lstm\.weight_ih_l\d+$", name)) for name in shapes),
        "bidirectional": any(name.endswith("lstm.weight_ih_l0_reverse") for name in shapes),
        "activation": "Snake" if any(name.endswith(".alpha") for name in shapes) else "ELU",
    }


def book_sizes(tensors: Mapping[str, Tensor], path: Path | str) -> dict[str, int]:
    """Number `books` and `book_size` of `quantizer.layers.N.codebook`. Raises `SpeefeareError` where there are none."""
    books = [tensor for name, tensor in tensors.items() if re.fullmatch(r"quantizer\.layers\.\d+\.codebook", name)]
    if not books:
        raise SpeefeareError(f"{path} holds no codebooks of a residual quantiser.")
    return {"books": len(books), "book_size": int(books[0].shape[0])}
