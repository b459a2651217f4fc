"""JobSpec: everything that says what a training job is and where it runs, and the commands that it stands for.

Without torch. Two commands stand for one spec: the one for people (`command`), which a shell takes as it is, and the
one that every launcher runs (`worker`), once config.yaml in the run folder says what is to be trained.
"""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_entry import build, plain


@dataclass(frozen=True)
class JobSpec:
    """A training job. `changes` are by dotted entry of the recipe, `options` those of the launcher."""

    run: str  # the run folder
    recipe: str  # name of a shipped recipe, or a .yaml file (also a run's config.yaml)
    data: tuple[str, ...] = ()  # packed sets, folders of sound, manifests, corpora, shards
    device: str = "auto"
    launcher: str = "local"
    processes: int = 1
    changes: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """The command for people: `speefeare train RUN --recipe … --data … --set data.batch=4 …`."""
        return ["speefeare", "train", *self.words(), *self._launch_words()]

    def command_line(self) -> str:
        """`command` as one line for a shell."""
        return shlex.join(self.command())

    def detached(self, *further: str) -> list[str]:
        """What starts the job from another program: returns at once, says what came of it as one JSON object.

        A window runs it as a process, so that no launcher holds it up; further words: `--dry-run`, `--queue`.
        """
        verb = [] if {"--dry-run", "--queue"} & set(further) else ["--detach"]
        words = [*self.words(), *self._launch_words(), *verb, *further, "--json"]
        return [sys.executable, "-m", "speefeare_core.cli", "train", *words]

    def worker(self) -> list[str]:
        """What every launcher runs, once for each process: config.yaml of the run folder says the rest."""
        return [sys.executable, *self.worker_module()]

    def worker_module(self) -> list[str]:
        """The same, as the words after the interpreter."""
        return ["-m", "speefeare_core.training", self.run, "--device", self.device]

    def words(self) -> list[str]:
        """The arguments that say what to train."""
        words = [self.run]
        if self.recipe:
            words += ["--recipe", self.recipe]
        for source in self.data:
            words += ["--data", source]
        if self.device != "auto":
            words += ["--device", self.device]
        for name, value in self.changes.items():
            words += ["--set", f"{name}={value_text(value)}"]
        return words

    def _launch_words(self) -> list[str]:
        words = [] if self.launcher == "local" else ["--launcher", self.launcher]
        if self.processes != 1:
            words += ["--processes", str(self.processes)]
        for name, value in self.options.items():
            words += ["--option", f"{name}={value}"]
        return words

    def absolute(self) -> JobSpec:
        """With whole paths, so that it means the same in every folder."""
        recipe = str(Path(self.recipe).absolute()) if self.recipe.endswith((".yaml", ".yml")) else self.recipe
        data = tuple(str(Path(source).expanduser().absolute()) for source in self.data)
        return replace(self, run=str(Path(self.run).expanduser().absolute()), recipe=recipe, data=data)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse."""
        data: dict[str, Any] = plain(self)
        return data

    @classmethod
    def from_dict(cls, data: Any, origin: str = "the job") -> JobSpec:
        """Inverse of `to_dict`. Raises `SpeefeareError` that names a wrong entry."""
        try:
            made: JobSpec = build(cls, data)
        except (TypeError, ValueError) as error:
            raise SpeefeareError(f"{origin} cannot be used: {error}.") from error
        return made


def value_text(value: Any) -> str:
    """A value of `--set`, in the shortest form that `read_value` gives back."""
    if isinstance(value, str) and read_value(value) == value:
        return value
    return json.dumps(plain(value), ensure_ascii=False)


def read_value(text: str) -> Any:
    """A value of `--set`: JSON where it is JSON (`4`, `1e-4`, `[2, 4]`, `true`), else YAML, else the text itself."""
    import yaml

    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return text if value is None and text not in ("null", "~") else value


def read_change(text: str) -> tuple[str, Any]:
    """`data.batch=4` → ("data.batch", 4). Raises `SpeefeareError` where there is no `=`."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise SpeefeareError(f"--set {text}: write it as ENTRY=VALUE, as in --set data.batch=4.")
    return name.strip(), read_value(value)
