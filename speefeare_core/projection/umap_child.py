"""The process in which UMAP runs: `python -m speefeare_core.projection.umap_child`.

Its compiler (numba) works for half a minute at first and holds the interpreter lock meanwhile, which would interrupt
the sound of the process that asks. Requests come on standard input, answers go to what was standard output: a line of
JSON, and the float32 rows whose `shape` it names. The end of the input ends the process.
"""

from __future__ import annotations

import json
import math
import os
import queue
import sys
import threading
import warnings
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
SEED = 0
WARMED_ROWS = 8


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print belongs to nobody's answer
    warnings.simplefilter("ignore")
    models: dict[int, Any] = {}
    asked: queue.SimpleQueue[tuple[dict[str, Any], Rows]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    while True:
        request, rows = asked.get()
        try:
            found = _answer(request, rows, models)
        except Exception as error:
            send(answers, {"id": request["id"], "problem": f"{type(error).__name__}: {error}"})
            continue
        send(answers, {"id": request["id"]}, found)


def _listen(asked: queue.SimpleQueue[tuple[dict[str, Any], Rows]]) -> None:
    """Take in requests; when nobody can ask any more, leave at once, also out of a long computation."""
    while message := receive(sys.stdin.buffer):
        header, rows = message
        asked.put((header, np.zeros((0, 0), np.float32) if rows is None else rows))
    os._exit(0)


def send(stream: IO[bytes], header: dict[str, Any], rows: Rows | None = None) -> None:
    """One message, in either direction."""
    if rows is not None:
        header = {**header, "shape": rows.shape}
    stream.write(json.dumps(header).encode() + b"\n")
    if rows is not None:
        stream.write(np.ascontiguousarray(rows, np.float32).tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], Rows | None] | None:
    """The next message; None at the end of the stream."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    if "shape" not in header:
        return header, None
    size = 4 * math.prod(header["shape"])
    data = stream.read(size)
    if len(data) < size:
        return None
    return header, np.frombuffer(data, np.float32).reshape(header["shape"])


def _answer(request: dict[str, Any], rows: Any, models: dict[int, Any]) -> Any:
    if request["do"] == "fit":
        import umap

        model = umap.UMAP(
            n_components=3,
            n_neighbors=request["neighbours"],
            min_dist=request["least_distance"],
            random_state=SEED,
            n_jobs=1,
        )
        model.fit(rows)
        model.transform(rows[:WARMED_ROWS])  # compiles what `place` will need
        models[request["model"]] = model
        return np.zeros((0, 3), np.float32)
    return np.asarray(models[request["model"]].transform(rows), np.float32)


if __name__ == "__main__":
    main()
