"""How busy the machine is. Without psutil, and without a GPU, those figures are simply left out."""

from __future__ import annotations

from typing import Any

import torch

MB = 1e6


class Machine:
    """Load since the last look: CPU of the whole machine and memory of this process; the GPU where it computes."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        try:
            import psutil
        except ImportError:
            self._psutil: Any = None
        else:
            self._psutil = psutil
            psutil.cpu_percent()  # the first call only begins the measurement

    def look(self) -> dict[str, float]:
        """Values of a `machine` event, those that can be known here."""
        found: dict[str, float] = {}
        if self._psutil is not None:
            found["cpu_percent"] = self._psutil.cpu_percent()
            found["memory_mb"] = round(self._psutil.Process().memory_info().rss / MB, 1)
        if self.device.type == "cuda":
            free, whole = torch.cuda.mem_get_info(self.device)
            found["gpu_memory_mb"] = round((whole - free) / MB, 1)
            try:
                found["gpu_percent"] = float(torch.cuda.utilization(self.device))
            except (ImportError, RuntimeError):  # needs nvidia-ml-py
                pass
        return found
