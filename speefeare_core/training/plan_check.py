"""What can be said of a training job before it starts: what would fail, what is probably not meant, what it amounts to.

Without torch, and quick: the window asks after every key.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speefeare_core.catalog import is_catalog_source, local_path
from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.training.entry_use import UNQUANTISED, without_use
from speefeare_core.training.jobs import launcher_of
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder

Level = Literal["problem", "warning", "note"]
LITTLE_SPACE = 2_000_000_000  # bytes
BY_GRADIENT = ("dac",)  # families whose books know no k-means


@dataclass(frozen=True)
class Remark:
    """One plain sentence. A problem keeps the job from starting. `entry` is the recipe's, where it is about one."""

    level: Level
    words: str
    entry: str = ""


def check(spec: JobSpec, recipe: Recipe, devices: Sequence[str] = ()) -> tuple[Remark, ...]:
    """Everything there is to say, problems first. `devices`: what this computer has, where that is known."""
    found = [
        *_folder(spec), *_data(spec, recipe), *_launcher(spec), *_device(spec, recipe, devices), *_terms(recipe),
        *_teacher(recipe), *_start(recipe), *_learn_from(recipe), *_budget(recipe), *_batch(spec, recipe),
        *_without_use(recipe),
    ]  # fmt: skip
    order = ("problem", "warning", "note")
    return tuple(sorted(found, key=lambda remark: order.index(remark.level)))


def frame_samples(recipe: Recipe) -> int:
    """Samples of a frame by the network's strides; 0 where they do not say."""
    network = recipe.network
    if isinstance(network.get("hop_samples"), int):
        return int(network["hop_samples"])
    strides = network.get("strides") or network.get("ratios")
    if not isinstance(strides, (list, tuple)) or not all(isinstance(stride, int) for stride in strides):
        return 0
    return math.prod(strides) * int(network.get("frame_stride", 2 if recipe.family == "mimi" else 1))


def _folder(spec: JobSpec) -> Iterator[Remark]:
    run = Path(spec.run)
    if RunFolder(run).config.exists():
        yield Remark("problem", f"{run.name} is a run already: choose another name, or resume that run.")
        return
    parent = next((folder for folder in (run, *run.parents) if folder.exists()), run)
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        yield Remark("problem", f"{parent} cannot be written to: choose another folder for the runs.")
    elif shutil.disk_usage(parent).free < LITTLE_SPACE:
        free = shutil.disk_usage(parent).free / 1e9
        yield Remark("warning", f"Only {free:.1f} GB are free at {parent}; checkpoints of large networks take that.")


def _data(spec: JobSpec, recipe: Recipe) -> Iterator[Remark]:
    for source in spec.data:
        if not Path(source).expanduser().exists():
            yield Remark("problem", f"The data {source} are not there: was the folder moved?", "data.sources")
    sources = recipe.data.sources
    if not spec.data and not any(source.path for source in sources):
        yield Remark("problem", "No speech is given: add a folder, a manifest, a corpus or shards.", "data.sources")
        return
    for chosen in sources:
        if chosen.path and "://" not in chosen.path and not Path(chosen.path).expanduser().exists():
            yield Remark("problem", f"The data {chosen.path} of the recipe are not there.", "data.sources")
    named = [source.name for source in sources if source.name and not source.path]
    missing = [name for name in named if not any((Path(folder).expanduser() / name).exists() for folder in spec.data)]
    if missing and spec.data:
        words = f"The recipe names packed sets that the data folder lacks: {', '.join(missing)}."
        yield Remark("problem", f"{words} Empty the list data.sources to take all that is there.", "data.sources")
    if recipe.data.gain_low_db > recipe.data.gain_high_db:
        yield Remark("problem", "The lowest gain is above the highest one.", "data.gain_low_db")


def _launcher(spec: JobSpec) -> Iterator[Remark]:
    try:
        launcher_of(spec.launcher).check(spec)
    except SpeefeareError as error:
        yield Remark("problem", str(error))


def _device(spec: JobSpec, recipe: Recipe, devices: Sequence[str]) -> Iterator[Remark]:
    kinds = {device.partition(":")[0] for device in devices}
    chosen = spec.device.partition(":")[0]
    here = spec.launcher in ("local", "torchrun")
    if here and kinds and chosen not in ("auto", *kinds):
        yield Remark("problem", f"This computer has no {chosen}; it computes on {', '.join(devices)}.")
        return
    on_cpu = here and (chosen == "cpu" or (chosen == "auto" and kinds == {"cpu"}))
    if on_cpu and recipe.precision == "float16":
        yield Remark("warning", "float16 is for GPUs; on a CPU use float32 or bfloat16.", "precision")
    if on_cpu and recipe.column in ("paper", "official"):
        words = f"The column {recipe.column} is made for a GPU: on a CPU it takes days."
        yield Remark("warning", f"{words} The column small keeps every mechanism in a size for a CPU.")
    cores = os.cpu_count() or 1
    if on_cpu and recipe.column == "small" and spec.launcher == "local" and cores > 1:
        words = f"One core of {cores} computes: with the launcher torchrun and {cores} processes all do."
        yield Remark("note", f"{words} So small a network gains next to nothing from more threads.")


