"""What trainers and publishers put around the tensors of a model, taken off again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from speefeare_core.checkpoints.containers import Container
from speefeare_core.checkpoints.pickle_content import ArrayStandIn, Named, StandIn
from speefeare_core.checkpoints.plain_text import parse_yaml
from speefeare_core.checkpoints.stored import Stored
from speefeare_core.errors import SpeefeareError

_SIDE_BY_SIDE = ("CodecEnc", "generator")  # BigCodec: two modules, each with names of its own
_AROUND = ("state_dict", "model_state_dict", "model", "generator", "best_state", "ema_model", "module", "params")
_OTHER_MODULES = re.compile(r"(disc|optim|sched|ema|scaler|mpd|msd|loss|mel)", re.I)
_PARALLEL = ("module.", "_orig_mod.")  # DistributedDataParallel, torch.compile
_MOST_PLAIN = 200_000
_DEEPEST = 40


@dataclass(frozen=True)
class Contents:
    """The tensors of one model and what lay around them."""

    tensors: dict[str, Stored]
    wrapper: str = ""  # "audiocraft", "lightning", "dac", or "" for a bare state dict
    config: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def unwrap(container: Container) -> Contents:
    """Find the tensors of the model. Raises `SpeefeareError` where there are none, and says what there is."""
    path = container.path
    tree = container.tree
    if not isinstance(tree, dict):
        kind = tree.kind if isinstance(tree, StandIn) else "one tensor" if isinstance(tree, Stored) else "other data"
        raise SpeefeareError(f"{path} holds {kind}, no tensors by name; ask for the state dict of the codec.")
    wrapper, notes, config = "", [], {}
    extra: dict[str, Any] = {}
    _refuse_nested_pickles(path, tree)
    if "pytorch-lightning_version" in tree or "hyper_parameters" in tree:
        wrapper = "lightning"
    if "best_state" in tree and "xp.cfg" in tree:
        wrapper = "audiocraft"
        config = _audiocraft_config(tree["xp.cfg"], path)
    if isinstance(tree.get("pretrained"), str) and not any(isinstance(value, Stored) for value in tree.values()):
        raise SpeefeareError(
            f"{path} only names another checkpoint ({tree['pretrained'][:80]}); choose the weights file of that one."
        )
    for _ in range(4):
        if all(isinstance(tree.get(name), dict) for name in _SIDE_BY_SIDE):
            extra |= {name: value for name, value in tree.items() if name not in _SIDE_BY_SIDE}
            tree = {f"{name}.{key}": value for name in _SIDE_BY_SIDE for key, value in tree[name].items()}
            break
        inner = next((name for name in _AROUND if _has_tensors(tree.get(name))), None)
        if inner is None or _count(tree) > _count(tree[inner]):
            break
        left = {name: value for name, value in tree.items() if name != inner}
        dropped = sorted(str(name) for name, value in left.items() if _has_tensors(value))
        if dropped:
            notes.append(f"A training checkpoint: of it {inner} is used, not {', '.join(dropped[:6])}.")
        extra |= {str(name): value for name, value in left.items() if not _has_tensors(value)}
        tree = tree[inner]
    if (
        "metadata" in extra
        and isinstance(extra["metadata"], dict)
        and isinstance(extra["metadata"].get("kwargs"), dict)
    ):
        wrapper = wrapper or "dac"
        config = plain(extra["metadata"]["kwargs"])
    tensors = {name: value for name, value in tree.items() if isinstance(name, str) and isinstance(value, Stored)}
    others = [name for name, value in tree.items() if not isinstance(value, Stored)]
    if tensors and others:
        extra |= {str(name): tree[name] for name in others if not _has_tensors(tree[name])}
    if not tensors:
        raise SpeefeareError(_no_tensors(path, tree))
    for prefix in _PARALLEL:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return Contents(tensors, wrapper, config, plain(extra), tuple(notes))


def _has_tensors(value: Any) -> bool:
    """Whether it is a dictionary with tensors, at most three levels down."""
    return isinstance(value, dict) and _search(value, 3)


def _search(value: Mapping[Any, Any], levels: int) -> bool:
    for index, item in enumerate(value.values()):
        if isinstance(item, Stored) or (levels > 1 and isinstance(item, dict) and _search(item, levels - 1)):
            return True
        if index > 2000:
            break
    return False


def _count(tree: Mapping[Any, Any]) -> int:
    return sum(isinstance(value, Stored) for value in tree.values())


def _refuse_nested_pickles(path: Path, tree: Mapping[Any, Any]) -> None:
    """audiolm-pytorch keeps its configuration as a pickle inside the pickle."""
    for name in ("config", "hparams", "args"):
        if isinstance(tree.get(name), bytes) and tree[name].startswith(b"\x80"):
            raise SpeefeareError(
                f"{path} keeps its configuration as a Python pickle ({name}), which could run code; it was not read."
                " Ask for a .safetensors file with a config.json."
            )


def _audiocraft_config(config: Any, path: Path) -> dict[str, Any]:
    if isinstance(config, str):
        return parse_yaml(config, path)
    told = plain(config)
    return told if isinstance(told, dict) else {}


def _no_tensors(path: Path, tree: Mapping[Any, Any]) -> str:
    names = {str(name) for name in tree}
    if {"state", "param_groups"} <= names:
        return f"{path} holds the state of an optimiser, no weights; choose the weights file of the codec beside it."
    found = ", ".join(sorted(names)[:6])
    if names and all(_OTHER_MODULES.match(name) for name in names):
        return (
            f"{path} holds what a training needs besides the codec ({found}), no codec; choose the file with the"
            " generator."
        )
    return f"{path} holds no tensors of a codec" + (f" (only {found})." if found else ".")


def plain(value: Any) -> Any:
    """Plain data (as JSON has them) of what a pickle held; stand-ins give their data, tensors are left out."""
    return _Plain().of(value, 0)


class _Plain:
    def __init__(self) -> None:
        self.count = 0

    def of(self, value: Any, depth: int) -> Any:
        self.count += 1
        if self.count > _MOST_PLAIN or depth > _DEEPEST:
            return None
        if value is None or isinstance(value, str | int | float | bool):
            return value
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        if isinstance(value, Named):
            return value.full
        if isinstance(value, StandIn):
            return self.of_stand_in(value, depth)
        if isinstance(value, dict):
            return {
                key if isinstance(key, str) else str(key): self.of(item, depth + 1)
                for key, item in value.items()
                if not isinstance(item, Stored)
            }
        if isinstance(value, list | tuple):
            return [self.of(item, depth + 1) for item in value if not isinstance(item, Stored)]
        if isinstance(value, ArrayStandIn):
            value = value.value
        if isinstance(value, np.ndarray):
            return value.tolist() if value.size <= 1024 else None
        return None

    def of_stand_in(self, value: StandIn, depth: int) -> Any:
        state = value.state
        if value.kind.startswith("omegaconf") and isinstance(state, dict):
            inner = state.get("_content", state.get("_val"))
            return self.of(inner, depth + 1)
        if isinstance(state, dict):
            return self.of(state, depth + 1)
        return None
