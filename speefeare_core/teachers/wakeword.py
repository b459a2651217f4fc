"""Google's speech embedding as openWakeWord uses it: 96 values each 80 ms, from 775 ms of sound around each.

Lin et al., arXiv 2002.01322. The two networks (mel spectrum, embedding) lie in the package pyopen-wakeword as TFLite
files; ai-edge-litert runs them on the CPU. openWakeWord listens backwards in time; here the window lies around its
frame.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers.teacher import Teacher

HOP = 1280  # samples at 16 kHz between embeddings
MEL_STEP, MEL_WINDOW, BANDS = 160, 512, 32
FRAMES = 76  # of the mel spectrum that one embedding hears
LEAD = 35  # of them before the one that a frame begins with, so that the window lies around the frame
INSTALL = 'pip install "speefeare-workbench[wakeword]"'


class WakewordTeacher(Teacher):
    """Audio `[B, 1, T]` at 16 kHz → `[B, 96, T // 1280]`."""

    key = "wakeword"
    width = 96
    hop_samples = HOP
    context_s = 0.8

    def __init__(self, folder: Path) -> None:
        """`folder` holds melspectrogram.tflite and embedding_model.tflite. Raises `SpeefeareError`."""
        super().__init__()
        self._files = [folder / "melspectrogram.tflite", folder / "embedding_model.tflite"]
        missing = [file.name for file in self._files if not file.is_file()]
        if missing:
            raise SpeefeareError(f"The folder {folder} lacks {' and '.join(missing)}: {INSTALL}.")
        self._mel, self._embedding = (_interpreter(file) for file in self._files)

    @cached_property
    def fingerprint(self) -> str:
        """Hangs on both files."""
        found = hashlib.blake2b(b"wakeword 1", digest_size=16)
        for file in self._files:
            found.update(file.read_bytes())
        return found.hexdigest()

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """Always on the CPU; the result lies where the audio does."""
        frames = audio.shape[-1] // HOP
        found = [self._hear(row, frames) for row in audio[:, 0].float().cpu().numpy()]
        return torch.from_numpy(np.stack(found)).transpose(1, 2).to(audio.device)

    def _hear(self, row: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
        """`[T]` → `[F, 96]`."""
        steps = (frames - 1) * (HOP // MEL_STEP) + FRAMES
        heard = np.zeros((steps - 1) * MEL_STEP + MEL_WINDOW, np.float32)
        part = row[: len(heard) - LEAD * MEL_STEP]
        heard[LEAD * MEL_STEP : LEAD * MEL_STEP + len(part)] = part * 32767  # it was trained on 16 bit samples
        mels = _run(self._mel, heard[None])[0, 0] / 10 + 2
        first = np.arange(frames)[:, None] * (HOP // MEL_STEP)
        windows = mels[first + np.arange(FRAMES)]
        return np.asarray(_run(self._embedding, windows[..., None].astype(np.float32))[:, 0, 0], np.float32)


def open_wakeword(source: str = "") -> WakewordTeacher:
    """From the package pyopen-wakeword, or from a folder with its two files. Raises `SpeefeareError`."""
    if source:
        return WakewordTeacher(Path(source).expanduser())
    found = importlib.util.find_spec("pyopen_wakeword")
    if found is None or found.origin is None:
        raise SpeefeareError(f"The teacher wakeword comes with a package that is not installed: {INSTALL}.")
    return WakewordTeacher(Path(found.origin).parent / "models")


def _interpreter(file: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise SpeefeareError(f"The teacher wakeword needs a package that is not installed: {INSTALL}.") from error
    try:
        return Interpreter(str(file), num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise SpeefeareError(f"{file} cannot be read ({error}): {INSTALL}.") from error


def _run(interpreter: Any, given: NDArray[np.float32]) -> NDArray[np.float32]:
    place = interpreter.get_input_details()[0]
    if tuple(place["shape"]) != given.shape:
        interpreter.resize_tensor_input(place["index"], given.shape)
        interpreter.allocate_tensors()
    interpreter.set_tensor(place["index"], given)
    interpreter.invoke()
    out: NDArray[np.float32] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return out
