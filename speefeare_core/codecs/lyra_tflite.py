"""The TFLite side of Lyra v2: reading the three files, running one network frame by frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

Floats = NDArray[np.float32]
BOOKS, ENTRIES, WIDTH = 46, 16, 64
# Frames of input that the state depends on: 23 measured for the encoder and 25 for the decoder, both plain stacks of
# causal convolutions, so that replaying this many rebuilds the state to the bit.
MEMORY_FRAMES = 32
_STDERR = Lock()


def make_interpreter(content: bytes, name: str) -> Any:
    """A fresh interpreter. Raises `SpeefeareError` where the extra is missing or the file is no TFLite model."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise SpeefeareError(
            'Lyra needs the TFLite runtime, which is not installed: pip install "speefeare-workbench[lyra]" (or'
            " ai-edge-litert)."
        ) from error
    try:
        # One thread: a frame costs 0.2 ms, and more threads only make the worst frame later.
        with _quiet_stderr():
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise SpeefeareError(f"{name} is no TFLite model or is cut off; copy it again from google/lyra.") from error
    return interpreter


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """The library writes notes to file descriptor 2 and offers no switch; our own errors say what matters."""
    with _STDERR:
        try:
            kept = os.dup(2)
        except OSError:  # a process without stderr
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(null)


class Network:
    """One TFLite network with the state of one stream: `[n, *frame_in]` → `[n, *frame_out]`, a frame at a time.

    A new interpreter stands for a new stream: `reset_all_variables()` writes zero bytes, which in the quantised
    variables are not the initial state that the network sets up in its first call.
    """

    def __init__(self, content: bytes, name: str, shape_in: tuple[int, ...], size_out: int) -> None:
        self._interpreter = make_interpreter(content, name)
        (first,) = self._interpreter.get_input_details()
        (last,) = self._interpreter.get_output_details()
        self._in, self._out = first["index"], last["index"]
        self._shape_in = shape_in
        if tuple(first["shape"]) != shape_in or int(np.prod(last["shape"])) != size_out:
            raise SpeefeareError(
                f"{name} takes {list(first['shape'])} and gives {list(last['shape'])}, which is not Lyra v2;"
                " copy it again from google/lyra 1.3.2."
            )

    def run(self, frames: Floats) -> Floats:
        """`[n, size_in]` → `[n, size_out]`."""
        out = []
        for frame in frames:
            self._interpreter.set_tensor(self._in, np.ascontiguousarray(frame.reshape(self._shape_in)))
            self._interpreter.invoke()
            out.append(self._interpreter.get_tensor(self._out).reshape(-1))
        return np.stack(out)


def read_books(content: bytes, name: str) -> Floats:
    """The codebooks `[46, 16, 64]`, read out of the quantiser's own `decode`, which is exactly additive."""
    interpreter = make_interpreter(content, name)
    if "decode" not in interpreter.get_signature_list():
        raise SpeefeareError(f"{name} has no signature decode, so it is not Lyra v2; copy it from google/lyra.")
    decode = interpreter.get_signature_runner("decode")
    books = np.empty((BOOKS, ENTRIES, WIDTH), np.float32)
    chosen = np.full((BOOKS, 1, 1), -1, np.int32)  # -1: this book says nothing
    try:
        for book in range(BOOKS):
            for entry in range(ENTRIES):
                chosen[book] = entry
                books[book, entry] = decode(encoding_indices=chosen)["output_0"].reshape(WIDTH)
            chosen[book] = -1
    except (ValueError, RuntimeError, KeyError) as error:
        raise SpeefeareError(f"{name} does not hold 46 books, which is not Lyra v2; copy it again.") from error
    return books


def count_weights(content: bytes) -> int:
    """Stored weights and biases of the network (the model's flatbuffer, read as plain data)."""
    from ai_edge_litert.schema_py_generated import Model

    model = Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)  # the second one only sets the initial state
    total = 0
    for number in range(graph.TensorsLength()):
        tensor = graph.Tensors(number)
        if model.Buffers(tensor.Buffer()).DataLength() and tensor.ShapeLength():
            values = int(np.prod(tensor.ShapeAsNumpy()))
            total += values if values > 8 else 0  # smaller ones are shapes and axes
    return total


def read_file(path: Path) -> bytes:
    """The bytes of one of the three files."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SpeefeareError(f"{path} cannot be read: {error.strerror}.") from error
