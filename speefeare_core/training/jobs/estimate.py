"""From the log of a dry run to what a whole run will take. Without torch."""

from __future__ import annotations

import itertools
import math
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.follow import duration
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import last_output, whole_summary
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder, read_events

WARM = 2  # steps that are thrown away, without discriminators and with them


@dataclass(frozen=True)
class Estimate:
    """Of a whole run. Times in seconds, sizes in MB (1e6 bytes)."""

    step_s: float  # a step without discriminators; where they are there from the start, with them
    adversarial_step_s: float | None  # a step with discriminators; None: it has none
    start_s: float  # until the first step
    validation_s: float  # of one look at the validation clips, with its checkpoint
    steps: int  # that the budget allows
    limit: str  # steps, minutes or epochs: which of them ends the run
    total_s: float
    finish: float  # when it would end, started now: seconds since 1970
    audio_s_per_s: float  # seconds of speech trained on in a second, at the end of the run
    parameters: int
    memory_mb: float  # of all its processes together, at most
    gpu_memory_mb: float | None
    disk_mb: float  # its checkpoints, all together
    free_disk_mb: float
    device: str
    processes: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def estimate(recipe: Recipe, job: JobSpec, memory_mb: float, run: Path) -> Estimate:
    """Of the run that `recipe` would be in the folder `run`, from the rehearsal `job`, which has ended.

    Raises `SpeefeareError` where that failed.
    """
    folder = RunFolder(Path(job.run))
    events, _ = read_events(folder.events)
    summary = whole_summary(Path(job.run))
    steps = [event for event in events if event["event"] == "losses"]
    begun = next((event for event in events if event["event"] == "start"), None)
    if summary.ended != "finished" or begun is None:
        words = summary.problem or last_output(Path(job.run)) or "it ended without a word"
        raise SpeefeareError(f"The dry run failed: {words}")
    plain_s, adversarial_s = _step_times(steps, bool(recipe.adversarial.discriminators))
    if plain_s is None:
        raise SpeefeareError("A step takes longer than all of a dry run may on this computer; choose a smaller recipe.")
    batch_s = float(begun.get("batch_s", 0.0))
    validation_s = _validation_s(events)
    per_step = adversarial_s or plain_s
    count, limit, total_s = _length(recipe, plain_s, per_step, validation_s, batch_s, float(begun.get("speech_s", 0)))
    start_s = max(0.0, float(begun["time"]) - float(events[0]["time"]))
    total_s += start_s if limit != "minutes" else 0.0
    sizes = [path.stat().st_size / 1e6 for path in folder.checkpoints.glob("step-*.pt")]
    gpu = [float(event["gpu_memory_mb"]) for event in events if event.get("gpu_memory_mb")]
    return Estimate(
        step_s=plain_s, adversarial_step_s=adversarial_s, start_s=start_s, validation_s=validation_s, steps=count,
        limit=limit, total_s=total_s, finish=time.time() + total_s, audio_s_per_s=batch_s / per_step,
        parameters=int(begun.get("parameters", 0)), memory_mb=memory_mb, gpu_memory_mb=max(gpu, default=None),
        disk_mb=max(sizes, default=0.0) * (recipe.keep_checkpoints + 1), free_disk_mb=_free_mb(run),
        device=str(begun.get("device", "")), processes=job.processes,
    )  # fmt: skip


def _step_times(steps: list[dict[str, Any]], adversarial: bool) -> tuple[float | None, float | None]:
    """Median seconds of a step without and with discriminators; the first ones after each change do not count."""
    kinds: dict[bool, list[float]] = {False: [], True: []}
    for event in steps:
        kinds[bool(event.get("discriminator"))].append(float(event["seconds"]))
    medians = {kind: median(times[WARM:] or times) for kind, times in kinds.items() if times}
    with_them = medians.get(True) if adversarial else None
    return medians.get(False, with_them), with_them


def _validation_s(events: list[dict[str, Any]]) -> float:
    """Seconds of one look at the validation clips, and of the checkpoint with it."""
    for before, event in itertools.pairwise(events):
        if event["event"] == "validation":
            return max(0.0, float(event["time"]) - float(before["time"]))
    return 0.0


def _length(
    recipe: Recipe, plain_s: float, per_step: float, validation_s: float, batch_s: float, speech_s: float
) -> tuple[int, str, float]:
    """Steps that the budget allows, the limit that ends the run, and its seconds."""
    budget, judged = recipe.budget, recipe.adversarial
    count, limit = budget.steps, "steps"
    if budget.epochs and batch_s and speech_s:
        heard = math.ceil(budget.epochs * speech_s / batch_s)
        if heard < count:
            count, limit = heard, "epochs"
    whole = min(count, budget.minutes * 60 / plain_s) if budget.minutes else count
    later = max(judged.start_step, math.ceil(judged.start_share * whole))

    def seconds(steps: int) -> float:
        alone = min(steps, later)
        looks = 1 + math.ceil(steps / recipe.checkpoint_every)
        return alone * plain_s + (steps - alone) * per_step + looks * validation_s

    if budget.minutes and seconds(count) > budget.minutes * 60:
        low, high = 0, count
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if seconds(middle) <= budget.minutes * 60 else (low, middle)
        return max(low, 1), "minutes", budget.minutes * 60
    return count, limit, seconds(count)


def _free_mb(run: Path) -> float:
    """Room on the disk of a folder that need not be there yet."""
    path = run.absolute()
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free / 1e6


def estimate_words(estimate: Estimate) -> str:
    """The estimate for people, a few lines."""
    with_them = estimate.adversarial_step_s
    step = f"a step takes {estimate.step_s:.3g} s"
    if with_them is not None and with_them != estimate.step_s:
        step += f", {with_them:.3g} s once the discriminators listen"
    memory = f"memory {estimate.memory_mb:.0f} MB"
    if estimate.gpu_memory_mb:
        memory += f", GPU memory {estimate.gpu_memory_mb:.0f} MB"
    disk = f"checkpoints {estimate.disk_mb:.0f} MB of {estimate.free_disk_mb:.0f} MB that are free"
    if estimate.disk_mb > estimate.free_disk_mb:
        disk += ": make room first, or lower keep_checkpoints"
    end = time.strftime("%Y-%m-%d %H:%M", time.localtime(estimate.finish))
    return "\n".join([
        f"{estimate.parameters / 1e6:.2f} M parameters on {estimate.device}, processes: {estimate.processes}",
        f"{step} ({estimate.audio_s_per_s:.3g} s of speech a second)",
        f"{estimate.steps} steps (the limit is {estimate.limit}) take {duration(estimate.total_s)}: until {end}",
        memory,
        disk,
    ])  # fmt: skip
