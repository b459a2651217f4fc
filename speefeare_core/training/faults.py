"""What can go wrong around a training run, in plain words with advice."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import torch

from speefeare_core.errors import SpeefeareError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


@dataclass(frozen=True)
class Fault:
    """`kind`: disk_full, unwritable, memory, not_finite, data, process or other."""

    kind: str
    words: str
    advice: str

    def error(self) -> SpeefeareError:
        """As the error that people are shown."""
        return SpeefeareError(f"{self.words} {self.advice}".strip())


class TrainingFault(SpeefeareError):
    """A fault whose kind is known where it is found."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.words} {fault.advice}".strip())
        self.fault = fault


def understand(error: BaseException, folder: str) -> Fault:
    """What an exception of the loop means to the person whose run it was."""
    if isinstance(error, TrainingFault):
        return error.fault
    if isinstance(error, SpeefeareError):
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in (*_FULL, *_CLOSED):
            return understand(cause, folder)
        return Fault("other", str(error), "")
    if isinstance(error, OSError) and error.errno in _FULL:
        return Fault(
            "disk_full", f"The disk is full: {error.filename or folder} could not be written.",
            "Make room, or lower keep_checkpoints, and resume: the newest checkpoint is whole.",
        )  # fmt: skip
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
        "other", f"The training ended with {type(error).__name__}: {first}".rstrip(": ") + ".",
        "The newest checkpoint is whole; failed.txt in the run folder says where it happened.",
    )  # fmt: skip


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _NO_MEMORY)
