"""The card of a trained codec: what it is, how it was trained, and what was measured, from the run's own files.

Nothing on it is written by hand: the recipe and its data come from `config.yaml`, the course of the training from
`events.jsonl`, the tables from the JSON of `speefeare evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speefeare_core.codec import CodecInfo
from speefeare_core.evaluation.card_words import (
    budget_words,
    data_words,
    end_words,
    learnt_words,
    loss_words,
    size_words,
)
from speefeare_core.evaluation.report import read_json, to_markdown
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_config import read_config
from speefeare_core.training.run_history import RunHistory, newest_codec
from speefeare_core.training.run_log import RunFolder


@dataclass(frozen=True)
class Card:
    """What the card says, as data, and its text in Markdown."""

    facts: dict[str, Any]
    text: str


def make_card(
    run: Path, evaluation: Path | None = None, beside: Sequence[Path] = (), codec: Path | None = None
) -> Card:
    """Of a run folder; `evaluation` and `beside` are files that `speefeare evaluate --output FILE.json` wrote.

    `codec`: the file that the card lies beside, where it was exported from the run; else the run's newest.
    Raises `SpeefeareError` where the run has no codec yet, or a file is none of those.
    """
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.errors import SpeefeareError

    config = read_config(RunFolder(run))
    path = codec or newest_codec(run)
    if path is None:
        raise SpeefeareError(f"{run} has made no codec yet; let it train to its first checkpoint.")
    info = load_codec(path, "cpu").info
    history = RunHistory(run)
    history.read()
    tables = [*(read_json(evaluation) if evaluation else ()), *(one for file in beside for one in read_json(file))]
    facts = {
        "name": info.name, "family": info.family, "recipe": config.recipe.name, "parameters": info.parameters,
        "bytes": path.stat().st_size, "licence": info.licence, **_course(history),
    }  # fmt: skip
    parts = [
        f"# {info.name}: {config.recipe.title or info.family}",
        size_words(info, path.stat().st_size),
        *_notes(info),
        "## Measured",
        to_markdown(tables) if tables else "Not measured yet: `speefeare evaluate`, then this card once more.",
        "## Training",
        _training(config.recipe, info, history),
        data_words(config.recipe, config.data, history.facts),
        "## What differs",
        _differences(config.recipe),
    ]
    return Card(facts, "\n\n".join(part for part in parts if part) + "\n")


def _course(history: RunHistory) -> dict[str, Any]:
    """From the first validation to the newest."""
    heard = [row for row in history.validations if row.mel_distance is not None]
    first, last = (heard[0], heard[-1]) if heard else (None, None)
    ratio = first.mel_distance / last.mel_distance if first and last and last.mel_distance else None  # type: ignore[operator]
    usage = [history.series[name] for name in history.names("books/usage")]
    return {
        "steps": history.step,
        "training_s": round(history.elapsed.last or 0.0, 1) if history.elapsed.count else 0.0,
        "mel_distance_first": first.mel_distance if first else None,
        "mel_distance": last.mel_distance if last else None,
        "mel_distance_ratio": round(ratio, 2) if ratio else None,
        "usage": [series.last for series in usage],
        "alarms": sorted({alarm.kind for alarm in history.alarms}),
        "ended": history.ended,
    }


def _training(recipe: Recipe, info: CodecInfo, history: RunHistory) -> str:
    course = _course(history)
    sentences = [
        budget_words(recipe, history, course), loss_words(recipe), learnt_words(course, history), end_words(history),
    ]  # fmt: skip
    return "\n".join(sentence for sentence in sentences if sentence)


def _notes(info: CodecInfo) -> tuple[str, ...]:
    return ("\n".join(f"- {note}" for note in info.notes),) if info.notes else ()


def _differences(recipe: Recipe) -> str:
    if not recipe.reasons:
        return "The recipe names no reasons."
    return "\n".join(f"- `{name}`: {words}" for name, words in recipe.reasons.items())
