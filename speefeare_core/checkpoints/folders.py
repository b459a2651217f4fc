"""Folders: which file holds the weights, and which configuration belongs to a weights file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speefeare_core.checkpoints.containers import WEIGHTS
from speefeare_core.checkpoints.plain_text import read_config
from speefeare_core.errors import SpeefeareError

CONFIGS = (".json", ".yaml", ".yml")
# JSON files that published folders hold besides the configuration of the codec.
_OTHER_JSON = ("preprocessor_config", "tokenizer", "special_tokens_map", "generation_config", "index", "vocab", "added")
_MOST_FILES = 40


def weights_in(folder: Path) -> list[Path]:
    """The files of a folder that may hold weights, an index in the place of its parts."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise SpeefeareError(f"The folder {folder} cannot be read: {error.strerror or error}.") from error
    indices = [path for path in files if path.name.endswith(".index.json")]
    parts = {name for index in indices for name in _listed(index)}
    found = [path for path in files if path.suffix.lower() in WEIGHTS and path.name not in parts]
    found += [path for path in indices if path.name.removesuffix(".index.json") not in {f.name for f in found}]
    return found[:_MOST_FILES]


def only_subfolder(folder: Path) -> Path | None:
    """The one subfolder with weights, as in repositories that keep each model in a folder of its own."""
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))[
            :_MOST_FILES
        ]
    except OSError:
        return None
    found = [path for path in below if weights_in(path)]
    return found[0] if len(found) == 1 else None


def _listed(index: Path) -> set[str]:
    names = read_config(index).get("weight_map")
    return {str(name) for name in names.values()} if isinstance(names, dict) else set()


def config_beside(file: Path) -> tuple[dict[str, Any], Path | None, tuple[Path, ...]]:
    """The configuration that belongs to a weights file, its path, and all candidates where it is not clear which.

    One of the same stem first, then config.json, config.yaml, then the only one there is. Raises `SpeefeareError` where
    it is damaged.
    """
    folder = file.parent
    for name in (f"{file.stem}.json", f"{file.stem}.yaml", f"{file.stem}.yml", "config.json", "config.yaml"):
        if folder / name != file and (folder / name).is_file():
            return read_config(folder / name), folder / name, ()
    try:
        others = sorted(path for path in folder.iterdir() if path.suffix.lower() in CONFIGS and path.is_file())
    except OSError:
        others = []
    others = [path for path in others if not path.name.lower().startswith(_OTHER_JSON) and ".index." not in path.name]
    if len(others) == 1:
        return read_config(others[0]), others[0], ()
    return {}, None, tuple(others)
