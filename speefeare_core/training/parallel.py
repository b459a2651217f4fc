"""One training process or several, their device and their arithmetic: plain torch, or Hugging Face Accelerate.

Gradients are averaged after the backward pass, all in one message, instead of by a wrapper around the network: the
balancer takes gradients in the middle of the network and the discriminators are judged without learning, which
wrappers do not follow (audiocraft's trainer does the same).
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from speefeare_core.devices import choose_device
from speefeare_core.errors import SpeefeareError

HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}
ACCELERATE_NAMES = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}


class Parallel:
    """Plain torch. Rank and number of processes are those that torchrun or SLURM say in the environment."""

    kind = "torch"

    def __init__(self, device: str = "auto", precision: str = "float32") -> None:
        self.world_size, self.rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
        self.precision = precision
        wanted = self._wanted(device)
        if precision == "float16" and wanted.type != "cuda":
            raise SpeefeareError(
                f"Arithmetic in float16 needs a CUDA device, and this run computes on {wanted.type}:"
                " set precision to bfloat16 or float32."
            )
        before = dist.is_available() and dist.is_initialized()
        self.device: torch.device = self._join(wanted)
        self._own_group = not before and dist.is_available() and dist.is_initialized()
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "float16")

    def _wanted(self, device: str) -> torch.device:
        several = self.world_size > 1 and device in ("auto", "cuda") and torch.cuda.is_available()
        chosen: torch.device = choose_device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if several else device)
        if chosen.type == "cuda":
            torch.cuda.set_device(chosen)
        return chosen

    def _join(self, device: torch.device) -> torch.device:
        """Enter the group of all processes, where there are several; the device to compute on."""
        if self.world_size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return device

    @property
    def first(self) -> bool:
        """This process is the one that writes."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[Any]:
        """Inside, networks compute in the recipe's precision."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=HALF[self.precision])

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """The mean of the gradients of all processes, in all of them; what has none anywhere keeps none."""
        if self.world_size == 1:
            return
        given = [parameter for parameter in parameters if parameter.requires_grad]
        there = torch.tensor([float(parameter.grad is not None) for parameter in given], device=self.device)
        flat = [(torch.zeros_like(p) if p.grad is None else p.grad).flatten().float() for p in given]
        joined = self.mean(torch.cat([there, *flat]))
        parts = torch.split(joined[len(given) :], [parameter.numel() for parameter in given])
        for parameter, present, values in zip(given, joined[: len(given)].tolist(), parts, strict=True):
            if present:  # in the parameter's own memory order: fused optimisers go through both side by side
                parameter.grad = torch.empty_like(parameter).copy_(values.view_as(parameter))

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes, in place where there are several."""
        if self.world_size > 1:
            dist.all_reduce(values)
            values /= self.world_size
        return values

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place where there are several."""
        if self.world_size > 1:
            dist.all_reduce(values)
        return values

    def from_first(self, values: list[float]) -> list[float]:
        """Numbers as the first process has them."""
        if self.world_size == 1:
            return values
        there = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.broadcast(there, 0)
        return [float(value) for value in there.tolist()]

    def same_everywhere(self, tensors: Iterable[Tensor]) -> None:
        """Give every process the tensors of the first, in place."""
        if self.world_size > 1:
            for tensor in tensors:
                dist.broadcast(tensor.detach(), 0)

    def wait(self) -> None:
        """Until every process is here."""
        if self.world_size > 1:
            dist.barrier()

    def close(self) -> None:
        """Leave the group, where it was entered here."""
        if self._own_group:
            dist.destroy_process_group()
            self._own_group = False


class AccelerateParallel(Parallel):
    """Accelerate says the device, starts the group and keeps the arithmetic."""

    kind = "accelerate"

    def _join(self, device: torch.device) -> torch.device:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)  # of a run before this one in the same process
        self.accelerator = Accelerator(mixed_precision=ACCELERATE_NAMES[self.precision], cpu=device.type == "cpu")
        self.world_size, self.rank = self.accelerator.num_processes, self.accelerator.process_index
        chosen: torch.device = self.accelerator.device
        return chosen if chosen.type == "cuda" else device  # it says cpu:0 for cpu

    def autocast(self) -> AbstractContextManager[Any]:
        """Inside, networks compute in the recipe's precision."""
        context: AbstractContextManager[Any] = self.accelerator.autocast()
        return context

    def wait(self) -> None:
        """Until every process is here."""
        self.accelerator.wait_for_everyone()


def start_parallel(device: str, precision: str, accelerate: str = "auto") -> Parallel:
    """What the loop runs on. `accelerate`: "auto" takes it, where it is installed, for several processes and for half
    precision; "always"; "never". Raises `SpeefeareError` where it is asked for and missing.
    """
    here = importlib.util.find_spec("accelerate") is not None
    if accelerate == "always" and not here:
        raise SpeefeareError("The recipe asks for Accelerate, which is not installed: pip install accelerate.")
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    wanted = accelerate == "always" or (accelerate == "auto" and here and (several or precision != "float32"))
    return (AccelerateParallel if wanted else Parallel)(device, precision)
