"""`python -m speefeare_core.training`: train in a run folder, or pack speech for training."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe import Recipe, read_recipe
from speefeare_core.training.run_log import RunFolder, write_whole

if TYPE_CHECKING:
    from speefeare_core.training.trainer import TrainingResult


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 only for a finished run or a written set; 3 for a run that was stopped and can resume."""
    parser = argparse.ArgumentParser(prog="python -m speefeare_core.training", description=__doc__)
    parser.add_argument("run", type=Path, help="the run folder; one that has a config.yaml is resumed")
    parser.add_argument("--recipe", help="name of a shipped recipe or a .yaml file, for a new run")
    parser.add_argument("--data", type=Path, help="folder of packed speech sets, for a new run")
    parser.add_argument("--device", default="auto")
    try:
        given = sys.argv[1:] if arguments is None else arguments
        if given[:1] == ["pack"]:
            return _pack(given[1:])
        options = parser.parse_args(given)
        result = train(options.run, options.recipe, options.data, options.device)
        print(json.dumps({"step": result.step, "finished": result.finished, "model": str(result.model or "")}))
        return 0 if result.finished else 3
    except SpeefeareError as error:
        print(error, file=sys.stderr)
        return 1


def train(path: Path, recipe_source: str | None, data: Path | None, device: str) -> TrainingResult:
    """Begin or resume the run in a folder. Raises `SpeefeareError` where what is given does not fit the folder."""
    from speefeare_core.training.trainer import Trainer

    run = RunFolder(path)
    if run.config.exists():
        if recipe_source or data:
            raise SpeefeareError(f"{path} is a run already and goes on as it began: leave out --recipe and --data.")
        recipe, folder = read_config(run)
    elif recipe_source is None or data is None:
        raise SpeefeareError(f"{path} is no run yet: give --recipe and --data.")
    else:
        recipe, folder = read_recipe(recipe_source), data.resolve()
    trainer = Trainer(recipe, run, folder, device)
    run.create()
    write_config(run, recipe, folder)
    return trainer.train()


def write_config(run: RunFolder, recipe: Recipe, data: Path) -> None:
    """Write `config.yaml`: the recipe and the data folder."""
    text = yaml.safe_dump({"data_folder": str(data), "recipe": recipe.to_dict()}, sort_keys=False, allow_unicode=True)
    write_whole(run.config, text.encode())


def read_config(run: RunFolder) -> tuple[Recipe, Path]:
    """Inverse of `write_config`. Raises `SpeefeareError` for a damaged file."""
    try:
        data = yaml.safe_load(run.config.read_text(encoding="utf-8"))
        return Recipe.from_dict(data["recipe"], str(run.config)), Path(data["data_folder"])
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise SpeefeareError(f"{run.config} is damaged ({error}); start a new run folder.") from error


def _pack(arguments: list[str]) -> int:
    from speefeare_core.training.data import pack, sound_files

    parser = argparse.ArgumentParser(prog="python -m speefeare_core.training pack")
    parser.add_argument("folder", type=Path, help="folder of sound files, searched through")
    parser.add_argument("target", type=Path, help="folder of the packed set")
    parser.add_argument("--rate", type=int, default=16000, metavar="HZ")
    parser.add_argument("--skip-last", type=int, default=0, metavar="N", help="leave out the last N by file name")
    parser.add_argument("--match", default="*", metavar="GLOB", help="only file names like this")
    parser.add_argument("--except", dest="exception", default="", metavar="GLOB", help="no file names like this")
    options = parser.parse_args(arguments)
    files = [path for path in sound_files(options.folder) if path.match(options.match)]
    if options.exception:
        files = [path for path in files if not path.match(options.exception)]
    speech = pack(files[: len(files) - options.skip_last], options.target, options.rate)
    length_s = sum(length for _, _, length in speech.clips) / speech.rate_hz
    print(json.dumps({"clips": len(speech.clips), "length_s": round(length_s, 1)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
