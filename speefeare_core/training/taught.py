"""What the families that a teacher teaches share: starting from a codec that another teacher taught, or none."""

from __future__ import annotations

from torch import nn

from speefeare_core.codec import Codec
from speefeare_core.quantizers.vector import vector_quantizers
from speefeare_core.training.weight_norm import load_plain_state, plain_state


def load_but_transform(module: nn.Module, codec: Codec) -> None:
    """The weights of a codec, but for `transform` where the codec has none or one of another width.

    Raises RuntimeError where anything else does not fit.
    """
    own = plain_state(module)
    state = dict(codec.module.state_dict())
    for name in ("transform.weight", "transform.bias"):
        if name in own and (name not in state or state[name].shape != own[name].shape):
            state[name] = own[name]
        elif name not in own:
            state.pop(name, None)
    load_plain_state(module, state)


def adopt_books(module: nn.Module) -> None:
    """The books learn on from where they are."""
    for _, book in vector_quantizers(module):
        book.adopt(book.codebook.clone())
