"""Which device computes. Knows nothing of codecs."""

from __future__ import annotations

from typing import Any

from speefeare_core.errors import SpeefeareError


def available_devices() -> tuple[str, ...]:
    """Names that `choose_device` accepts here, best first."""
    import torch

    found = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def choose_device(name: str = "auto") -> Any:
    """A `torch.device`. "auto" takes the first of `available_devices`. Raises `SpeefeareError` for one not here."""
    import torch

    here = available_devices()
    if name == "auto":
        return torch.device(here[0])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in here:
        raise SpeefeareError(f"The device {name} is not available here; choose one of {', '.join(here)} or auto.")
    return torch.device(wanted)
