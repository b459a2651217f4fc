"""Does each device compute what the CPU computes? A small convolution and matrix product are compared with float64."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speefeare_core.devices import available_devices

if TYPE_CHECKING:
    import torch

TOLERANCE = 5e-3  # of the largest value; TF32 rounding stays ten times below it, a wrong kernel far above


@dataclass(frozen=True)
class DeviceCheck:
    """One device. `error` is the largest difference from float64, relative to the largest value; None: no result."""

    name: str
    title: str
    ok: bool
    error: float | None
    problem: str = ""


def check_devices() -> list[DeviceCheck]:
    """Every device that `--device` accepts, best first; one failed row where torch itself does not load."""
    try:
        names = available_devices()
    except (ImportError, OSError) as error:
        return [DeviceCheck("cpu", "torch", False, None, f"torch does not load: {error}")]
    return [check_device(name) for name in names]


def check_device(name: str, compute: Any = None) -> DeviceCheck:
    """Run the self-test on one device. `compute(name, dtype)` stands in for the real sum in tests."""
    import torch

    compute = compute or _compute
    title = _title(name)
    try:
        wanted = compute("cpu", torch.float64)
        got = compute(name, torch.float32).to("cpu", torch.float64)
    except (RuntimeError, NotImplementedError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return DeviceCheck(name, title, False, None, f"The device {name} does not compute: {first}")
    size = float((got - wanted).abs().max() / wanted.abs().max())
    error_size = size if math.isfinite(size) else None
    if error_size is not None and error_size <= TOLERANCE:
        return DeviceCheck(name, title, True, error_size)
    problem = f"The device {name} computes something else than the CPU; use --device cpu and update its driver."
    return DeviceCheck(name, title, False, error_size, problem)


def _compute(name: str, dtype: torch.dtype) -> torch.Tensor:
    """A dilated convolution, a transposed one and a matrix product, as in a codec; [B, D, F]."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(name, dtype)

    hidden = torch.nn.functional.conv1d(noise(2, 16, 400), noise(32, 16, 7) / 16**0.5, dilation=3)
    hidden = torch.nn.functional.conv_transpose1d(torch.nn.functional.elu(hidden), noise(32, 16, 8) / 32**0.5, stride=4)
    return noise(24, 16) @ hidden


def _title(name: str) -> str:
    import torch

    if name.startswith("cuda"):
        properties = torch.cuda.get_device_properties(name)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    return "Apple GPU" if name == "mps" else f"{torch.get_num_threads()} threads"
