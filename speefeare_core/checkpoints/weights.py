"""From the names and spellings in a checkpoint to the tensors of a module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

# torch.nn.utils.weight_norm, and torch.nn.utils.parametrizations.weight_norm: magnitude g, direction v.
_SPELLINGS = (("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1"))
_LISTED = 5


def fold_weight_norm(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Both spellings of weight norm → plain `weight`; everything else passes. w = g·v/‖v‖ over all axes but the first.

    Raises KeyError where a magnitude has no direction.
    """
    import torch

    folded = {}
    for name, tensor in tensors.items():
        for magnitude, direction in _SPELLINGS:
            stem = name.removesuffix(magnitude)
            if name == stem + magnitude and (not stem or stem.endswith(".")):
                folded[stem + "weight"] = torch._weight_norm(tensors[stem + direction], tensor, 0)
                break
            if name == stem.removesuffix(direction) + direction and name.endswith(direction):
                break
        else:
            folded[name] = tensor
    return folded


def renamed(tensors: Mapping[str, Tensor], rules: Iterable[tuple[str, str]]) -> dict[str, Tensor]:
    """Every name through the regular expressions in order (`re.sub`); a rule that gives "" drops the tensor."""
    compiled = [(re.compile(pattern), new) for pattern, new in rules]
    out = {}
    for old_name, tensor in tensors.items():
        name = old_name
        for pattern, new in compiled:
            name = pattern.sub(new, name)
            if not name:
                break
        if name:
            out[name] = tensor
    return out


def load_tensors(
    module: Module, tensors: Mapping[str, Tensor], path: Path | str, *, ignored: Iterable[str] = ()
) -> tuple[str, ...]:
    """Copy tensors into `module` as float32; names that match a regular expression in `ignored` may be left over.

    Returns sentences for the card (what the file holds and the codec does not need). Raises `SpeefeareError` that lists
    what is missing, has another shape, or is unexpected.
    """
    own = module.state_dict()
    missing = sorted(set(own) - set(tensors))
    left = sorted(set(tensors) - set(own))
    unexpected = [name for name in left if not any(re.search(pattern, name) for pattern in ignored)]
    shapes = [
        f"{name} {list(tensors[name].shape)} instead of {list(own[name].shape)}"
        for name in sorted(set(own) & set(tensors))
        if own[name].shape != tensors[name].shape
    ]
    for words, names in (("lacks", missing), ("has the wrong shape in", shapes), ("has also", unexpected)):
        if names:
            more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
            raise SpeefeareError(
                f"{path} does not fit this codec: it {words} {', '.join(names[:_LISTED])}{more}; it may be of another"
                " version, or cut off."
            )
    module.load_state_dict({name: tensors[name].to(own[name].dtype) for name in own})
    return (f"{len(left)} tensors in the file are not needed here ({left[0]} …).",) if left else ()
