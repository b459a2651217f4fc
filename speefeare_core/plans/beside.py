"""Work of torch in another thread, in the mode of this one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

import torch

T = TypeVar("T")


class Beside(Generic[T]):
    """`with Beside(work) as other: …; other.result()`: what `work` gives, or its error. The thread ends with the block.

    Gradients, inference mode and the number of threads of torch belong to a thread and are taken over from this one.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._modes = torch.is_inference_mode_enabled(), torch.is_grad_enabled(), torch.get_num_threads()
        self._found: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="beside")

    def __enter__(self) -> Beside[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()

    def result(self) -> T:
        """When it is done. Raises what `work` raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _run(self) -> None:
        inference, gradients, threads = self._modes
        try:
            torch.set_num_threads(threads)
            with torch.inference_mode(inference), torch.set_grad_enabled(gradients):
                self._found.append(self._work())
        except BaseException as error:
            self._error = error
