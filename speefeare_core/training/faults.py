"""What can go wrong around a training run, in plain words with advice."""

from __future__ import annotations

import errno
import shutil
from dataclasses import dataclass

import torch

from speefeare_core.errors import SpeefeareError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
SMALL_ROOM = 1 << 20  # bytes
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


@dataclass(frozen=True)
class Fault:
    """`kind`: disk_full, unwritable, missing, memory, not_finite, process, other or program."""

    kind: str
    words: str
    advice: str

    def error(self) -> SpeefeareError:
        """As the error that people are shown."""
        return SpeefeareError(f"{self.words} {self.advice}".strip())


class NotFinite(Exception):
    """A gradient or a weight is infinite or not a number."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class TrainingFault(SpeefeareError):
    """A fault whose kind is known where it is found."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.words} {fault.advice}".strip())
        self.fault = fault


def gave_up(where: str, step: int, times: int) -> TrainingFault:
    """The end of a run whose gradient is not finite again and again."""
    return TrainingFault(Fault(
        "not_finite", f"The gradient of {where} was no longer finite at step {step}, {times} times in a row.",
        "Lower optimiser.rate, set optimiser.clip_norm, or lower the weight of the newest loss; then clone the run or"
        " start a new one.",
    ))  # fmt: skip


def understand(error: BaseException, folder: str) -> Fault:
    """What an exception means to the person whose run is in the folder."""
    if isinstance(error, TrainingFault):
        return error.fault
    if isinstance(error, NotFinite):
        return Fault(
            "not_finite", f"The weights of {error.where} are not finite before the first step.",
            "Look at network and start_from of the recipe.",
        )  # fmt: skip
    if _is_full(error, folder):
        return Fault(
            "disk_full", f"The disk is full: the run in {folder} could not write what it has.",
            "Make room, or lower keep_checkpoints, and resume: the newest checkpoint is whole.",
        )  # fmt: skip
    if isinstance(error, SpeefeareError):
        cause = error.__cause__
        closed = isinstance(cause, OSError) and cause.errno in _CLOSED
        return understand(cause, folder) if closed and cause is not None else Fault("other", str(error), "")
    if isinstance(error, OSError) and error.errno in _CLOSED:
        return Fault(
            "unwritable", f"{error.filename or folder} may not be written ({error.strerror}).",
            "Change its permissions, or choose another run folder; what was written before is whole.",
        )  # fmt: skip
    if isinstance(error, FileNotFoundError):
        return Fault(
            "missing", f"{error.filename or 'A file of the run'} is gone.",
            "Put it back (or mount its disk again) and resume from the newest checkpoint.",
        )  # fmt: skip
    if _is_memory(error):
        return Fault(
            "memory", "There is not enough memory for a step of this recipe.",
            "Halve data.batch and double accumulate, or lower data.segment_frames; then resume.",
        )  # fmt: skip
    if isinstance(error, RuntimeError) and any(word in str(error) for word in ("gloo", "NCCL", "Connection closed")):
        return Fault(
            "process", "Another process of this run has ended, so this one cannot go on.",
            "Look at what that process said, and resume.",
        )  # fmt: skip
    first = (str(error).strip().splitlines() or [""])[0]
    return Fault(
        "program", f"The training ended with {type(error).__name__}: {first}".rstrip(": ") + ".",
        "The newest checkpoint is whole; failed.txt in the run folder says where it happened.",
    )  # fmt: skip


def _is_full(error: BaseException | None, folder: str) -> bool:
    """Whether an error, or what caused it, is that nothing more can be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if "No space left" in str(error) or ("the disk full" in str(error) and _room(folder) < SMALL_ROOM):
            return True
        error = error.__cause__
    return False


def _room(folder: str) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return SMALL_ROOM


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _NO_MEMORY)
