"""The task thread: long work as generators that pause between chunks, so that newer work can overtake or void it."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol

Work = Iterator[None]


@dataclass(eq=False)
class Task:
    """Work for one request. Of all tasks the one with the lowest `urgency` runs, the oldest among equals."""

    request_id: int
    kind: str
    urgency: int
    work: Work
    void: bool = False
    started: float = field(default_factory=time.perf_counter)


class TaskThread:
    """Runs tasks chunk by chunk. Every task ends with exactly one Done, Failed or Voided.

    `before_chunk` is called on the thread before each chunk.
    """

    def __init__(self, emit: Callable[[protocol.Event], None], before_chunk: Callable[[], None] = lambda: None) -> None:
        self._emit = emit
        self._before_chunk = before_chunk
        self._tasks: list[Task] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)
        self._thread.start()

    def submit(self, task: Task, voids: str = "") -> None:
        """Run it as soon as it is its turn; older tasks of the kind `voids` stop after their present chunk."""
        with self._changed:
            self._void(lambda other: other.kind == voids)
            self._tasks.append(task)
            self._changed.notify()

    def void(self, kinds: tuple[str, ...]) -> None:
        """Stop all tasks of these kinds."""
        with self._changed:
            self._void(lambda task: task.kind in kinds)

    def cancel(self, request_id: int) -> None:
        """Stop the task of a request, if there is one."""
        with self._changed:
            self._void(lambda task: task.request_id == request_id)

    def stop(self, timeout: float) -> None:
        """Void everything and end the thread, unless it sits in a chunk for longer than `timeout`."""
        with self._changed:
            self._void(lambda task: True)
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)

    def _void(self, chosen: Callable[[Task], bool]) -> None:
        for task in self._tasks:
            task.void = task.void or chosen(task)
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._tasks and not self._stopping:
                    self._changed.wait()
                if not self._tasks:
                    return
                task = min(self._tasks, key=lambda task: (not task.void, task.urgency))
            end = self._end_void(task) if task.void else self._chunk(task)
            if end is not None:
                with self._changed:
                    self._tasks.remove(task)
                self._emit(end)

    def _end_void(self, task: Task) -> protocol.Event:
        close = getattr(task.work, "close", None)
        if close is not None:
            close()
        return protocol.Voided(task.request_id)

    def _chunk(self, task: Task) -> protocol.Event | None:
        try:
            self._before_chunk()
            next(task.work)
        except StopIteration:
            return protocol.Done(task.request_id, time.perf_counter() - task.started)
        except Exception as error:
            return protocol.Failed(task.request_id, plain_sentence(error))
        return None


def plain_sentence(error: BaseException) -> str:
    """One sentence for a person. What nobody foresaw also goes, whole, to the engine's standard error."""
    if isinstance(error, SpeefeareError):
        return str(error)
    if _out_of_memory(error):
        return "There is not enough memory for this; try a shorter clip, a smaller codec or the CPU."
    if isinstance(error, OSError) and error.strerror:
        named = f" ({error.filename})" if error.filename else ""
        return f"The system refused: {error.strerror}{named}."
    traceback.print_exception(error, file=sys.stderr)
    return (
        f"Something unforeseen went wrong ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})."
    )


def _out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
    )
