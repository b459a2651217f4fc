"""Official: one checkpoint as its authors publish it, read but not yet interpreted.

`checkpoints.reading.read_official` makes it from a file or folder without executing anything; the `from_official` of a
codec family turns it into a codec.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_SAY_NOTHING = ("weights", "model", "pytorch_model", "checkpoint", "compression_state_dict", "state_dict")


@dataclass(frozen=True)
class Official:
    """The tensors of a checkpoint under the names in the file, and what lies beside them."""

    path: Path  # the file or folder that was given
    family: str  # key of codecs.FAMILIES
    layout: str  # key of a row of that family in checkpoints.layouts.LAYOUTS
    # Wrappers such as {"state_dict": …}, {"model": …} or {"best_state": …} are taken off; of two modules side by side
    # ({"CodecEnc": …, "generator": …}) each name begins with that of its module.
    tensors: dict[str, Tensor]
    config: dict[str, Any] = field(default_factory=dict)  # config.json, or the yaml beside the file or inside it
    extra: dict[str, Any] = field(default_factory=dict)  # plain data that lay beside the tensors in the file

    @property
    def name(self) -> str:
        """A name for people: that of the folder, or the stem of the file unless it says nothing (`weights.pth`)."""
        path = Path(os.path.abspath(self.path))
        if not path.is_dir():
            if path.stem not in _SAY_NOTHING:
                return path.stem
            path = path.parent
        if path.parent.name == "snapshots":  # the cache of huggingface_hub: models--owner--name/snapshots/revision
            path = path.parent.parent
        return path.name.rpartition("--")[2] or self.path.stem
