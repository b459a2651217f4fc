"""Training jobs, and the table of launchers. To add a launcher: one file here with a `Launcher`, one row.

Nothing here imports torch. What a window, a shell or the queue asks for is in `control`; a job that anything started
can be looked at and ended by anything else, because the run folder says all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from speefeare_core.errors import SpeefeareError
from speefeare_core.lazy import load_named
from speefeare_core.training.jobs.launcher import Launcher

_LOADERS = {
    "local": "speefeare_core.training.jobs.local:LocalLauncher",
    "torchrun": "speefeare_core.training.jobs.torchrun:TorchrunLauncher",
    "slurm": "speefeare_core.training.jobs.slurm:SlurmLauncher",
    "ray": "speefeare_core.training.jobs.ray_jobs:RayLauncher",
}


class _Launchers(Mapping[str, Launcher]):
    """By key; each is imported when it is asked for."""

    def __getitem__(self, key: str) -> Launcher:
        made: Launcher = load_named(_LOADERS[key])()
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(_LOADERS)

    def __len__(self) -> int:
        return len(_LOADERS)


LAUNCHERS: Mapping[str, Launcher] = _Launchers()


def launcher_of(key: str) -> Launcher:
    """The launcher of a key. Raises `SpeefeareError` that lists the known ones."""
    if key not in LAUNCHERS:
        raise SpeefeareError(f"There is no launcher {key}; choose one of {', '.join(LAUNCHERS)}.")
    return LAUNCHERS[key]