def _terms(recipe: Recipe) -> Iterator[Remark]:
    adversarial = recipe.adversarial
    asked = [("losses", term.key, {key for key, row in LOSSES.items() if row.kind == "reconstruction"})
             for term in recipe.losses]  # fmt: skip
    asked += [("adversarial.discriminators", term.key, set(DISCRIMINATORS)) for term in adversarial.discriminators]
    asked += [("adversarial.groups", term.key, set(DISCRIMINATORS))
              for group in adversarial.groups for term in group.discriminators]  # fmt: skip
    for entry, key, known in asked:
        if key not in known:
            kind = "loss" if entry == "losses" else "discriminator"
            yield Remark("problem", f"There is no {kind} {key}; there are {', '.join(sorted(known))}.", entry)
    if adversarial.discriminators and adversarial.start_step >= recipe.budget.steps:
        words = f"The discriminators begin at step {adversarial.start_step}, after the last one: they never learn."
        yield Remark("warning", words, "adversarial.start_step")


def _teacher(recipe: Recipe) -> Iterator[Remark]:
    teacher = recipe.teacher
    if recipe.semantic is not None and not teacher.key:
        yield Remark("problem", "The semantic term needs a teacher to be compared with.", "teacher.key")
    if teacher.key in ("hubert", "wavlm") and not teacher.source:
        words = f"The teacher {teacher.key} needs its weights: a folder, or hf:owner/name."
        yield Remark("problem", words, "teacher.source")
    elif teacher.source and not teacher.source.startswith("hf:") and not Path(teacher.source).expanduser().exists():
        yield Remark("problem", f"The teacher's folder {teacher.source} is not there.", "teacher.source")


def _without_use(recipe: Recipe) -> Iterator[Remark]:
    for entry, words in without_use(recipe).items():
        refused = entry == UNQUANTISED  # by `check_unquantised`, before the run begins
        yield Remark("problem" if refused else "warning", words, entry)


def _start(recipe: Recipe) -> Iterator[Remark]:
    if recipe.name.startswith("finetune-") and not recipe.start_from:
        yield Remark("problem", "Fine-tuning needs a codec to start from.", "start_from")
    yield from _codec(recipe.start_from, "which the run starts from", "start_from")


def _learn_from(recipe: Recipe) -> Iterator[Remark]:
    if recipe.learn_from and recipe.family != "subframe":
        words = f"Codecs of the family {recipe.family} do not learn from another one here; those of subframe do."
        yield Remark("problem", words, "learn_from")
    yield from _codec(recipe.learn_from, "which the run learns from", "learn_from")


def _codec(source: str, what: str, entry: str) -> Iterator[Remark]:
    if source.endswith(".safetensors") and not Path(source).expanduser().exists():
        yield Remark("problem", f"The codec {source}, {what}, is not there.", entry)
    elif is_catalog_source(source):
        try:
            local_path(source)
        except SpeefeareError as error:
            yield Remark("problem", str(error), entry)


def _budget(recipe: Recipe) -> Iterator[Remark]:
    steps = recipe.budget.steps
    if recipe.optimiser.warmup_steps >= steps:
        yield Remark(
            "warning", f"The rate warms up for {recipe.optimiser.warmup_steps} steps, and the run has {steps}.",
            "optimiser.warmup_steps",
        )  # fmt: skip
    if recipe.checkpoint_every > steps:
        yield Remark("warning", "The first checkpoint comes with the last step: a crash loses all.", "checkpoint_every")
    if recipe.validation.share == 0:
        yield Remark("warning", "No clip is held out, so nothing tells learning from memorising.", "validation.share")


def _batch(spec: JobSpec, recipe: Recipe) -> Iterator[Remark]:
    data, frame = recipe.data, frame_samples(recipe)
    frames = data.batch * data.segment_frames * max(1, spec.processes)  # books learn from all processes
    size, learns = recipe.network.get("book_size"), recipe.books.learn and recipe.books.kmeans
    learns = learns and recipe.family not in BY_GRADIENT
    if isinstance(size, int) and learns and frames < size:
        words = f"A batch has {frames} frames for books of {size} entries, so k-means starts many entries alike"
        if recipe.books.replace_dead:
            yield Remark("note", f"{words}; replacing dead entries spreads them later.", "data.batch")
        else:
            yield Remark("warning", f"{words}. A larger batch or longer examples help.", "data.batch")
    rate = recipe.network.get("rate_hz")
    if frame and isinstance(rate, int) and rate > 0:
        seconds = data.segment_frames * frame / rate
        count = data.batch * recipe.accumulate * max(1, spec.processes)
        words = f"A step hears {count} examples of {seconds:.2f} s: {count * seconds:.1f} s of speech"
        yield Remark("note", f"{words}, {rate / frame:.4g} frames a second.", "data.segment_frames")
