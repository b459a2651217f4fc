"""What the dataset doctor is looking at, how far it is, and what it said."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from speefeare_core.dataset_doctor.report import DatasetReport, Finding


class DatasetState(QObject):
    """Nothing here is asked for; `verbs.dataset` does that."""

    changed = Signal()  # another place, report, problem or finding
    moved = Signal()  # the work that is under way has moved on

    def __init__(self) -> None:
        super().__init__()
        self.place = ""  # folder, manifest, corpus, shards or packed set
        self.rate_hz = 0  # of the codec that is to be trained; 0: any
        self.at_most = 0  # clips that are measured; 0: all
        self.report: DatasetReport | None = None
        self.problem = ""  # why the last check ended without a report
        self.done = ""  # what was written last, one sentence
        self.work = ""  # "check", "repair" or "manifest" while it is under way
        self.fraction, self.words = 0.0, ""  # how far it is
        self.chosen = ""  # kind of the finding that is looked at

    @property
    def finding(self) -> Finding | None:
        """The finding that is looked at: the chosen one, else the first."""
        found = self.report.findings if self.report is not None else ()
        return next((one for one in found if one.kind == self.chosen), found[0] if found else None)

    def update(self, **values: Any) -> None:
        """Change some of it and say so once, where anything is another."""
        if any(getattr(self, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(self, name, value)
            self.changed.emit()

    def set_progress(self, fraction: float, words: str) -> None:
        """The work has moved on."""
        if (fraction, words) != (self.fraction, self.words):
            self.fraction, self.words = fraction, words
            self.moved.emit()
