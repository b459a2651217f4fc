"""Weight norm while a network is trained; the finished codec has plain weights.

W = g · V / ‖V‖ for each output channel (Salimans and Kingma, arXiv 1602.07868, section 2). Like the published trainers
of EnCodec and DAC, lengths are taken along the first axis of the weight, of transposed convolutions too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)
_PLACE = ".parametrizations."
_OURS = "_trained_with_weight_norm"  # attribute of layers that got it here


def add_weight_norm(module: nn.Module, parts: Iterable[str], but: tuple[str, ...] = ()) -> None:
    """Train the convolutions whose dotted names begin with one of `parts`, and with none of `but`, by length and
    direction."""
    starts = tuple(parts)
    for name, layer in list(module.named_modules()):
        if but and name.startswith(but):
            continue
        if starts and name.startswith(starts) and isinstance(layer, CONVOLUTIONS):
            weight_norm(layer, "weight", dim=0)
            setattr(layer, _OURS, True)


def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """The state of a module under the names that it has without our weight norm, its weights computed.

    A teacher inside may have weight norm of its own, which stays as it is.
    """
    state = module.state_dict()
    for name, layer in module.named_modules():
        if getattr(layer, _OURS, False) and parametrize.is_parametrized(layer):
            for key in [key for key in state if key.startswith(f"{name}{_PLACE}")]:
                del state[key]
            state[f"{name}.weight"] = layer.weight.detach()
    return state


@torch.no_grad()
def load_plain_state(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Inverse of `plain_state`. Raises RuntimeError where names or shapes do not fit."""
    have = plain_state(module)
    wrong = sorted(set(have) ^ set(state)) or [name for name in have if have[name].shape != state[name].shape]
    if wrong:
        raise RuntimeError(f"{wrong[0]} does not fit")
    rest = module.state_dict()
    for name, tensor in state.items():
        if name in rest:
            rest[name].copy_(tensor)
        else:
            way, _, weight = name.rpartition(".")
            setattr(module.get_submodule(way), weight, tensor.to(have[name]))
