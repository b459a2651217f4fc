"""Which parameters are encoder, quantiser and decoder, so that fine-tuning can keep some of them as they are."""

from __future__ import annotations

from torch import nn

PARTS = {  # part → starts of names, in the networks of all families
    "encoder": ("encoder", "downsample", "fc_prior"),
    "quantiser": ("quantizer",),
    "decoder": ("decoder", "upsample", "fc_post"),
}


def frozen_names(module: nn.Module, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Starts of the names of everything that belongs to the parts.

    Raises ValueError for a part that there is not, or that this network does not have.
    """
    first = sorted({name.partition(".")[0] for name in module.state_dict()})
    found: list[str] = []
    for part in parts:
        if part not in PARTS:
            raise ValueError(f"freeze knows {', '.join(PARTS)}, not {part}")
        names = [f"{name}." for name in first if name.startswith(PARTS[part])]
        if not names:
            raise ValueError(f"it has no {part} that could be frozen")
        found += names
    return tuple(found)
