"""Trains in two processes that talk by gloo: `python ranked_run.py RECIPE DATA OUT`.

OUT/joined.pt and OUT/torch-N.pt: gradients, movement of the weights and books after one step on four examples, in one
process and in two with two examples each. OUT/torch-run: a whole run in two processes, OUT/torch-after-N.pt their
weights after it. The same with Accelerate: accelerate-N.pt and so on.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from speefeare_core.training.checkpoint import books_state
from speefeare_core.training.parallel import start_parallel
from speefeare_core.training.recipe import Recipe, read_recipe
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.train_step import Heard, Learner
from speefeare_core.training.trainable import trainable_for
from speefeare_core.training.trainer import Trainer


def main() -> int:
    torch.set_num_threads(1)
    recipe, data, out = read_recipe(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    codes = [wait(child(lambda: one_step(recipe, out / "joined.pt")))]
    for kind, accelerate in (("torch", "never"), ("accelerate", "always")):
        codes += in_two(partial(both, recipe.changed({"accelerate": accelerate}), data, out, kind))
    return max(codes)


def both(recipe: Recipe, data: Path, out: Path, kind: str) -> None:
    """One step, and a whole run as torchrun would start it."""
    rank = os.environ["RANK"]
    one_step(recipe, out / f"{kind}-{rank}.pt")
    os.environ["MASTER_PORT"] = os.environ["SECOND_PORT"]  # the first group's store may still answer at its own
    trainer = Trainer(recipe, RunFolder(out / f"{kind}-run"), data, "cpu")
    assert trainer.train().finished
    torch.save(trainer.model.module.state_dict(), out / f"{kind}-after-{rank}.pt")


def one_step(recipe: Recipe, out: Path) -> None:
    """Gradients and books after the first step, on this process's share of four examples."""
    parallel = start_parallel("cpu", recipe.precision, recipe.accelerate)
    torch.manual_seed(0)
    model = trainable_for(recipe)
    model.module.train()
    learner = Learner(recipe, model, parallel)
    before = {name: value.detach().clone() for name, value in model.module.named_parameters()}
    generator = torch.Generator().manual_seed(1)
    audio = 0.2 * torch.randn(4, 1, 20 * model.frame_samples, generator=generator)
    mine = audio.chunk(parallel.world_size)[parallel.rank]
    report = learner.step([Heard(mine)], 0, 0.0, True)
    found: dict[str, Any] = {name: value.grad for name, value in model.module.named_parameters()}
    if learner.adversary is not None:
        found |= {f"adversary.{name}": value.grad for name, value in learner.adversary.parts.named_parameters()}
    values = {name: parallel.mean(value.clone().float()) for name, value in report.values.items()}
    moved = {name: value.detach() - before[name] for name, value in model.module.named_parameters()}
    torch.save({"gradients": found, "moved": moved, "books": books_state(model.module), "values": values}, out)
    parallel.close()


def in_two(work: Callable[[], None]) -> list[int]:
    """Exit codes of two processes."""
    with socket.socket() as first, socket.socket() as second:
        for free in (first, second):
            free.bind(("127.0.0.1", 0))
        ports = [str(free.getsockname()[1]) for free in (first, second)]
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": ports[0], "SECOND_PORT": ports[1], "WORLD_SIZE": "2"}
    children = [child(work, told | {"RANK": rank, "LOCAL_RANK": rank}) for rank in "01"]
    return [wait(pid) for pid in children]


def child(work: Callable[[], None], environment: dict[str, str] | None = None) -> int:
    """A forked process that does the work, so that it need not load torch again."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.environ.update(environment or {})
        work()
        code = 0
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int) -> int:
    """Exit code of a process."""
    return abs(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    raise SystemExit(main())
