"""The names of Mimi's tensors in its two layouts, and its sizes as they follow from the tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.weights import fold_weight_norm, renamed

if TYPE_CHECKING:
    from torch import Tensor

LEAST_USAGE = 1e-5  # of an entry: what its sum is divided by at least
HEAD_WIDTH = 64  # of the published model, where nothing else says how many heads there are

_CONVOLUTIONS = ((r"\.conv\.conv\.", ".conv."), (r"\.convtr\.convtr\.", ".conv."))
_OFFICIAL = (
    (r"^downsample\.conv\.conv\.conv\.", "downsample."),
    (r"^upsample\.convtr\.convtr\.convtr\.", "upsample."),
    *_CONVOLUTIONS,
    (r"_transformer\.transformer\.", "_transformer."),
    (r"\.self_attn\.(in|out)_proj(_|\.|s\.0\.)weight$", r".\1_proj.weight"),
    (r"\.layer_scale_([12])\.scale$", r".scale\1"),
    (r"^quantizer\.rvq_first\.", "quantizer.semantic."),
    (r"^quantizer\.rvq_rest\.", "quantizer.acoustic."),
    (r"\._codebook\.", "."),
)
_TRANSFORMERS = (
    # The halves that transformers 5 nests, should a file spell them out.
    (r"^encoder\.(encoder|encoder_seanet)\.layers\.", "encoder.layers."),
    (r"^decoder\.(decoder|decoder_seanet)\.layers\.", "decoder.layers."),
    (r"^encoder\.(encoder_transformer|downsample)\.", r"\1."),
    (r"^decoder\.(decoder_transformer|upsample)\.", r"\1."),
    (r"^(encoder|decoder)\.layers\.", r"\1.model."),
    (r"^(downsample|upsample)\.conv\.", r"\1."),
    (r"\.self_attn\.o_proj\.", ".out_proj."),
    (r"\.mlp\.fc([12])\.", r".linear\1."),
    (r"\.input_layernorm\.", ".norm1."),
    (r"\.post_attention_layernorm\.", ".norm2."),
    (r"\.self_attn_layer_scale\.scale$", ".scale1"),
    (r"\.mlp_layer_scale\.scale$", ".scale2"),
    (r"^quantizer\.(semantic|acoustic)_residual_vector_quantizer\.(layers\.)?", r"quantizer.\1.\2"),
    (r"^(quantizer\.\w+)\.layers\.", r"\1.vq.layers."),
    (r"\.codebook\.", "."),
)
_PROJECTIONS = (
    (r"^(quantizer\.\w+)\.input_proj\.", r"\1.in_proj."),
    (r"^(quantizer\.\w+)\.output_proj\.", r"\1.out_proj."),
)
_BOOK = re.compile(r"^(quantizer\.\w+\.vq\.layers\.\d+)\.(\w+)$")
# Older files call them otherwise (moshi/quantization/core_vq.py).
_SUMS = ("embedding_sum", "embed_sum", "embed_avg")
_USAGES = ("cluster_usage", "cluster_size")


def from_official(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Moshi's names to ours."""
    return _books(renamed(fold_weight_norm(tensors), (*_OFFICIAL, *_PROJECTIONS)))


def from_transformers(tensors: Mapping[str, Tensor], heads: int) -> dict[str, Tensor]:
    """The names of transformers to ours; queries, keys and values become one matrix again."""
    import torch

    found = _books(renamed(fold_weight_norm(tensors), (*_TRANSFORMERS, *_PROJECTIONS)))
    for name in [name for name in found if name.endswith(".self_attn.q_proj.weight")]:
        stem = name.removesuffix(".self_attn.q_proj.weight")
        parts = [found.pop(f"{stem}.self_attn.{kind}_proj.weight") for kind in "qkv"]
        parts[:2] = [_interleaved(part, heads) for part in parts[:2]]
        found[f"{stem}.in_proj.weight"] = torch.cat(parts)
    return found


def _interleaved(weight: Tensor, heads: int) -> Tensor:
    """Rows of a head in two halves (how transformers turns pairs) → pair by pair."""
    halves = weight.reshape(heads, 2, -1, *weight.shape[1:])
    return halves.transpose(1, 2).flatten(0, 2)


def _books(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Sums and usages of entries become the entries; projections that are convolutions of width 1 become matrices."""
    out = {}
    books: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        book = _BOOK.match(name)
        if book:
            books.setdefault(book[1], {})[book[2]] = tensor
        elif re.search(r"^quantizer\.\w+\.(in|out)_proj\.weight$", name) and tensor.ndim == 3:
            out[name] = tensor.squeeze(-1)
        else:
            out[name] = tensor
    for stem, parts in books.items():
        total = next((parts.pop(name) for name in _SUMS if name in parts), None)
        usage = next((parts.pop(name) for name in _USAGES if name in parts), None)
        if total is not None and usage is not None:
            out[f"{stem}.codebook"] = total.float() / usage.float().clamp(min=LEAST_USAGE)[:, None]
        out |= {
            f"{stem}.{name}": part for name, part in parts.items() if name.lstrip("_") not in ("initialized", "inited")
        }
    return out


def sizes(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the shapes of tensors under our names say about a `MimiConfig`.

    Raises KeyError for a tensor that is not there, ValueError where they make no sense.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    convs = _numbered(shapes, r"^encoder\.model\.(\d+)\.conv\.weight$")
    blocks = _numbered(shapes, r"^encoder\.model\.(\d+)\.block\.1\.conv\.weight$")
    layers = _numbered(shapes, r"^encoder_transformer\.layers\.(\d+)\.linear1\.weight$")
    if len(convs) < 3 or not layers or any(len(shape) != 3 for shape in [*convs, *blocks]):
        raise ValueError("there are too few layers")
    ratios = tuple(shape[2] // 2 for shape in reversed(convs[1:-1]))
    books = {
        kind: _numbered(shapes, rf"^quantizer\.{kind}\.vq\.layers\.(\d+)\.codebook$")
        for kind in ("semantic", "acoustic")
    }
    if not books["semantic"] or not books["acoustic"]:
        raise ValueError("there are no semantic or no acoustic books")
    dimension = convs[-1][0]
    size, width = books["semantic"][0]
    told = {
        "channels": convs[0][1],
        "n_filters": convs[0][0],
        "kernel_size": convs[0][2],
        "ratios": ratios,
        "dimension": dimension,
        "last_kernel_size": convs[-1][2],
        "n_residual_layers": len(blocks) // len(ratios),
        "true_skip": not any(".shortcut." in name for name in shapes),
        "frame_stride": shapes["downsample.weight"][-1] // 2,
        "layers": len(layers),
        "heads": max(1, dimension // HEAD_WIDTH),
        "feedforward": layers[0][0],
        "books": len(books["semantic"]) + len(books["acoustic"]),
        "semantic_books": len(books["semantic"]),
        "book_size": size,
        "book_dim": width,
    }
    if blocks:
        told |= {"residual_kernel_size": blocks[0][2], "compress": max(1, blocks[0][1] // max(1, blocks[0][0]))}
    return told


def _numbered(shapes: Mapping[str, tuple[int, ...]], pattern: str) -> list[tuple[int, ...]]:
    """The shapes of the tensors whose names fit, by the number in them."""
    found = [(int(match[1]), shape) for name, shape in shapes.items() if (match := re.match(pattern, name))]
    return [shape for _, shape in sorted(found)]
