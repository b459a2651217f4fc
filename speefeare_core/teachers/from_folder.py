"""HuBERT and WavLM from a folder in transformers' format, or from a hub repository that is on this disk already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speefeare_core.checkpoints.containers import open_container
from speefeare_core.checkpoints.folders import config_beside, weights_in
from speefeare_core.checkpoints.stored import Damaged, Stored
from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers.semantic import OPTIONS, TITLES, SemanticTeacher, new_spelling, options_of


def open_hubert(source: str) -> SemanticTeacher:
    """From a folder, a weights file or hf:owner/name. Raises `SpeefeareError`."""
    return _open("hubert", source)


def open_wavlm(source: str) -> SemanticTeacher:
    """From a folder, a weights file or hf:owner/name. Raises `SpeefeareError`."""
    return _open("wavlm", source)


def _open(kind: str, source: str) -> SemanticTeacher:
    file = _weights_file(kind, source)
    told, _, _ = config_beside(file)
    tensors = {name: _load(file, tensor) for name, tensor in _inside(open_container(file).tree, file).items()}
    tensors = new_spelling(_without_head(tensors))
    try:
        found, options = options_of(tensors)
    except (KeyError, IndexError, ValueError) as error:
        raise SpeefeareError(f"{file} is no {TITLES[kind]} in transformers' format: it lacks {error}.") from error
    if found != kind:
        raise SpeefeareError(f"{file} is a {TITLES[found]}, not a {TITLES[kind]}; set teacher.key to {found}.")
    options |= {name: value for name, value in told.items() if name in OPTIONS}
    try:
        teacher = SemanticTeacher(kind, options)
        _, unexpected = teacher.model.load_state_dict(tensors, strict=False)
        missing = [name for name in teacher.model.state_dict() if name not in tensors]
    except (RuntimeError, TypeError, ValueError) as error:
        raise SpeefeareError(f"{file} does not fit its configuration: {str(error).splitlines()[0]}.") from error
    if missing or unexpected:
        name = (missing or unexpected)[0]
        raise SpeefeareError(
            f"{file} {'lacks' if missing else 'has also'} {name}; it may be cut off, or another model."
        )
    return teacher


def _weights_file(kind: str, source: str) -> Path:
    if source.startswith("hf:"):
        from speefeare_core.catalog import local_path

        path = local_path(source)
    else:
        path = Path(source).expanduser()
    if path.is_dir():
        found = sorted(weights_in(path), key=lambda file: (file.suffix != ".safetensors", file.name))
        if not found:
            raise SpeefeareError(f"The folder {path} holds no weights of {TITLES[kind]} (.safetensors or .bin).")
        return found[0]
    if not path.exists():
        raise SpeefeareError(f"There is no teacher's file or folder {path}.")
    return path


def _inside(tree: Any, file: Path) -> dict[str, Stored]:
    for _ in range(2):  # {"state_dict": …} or {"model": …}
        if isinstance(tree, dict) and not any(isinstance(value, Stored) for value in tree.values()):
            inner = [value for value in tree.values() if isinstance(value, dict)]
            tree = inner[0] if len(inner) == 1 else tree
    found = (
        {str(name): value for name, value in tree.items() if isinstance(value, Stored)}
        if isinstance(tree, dict)
        else {}
    )
    if not found:
        raise SpeefeareError(f"{file} holds no tensors by name.")
    return found


def _load(file: Path, tensor: Stored) -> Any:
    try:
        return tensor.load().float()
    except Damaged as error:
        raise SpeefeareError(f"{file} is damaged: {error}; download it again.") from error


def _without_head(tensors: dict[str, Any]) -> dict[str, Any]:
    """The network alone: models with a head on top call it `hubert.` or `wavlm.`."""
    for prefix in ("hubert.", "wavlm."):
        inside = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        if inside:
            return inside
    return tensors
