"""What benchmarks of matches share: which ones are run, and the two files that their figures go to."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "resources" / "benchmarks"


def parser_of(words: str | None, keys: Sequence[str]) -> argparse.ArgumentParser:
    """`--only` and `--write`, below the module's docstring."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="keys, separated by commas: " + ", ".join(keys))
    parser.add_argument("--write", nargs="?", type=Path, const=FOLDER, help="keep the figures (resources/benchmarks)")
    return parser


def chosen(parser: argparse.ArgumentParser, only: str | None, keys: Sequence[str]) -> list[str]:
    """The keys that `--only` names; all without it. Ends with a usage error for an unknown one."""
    found = list(keys) if only is None else only.split(",")
    unknown = [key for key in found if key not in keys]
    if unknown:
        parser.error(f"there is no {unknown[0]}; choose from {', '.join(keys)}")
    return found


def write_figures(folder: Path, name: str, title: str, data: Mapping[str, Any], table: str) -> None:
    """`NAME.json` and `NAME.md`; `data["machine"]` says where they were measured."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    place = data["machine"]
    where = (
        f"{place['processor']}, {place['cores']} cores, load {place['load_average']:.1f}, torch {place['torch']},"
        f" {place['threads']} thread"
    )
    how = f"Written by `python -m tests.benchmarks.{name} --write`; its docstring says what the columns are."
    text = f"# {title}\n\n{where}. {how}\n\n{table.rstrip()}\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
