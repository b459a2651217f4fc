"""Long work on the GUI thread in small steps, so that the window stays alive: a generator, run a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from PySide6.QtCore import QObject, QTimer, Signal

from speefeare_core.errors import SpeefeareError

BUDGET_S = 0.008  # of one turn of the event loop
Steps = Generator[float | None, None, None]  # yields the share that is done; None: waits for something outside


class Stepwise(QObject):
    """Runs one generator at a time. What it raises as `SpeefeareError` becomes `failed`."""

    progressed = Signal(float)
    ended = Signal()  # whatever happened

    def __init__(self) -> None:
        super().__init__()
        self._steps: Steps | None = None
        self._then: Callable[[], None] | None = None
        self._failed: Callable[[str], None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._turn)

    @property
    def running(self) -> bool:
        """Whether something is under way."""
        return self._steps is not None

    def start(self, steps: Steps, then: Callable[[], None], failed: Callable[[str], None]) -> None:
        """Begin; `then` after the last step, `failed` with a sentence instead. What ran before is given up."""
        self.cancel()
        self._steps, self._then, self._failed = steps, then, failed
        self._timer.start(0)

    def cancel(self) -> None:
        """Stop where it is; the generator tidies up."""
        if self._steps is not None:
            self._steps.close()
            self._end()

    def finish(self) -> None:
        """All that is left, at once."""
        while self._steps is not None:
            self._turn(budget_s=1e9)

    def _turn(self, budget_s: float = BUDGET_S) -> None:
        steps, then, failed = self._steps, self._then, self._failed
        if steps is None or then is None or failed is None:
            return
        start = time.perf_counter()
        try:
            while True:
                share = next(steps)
                if share is None:
                    self._timer.setInterval(5)
                    return
                self._timer.setInterval(0)
                self.progressed.emit(share)
                if time.perf_counter() - start > budget_s:
                    return
        except StopIteration:
            self._end()
            then()
        except SpeefeareError as error:
            self._end()
            failed(str(error))
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self._timer.stop()
        self._steps = self._then = self._failed = None
        self.ended.emit()
