"""One step of training of a recipe, and where its time goes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speefeare_core import audio
from speefeare_core.errors import SpeefeareError
from speefeare_core.resources import resource
from speefeare_core.teachers import open_teacher
from speefeare_core.training.batch import Batch
from speefeare_core.training.listening import Listener
from speefeare_core.training.parallel import Parallel, start_parallel
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.train_step import Heard, Learner
from speefeare_core.training.trainable import Trainable, trainable_for

WARM_UP = 2  # steps that are not timed: k-means, memory, compilation of kernels


@dataclass(frozen=True)
class TrainingBench:
    """Steps of one recipe. Times are medians, in milliseconds."""

    recipe: str
    device: str
    parameters: int
    discriminator_parameters: int
    steps: int  # that were timed
    audio_s: float  # that a step is trained on
    step_ms: float
    worst_ms: float
    audio_s_per_s: float
    gpu_memory_mb: float | None
    # Each alone, forwards and back to the decoded audio: network, losses by key, discriminators. What the step takes
    # beyond their sum are the discriminators' own learning and the optimisers.
    parts_ms: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def bench_training(
    recipe: Recipe, device: str = "auto", steps: int = 5, progress: Callable[[float], None] = lambda fraction: None
) -> TrainingBench:
    """Train fresh weights for a few steps on the shipped recording, discriminators from the first one on.

    Raises `SpeefeareError` for a recipe that has no steps, and where device or teacher cannot be used.
    """
    parallel = start_parallel(device, recipe.precision, "never")
    model = trainable_for(recipe)
    if model.fitted:
        raise SpeefeareError(f"The recipe {recipe.name} is fitted at once: it has no steps that could be timed.")
    torch.manual_seed(recipe.seed)
    learner = Learner(recipe.changed({"adversarial.start_step": 0, "adversarial.start_share": 0.0}), model, parallel)
    model.module.train()
    count = steps + WARM_UP
    heard = [_batch(recipe, model, parallel)] * recipe.accumulate
    times = []
    for step in range(count):
        times.append(_timed(partial(learner.step, heard, step, step / count, False), parallel))
        progress((step + 1) / (count + 1))
    parts = {name: 1000 * _timed(work, parallel) for name, work in _parts(learner, heard[0]).items()}
    progress(1.0)
    kept = times[WARM_UP:]
    step_s = statistics.median(kept)
    audio_s = sum(batch.audio.shape[0] * batch.audio.shape[-1] for batch in heard) / model.rate_hz
    cuda = parallel.device.type == "cuda"
    return TrainingBench(
        recipe.name, str(parallel.device), _count(model.module),
        _count(learner.adversary.parts) if learner.adversary is not None else 0,
        len(kept), audio_s, 1000 * step_s, 1000 * max(kept), audio_s / step_s,
        torch.cuda.max_memory_allocated(parallel.device) / 1e6 if cuda else None, parts,
    )  # fmt: skip


def table(rows: list[TrainingBench]) -> str:
    """Markdown: the steps, and below it what each part takes."""
    lines = [
        "| recipe | weights (discriminators) | audio of a step | step | worst | audio s/s | GPU memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        memory = "–" if row.gpu_memory_mb is None else f"{row.gpu_memory_mb:.0f} MB"
        lines.append(
            f"| {row.recipe} | {row.parameters / 1e6:.2f} M ({row.discriminator_parameters / 1e6:.2f} M) |"
            f" {row.audio_s:.2f} s | {row.step_ms:.0f} ms | {row.worst_ms:.0f} ms | {row.audio_s_per_s:.2f} |"
            f" {memory} |"
        )
    for row in rows:
        parts = ", ".join(f"{name} {value:.0f} ms" for name, value in row.parts_ms.items())
        lines.append(f"{row.recipe}, {row.device}: {parts}")
    return "\n".join(lines)


def _batch(recipe: Recipe, model: Trainable, parallel: Parallel) -> Heard:
    speech = audio.read(resource("samples", "sense_and_sensibility.flac"), model.rate_hz, 1).samples[0]
    samples = recipe.data.segment_frames * model.frame_samples
    given = np.resize(speech, (recipe.data.batch, 1, samples))
    return _listener(recipe, model, parallel).hear(Batch(given, ()))


def _listener(recipe: Recipe, model: Trainable, parallel: Parallel) -> Listener:
    if not recipe.teacher.key or model.hears_itself:
        return Listener(parallel.device)
    teacher = open_teacher(recipe.teacher.key, recipe.teacher.source).to(parallel.device)
    return Listener(parallel.device, teacher, rate_hz=model.rate_hz)


def _parts(learner: Learner, heard: Heard) -> dict[str, Callable[[], object]]:
    with learner.parallel.autocast():
        made = learner.model.reconstruct(heard.audio, learner.draw, heard.features)
    decoded = made.decoded.detach().float().requires_grad_()
    target = made.target.float()

    def network() -> None:
        with learner.parallel.autocast():
            again = learner.model.reconstruct(heard.audio, learner.draw, heard.features)
        again.decoded.float().mean().backward()  # type: ignore[no-untyped-call]

    def loss(module: nn.Module) -> Callable[[], object]:
        return lambda: _slope(module(decoded, target), decoded)

    def discriminators() -> None:
        assert learner.adversary is not None
        judgement = learner.adversary.listen(decoded, target, False)
        terms = learner.adversary.generator_terms(judgement)
        _slope(torch.stack([weight * value for weight, value in terms.values()]).sum(), decoded)

    parts: dict[str, Callable[[], object]] = {"network": network}
    parts |= {name: loss(module) for name, (_, module) in learner.losses.items()}
    if learner.adversary is not None:
        parts["discriminators"] = discriminators
    return parts


def _slope(value: Tensor, at: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(value, [at])
    return gradient


def _timed(work: Callable[[], object], parallel: Parallel) -> float:
    """Seconds, until the device has finished."""
    start = time.perf_counter()
    work()
    if parallel.device.type == "cuda":
        torch.cuda.synchronize(parallel.device)
    return time.perf_counter() - start


def _count(part: nn.Module) -> int:
    return sum(weight.numel() for weight in part.parameters())
