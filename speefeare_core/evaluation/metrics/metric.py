"""What a metric is: its name, unit and direction, and one function of two aligned recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError


@dataclass(frozen=True)
class Measured:
    """One value, or None with a plain note where the metric is not defined (silence, too short)."""

    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Metric:
    """One row of METRICS. `measure(reference [T], decoded [T], rate_hz)` takes aligned mono recordings."""

    key: str
    name: str
    unit: str
    higher_is_better: bool
    measure: Callable[[Samples, Samples, int], Measured]
    source: str
    package: str = ""  # what pip installs, where it is not part of the product's own needs
    module: str = ""  # what that package is imported as
    first: bool = True  # among those that are measured where nobody says which


def is_silent(samples: Samples) -> bool:
    """Below −80 dB full scale everywhere: nothing to measure."""
    return not samples.size or float(np.abs(samples).max()) < 1e-4


def missing_package(name: str, package: str) -> SpeefeareError:
    """The sentence for a metric whose package is not installed."""
    return SpeefeareError(
        f'{name} needs the package {package}, which is not installed: pip install "speefeare-workbench[evaluation,mos]"'
        f" (or {package})."
    )
