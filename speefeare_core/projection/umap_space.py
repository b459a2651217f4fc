"""UMAP (McInnes, Healy and Melville 2018, arXiv 1802.03426) as a space: fitted on a corpus, then fixed.

Distances between far points mean little in it, which the words of the space say. Needs the extra `umap` (umap-learn).
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import itertools
import queue
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from speefeare_core.projection.pca import Basis
from speefeare_core.projection.umap_child import receive, send

Points = NDArray[np.float32]
NEIGHBOURS, LEAST_NEIGHBOURS, LEAST_DISTANCE = 30, 5, 0.1
POLL_S = 0.05
MISSING = "UMAP needs the package umap-learn: pip install 'speefeare-workbench[umap]'."
COMMAND = (sys.executable, "-P", "-m", "speefeare_core.projection.umap_child")


def installed() -> bool:
    """Whether UMAP can be used here."""
    return importlib.util.find_spec("umap") is not None


def check_installed() -> None:
    """Raise `SpeefeareError` where it cannot."""
    if not installed():
        raise SpeefeareError(MISSING)


class UmapProcess:
    """The process that computes, from the side of who asks. It is started once and serves all spaces of this one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ids = itertools.count(1)
        self._answers: queue.SimpleQueue[tuple[dict[str, Any], Points | None]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="umap answers", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._process.poll() is None and self._reader.is_alive()

    def ask(self, rows: Points, **request: Any) -> Generator[None, None, Points]:
        """Send a request; pauses until its answer comes. Raises `SpeefeareError` where it fails."""
        number = next(self._ids)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended: said below
            send(self._process.stdin, {"id": number, **request}, rows)
        while True:
            try:
                header, found = self._answers.get(timeout=POLL_S)
            except queue.Empty:
                if not self.alive:
                    raise SpeefeareError("UMAP stopped unexpectedly; choose PCA, or try again.") from None
                yield
                continue
            if header["id"] != number:  # of somebody who no longer waits
                continue
            if found is None:
                raise SpeefeareError(f"UMAP could not be computed ({header['problem']}).")
            return found

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.kill()  # it owns nothing, and may sit in its compiler
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with contextlib.suppress(ValueError, OSError):  # cut off by its end
            while message := receive(stream):
                self._answers.put(message)


_process: UmapProcess | None = None
_models = itertools.count(1)


def process() -> UmapProcess:
    """The one of this process, started where there is none."""
    global _process
    if _process is None or not _process.alive:
        end_process()
        _process = UmapProcess()
    return _process


def end_process() -> None:
    """Spaces that were fitted can no longer be used."""
    global _process
    if _process is not None:
        _process.close()
        _process = None


atexit.register(end_process)


@dataclass(frozen=True)
class UmapSpace:
    """Latents → their first principal axes → UMAP's three dimensions."""

    basis: Basis
    model: int
    server: UmapProcess
    words: str
    axis_names: tuple[str, ...] = ("UMAP 1", "UMAP 2", "UMAP 3")
    explained: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """D."""
        return self.basis.width

    def place(self, latents: Points) -> Points:
        """`[n, D]` → points `[n, 3]`, each among its nearest neighbours in the corpus."""
        if not len(latents):
            return np.zeros((0, 3), np.float32)
        work = self.server.ask(self.basis.place(latents), do="place", model=self.model)
        while True:
            try:
                next(work)
            except StopIteration as end:
                found: Points = end.value
                return found


def fitting(basis: Basis, rows: Points, words: str) -> Generator[None, None, UmapSpace]:
    """Fit to rows `[n, D]`, which `basis` reduces first; pauses while the other process computes.

    Raises `SpeefeareError` for too few rows.
    """
    check_installed()
    neighbours = min(NEIGHBOURS, len(rows) - 1)
    if neighbours < LEAST_NEIGHBOURS:
        raise SpeefeareError("The reference corpus is too short for UMAP: choose a folder with more speech.")
    server, model = process(), next(_models)
    reduced = basis.place(rows)
    yield from server.ask(reduced, do="fit", model=model, neighbours=neighbours, least_distance=LEAST_DISTANCE)
    told = f"UMAP of {words}; near points are alike, distances between far ones mean little."
    return UmapSpace(basis, model, server, told)
