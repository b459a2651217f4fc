"""config.yaml of a run folder: the recipe as it is used, and the data. Without torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import yaml

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder, write_whole

# What a run that has begun may still change: when it ends, and what is written down. All else would be another run.
CHANGEABLE = ("budget", "validation", "log_every", "checkpoint_every", "keep_checkpoints", "threads")


@dataclass(frozen=True)
class RunConfig:
    """What a run was begun with."""

    recipe: Recipe
    data: tuple[str, ...]
    asked: str = ""  # fingerprint of recipe and data as they were asked for

    @classmethod
    def asked_for(cls, recipe: Recipe, data: tuple[str, ...]) -> RunConfig:
        """Of a new run."""
        return cls(recipe, data, fingerprint(recipe, data))

    def write(self, run: RunFolder) -> None:
        """Write config.yaml whole. Raises `SpeefeareError`."""
        content = {"data": list(self.data), "asked": self.asked, "recipe": self.recipe.to_dict()}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        try:
            write_whole(run.config, text.encode())
        except OSError as error:
            raise SpeefeareError(f"{run.config} cannot be written: {error.strerror or error}.") from error

    def changed(self, changes: dict[str, Any]) -> RunConfig:
        """With other values of what a run may change later. Raises `SpeefeareError` for anything else."""
        for name in changes:
            if name.partition(".")[0] not in CHANGEABLE:
                raise SpeefeareError(
                    f"A run that has begun keeps its {name}; only {', '.join(CHANGEABLE)} can change."
                    " Clone the run for everything else."
                )
        return dataclasses.replace(self, recipe=self.recipe.changed(changes)) if changes else self


def read_config(run: RunFolder) -> RunConfig:
    """Inverse of `RunConfig.write`. Raises `SpeefeareError` for a missing or damaged file."""
    try:
        content = yaml.load(run.config.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        data = content["data"] if "data" in content else [content["data_folder"]]
        recipe = Recipe.from_dict(content["recipe"], str(run.config))
        return RunConfig(recipe, tuple(str(source) for source in data), str(content.get("asked", "")))
    except FileNotFoundError:
        raise SpeefeareError(f"{run.path} holds no training run: there is no config.yaml in it.") from None
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise SpeefeareError(f"{run.config} is damaged ({error}); start a new run folder.") from error


def fingerprint(recipe: Recipe, data: tuple[str, ...]) -> str:
    """What tells two runs apart: the same for the same recipe and data. Explanations do not count."""
    content = recipe.to_dict() | {"reasons": {}, "title": "", "notes": []}
    return hashlib.sha256(json.dumps([content, list(data)], sort_keys=True).encode()).hexdigest()[:16]
