"""Train the variants of a study one after the other, measure them alike, and say which claims held."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speefeare_core.audio import Samples
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.metrics import mel_distance
from speefeare_core.evaluation.phone_statistics import measure_phones
from speefeare_core.synthetic_speech.shipped import shipped_speech
from speefeare_core.training.begin import train_in
from speefeare_core.training.held_out import hold_out
from speefeare_core.training.recipe import Recipe, read_recipe
from speefeare_core.training.run_config import RunConfig
from speefeare_core.training.run_log import RunFolder, read_events, write_whole
from speefeare_core.training.speech.opening import open_data
from speefeare_core.training.speech.pool import SpeechPool
from speefeare_core.training.studies import Outcome, Outcomes, Study, Variant
from speefeare_core.training.validation import depths_to_measure

FRAMES = 12_000  # over which entries are counted: usage grows with the number of frames, so it is always the same
CLIPS = 12  # of which the mel distance is the mean
CLIP_S = 8.0
LISTED = "study.json"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class StudyResult:
    """What came out of a study."""

    study: Study
    outcomes: Outcomes
    verdicts: tuple[tuple[str, bool], ...]  # (claim, whether it held)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "study": self.study.key,
            "title": self.study.title,
            "outcomes": {label: asdict(outcome) for label, outcome in self.outcomes.items()},
            "claims": [{"claim": words, "held": held} for words, held in self.verdicts],
        }


def run_study(
    study: Study, data: Sequence[str], folder: Path, changes: dict[str, Any], device: str = "auto",
    progress: Progress | None = None,
) -> StudyResult:  # fmt: skip
    """Train each variant in `folder/LABEL` (a finished one is not trained again) and write `folder/study.json`.

    `changes` are made to every variant alike, as `{"budget.minutes": 2}`. Raises `SpeefeareError`.
    """
    outcomes: dict[str, Outcome] = {}
    for number, variant in enumerate(study.variants):
        if progress is not None:
            progress(number / len(study.variants), f"Training {variant.label}")
        outcomes[variant.label] = _outcome(variant, study, data, folder, changes, device)
    result = StudyResult(study, outcomes, tuple((claim.words, bool(claim.holds(outcomes))) for claim in study.claims))
    write_whole(folder / LISTED, json.dumps(result.to_dict(), indent=1, ensure_ascii=False).encode())
    return result


def measure(codec: Codec, clips: Iterable[Samples], steps: int = 0) -> Outcome:
    """Usage of the books over `FRAMES` frames, and mel distance by depth over `CLIPS` clips `[n]`."""
    depths = depths_to_measure(codec.info.depth) or (0,)
    seen: list[set[int]] = [set() for _ in codec.info.books]
    distances: dict[int, list[float]] = {depth: [] for depth in depths}
    frames = 0
    for number, samples in enumerate(clips):
        counted = frames < FRAMES and bool(seen)
        if not counted and number >= CLIPS:
            break
        encoded = codec.encode(torch.from_numpy(samples)[None, None])
        if counted:
            codes = encoded.codes[0, :, : FRAMES - frames].cpu().numpy()
            for book, row in zip(seen, codes, strict=True):
                book.update(np.unique(row).tolist())
            frames += codes.shape[1]
        for depth in depths if number < CLIPS else ():
            decoded = codec.decode(encoded, depth or None)[0, 0].cpu().numpy()
            value = mel_distance.measure(samples, decoded, codec.info.rate_hz).value
            if value is not None:
                distances[depth].append(value)
    usage = tuple(len(book) / info.size for book, info in zip(seen, codec.info.books, strict=True))
    return Outcome(
        usage=float(np.mean(usage)) if usage else None,
        usage_by_book=usage,
        frames=frames,
        mel_distance={depth: round(float(np.mean(found)), 3) for depth, found in distances.items() if found},
        steps=steps,
    )


def _outcome(
    variant: Variant, study: Study, data: Sequence[str], folder: Path, changes: dict[str, Any], device: str
) -> Outcome:
    recipe = read_recipe(variant.recipe).changed({"budget.minutes": study.minutes} | changes | variant.changes)
    run = RunFolder(folder / variant.label.replace(",", "").replace(" ", "-"))
    if not run.model.exists():
        run.create()
        if not run.config.exists():
            RunConfig.asked_for(recipe, tuple(data)).write(run)
        if not train_in(run.path, device).finished:
            raise SpeefeareError(f"The run in {run.path} was stopped; the same command goes on with it.")
    codec = load_codec(str(run.model), device)
    finished = [event for event in read_events(run.events)[0] if event.get("event") == "finished"]
    pool = open_data(recipe.data.sources, [Path(source) for source in data], codec.info.rate_hz)
    found = measure(codec, _clips(pool, recipe), int(finished[-1]["step"]) if finished else 0)
    return replace(found, pnmi=_knowledge_of_phones(codec)) if study.phones else found


def _knowledge_of_phones(codec: Codec) -> float:
    """PNMI of the first book above its floor."""
    first = measure_phones(codec, shipped_speech(), decode=False).books[0]
    return round(first.pnmi - first.pnmi_floor, 4)


def _clips(pool: SpeechPool, recipe: Recipe) -> Iterator[Samples]:
    """Beginnings of the clips that the run held out; where they are too few to count entries, of all others too."""
    rest, held = hold_out(pool, recipe.validation)
    for part in (held, rest) if held is not rest else (rest,):
        for index in range(len(part)):
            yield part.read(index, 0, round(CLIP_S * part.rate_hz))
