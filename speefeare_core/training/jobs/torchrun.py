"""Several processes under torchrun, which ships with torch: one for each GPU, or gloo ranks on CPUs."""

from __future__ import annotations

import sys

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.launcher import LauncherOption
from speefeare_core.training.jobs.local import LocalLauncher
from speefeare_core.training.jobs.spec import JobSpec


class TorchrunLauncher(LocalLauncher):
    """`python -m torch.distributed.run --nproc-per-node N -m speefeare_core.training …`."""

    key = "torchrun"
    title = "Several processes (torchrun)"
    help = "Several processes on this computer, one for each GPU, or as one of several computers."
    several = True
    options = (
        LauncherOption("nodes", "Computers that take part; the same command is run on each.", "1", "count", low=1),
        LauncherOption("node_rank", "Number of this computer among them, from 0.", "0", "count"),
        LauncherOption("endpoint", "HOST:PORT of the first computer, where they meet; needed for several."),
    )

    def check(self, spec: JobSpec) -> None:
        """Several computers need a place to meet."""
        super().check(spec)
        if int(self.option(spec, "nodes")) > 1 and ":" not in self.option(spec, "endpoint"):
            raise SpeefeareError("Several computers need --option endpoint=HOST:PORT of the first of them.")

    def command(self, spec: JobSpec) -> list[str]:
        """The same words as one process has, below torchrun."""
        nodes = int(self.option(spec, "nodes"))
        meeting = ["--standalone"]
        if nodes > 1:
            host, _, port = self.option(spec, "endpoint").rpartition(":")
            meeting = [
                "--nnodes", str(nodes), "--node-rank", self.option(spec, "node_rank"),
                "--master-addr", host, "--master-port", port,
            ]  # fmt: skip
        words = [sys.executable, "-m", "torch.distributed.run", *meeting]
        return [*words, "--nproc-per-node", str(spec.processes), *spec.worker_module()]
