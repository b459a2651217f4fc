"""How a run stands, in one painted strip: its share done as a bar, and the figures that one looks for first."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from speefeare_core.training.run_history import RunHistory
from speefeare_core.training.run_summary import steps_in_sight
from workbench.widgets.theme import describe, theme_of


@dataclass(frozen=True)
class Standing:
    """What the strip says."""

    share: float = 0.0
    words: str = ""
    tone: str = ""  # "", "good", "warning" or "problem"


def standing(run: RunHistory, status: str, words: str) -> Standing:
    """Of a run, with the status of its process and the sentence about that."""
    if run.read_share < 1:
        return Standing(run.read_share, f"Reading the log: {run.read_share:.0%} …")
    steps = run.facts.get("steps")
    steps = steps_in_sight(run.step, steps, run.progress) if isinstance(steps, int) else 0
    told = [
        f"{run.progress:.0%}",
        f"step {_grouped(run.step)}" + (f" of {_grouped(steps)}" if steps else ""),
    ]
    if run.left_s and status in ("running", "stopping"):
        told.append(f"{duration(run.left_s)} left")
    if run.elapsed.last:
        told.append(f"{duration(run.elapsed.last)} trained")
    pace = run.series.get("audio_s_per_s")
    if pace is not None and pace.last is not None and status == "running":
        told.append(f"{pace.last:.3g} s of speech per s")
    if run.problem and status == "failed":
        words = run.problem
    if words:
        told.append(words)
    tone = {"finished": "good", "failed": "problem", "interrupted": "warning", "stopped": "warning"}.get(status, "")
    return Standing(run.progress, " · ".join(told), tone)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


class RunStrip(QWidget):
    """The bar, and the words on it; all of them are its tooltip and accessible description too."""

    def __init__(self) -> None:
        super().__init__()
        self.standing = Standing()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        describe(self, "How the run stands", "Share of its budget that is done, remaining time and pace.")

    def set_standing(self, standing: Standing) -> None:
        """Say something else."""
        if standing != self.standing:
            self.standing = standing
            self.setToolTip(standing.words)
            self.setAccessibleDescription(standing.words)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(theme.grid)
        painter.setBrush(theme.lane)
        painter.drawRoundedRect(rect, 3, 3)
        colour = {"good": theme.good, "warning": theme.warning, "problem": theme.problem}.get(
            self.standing.tone, theme.accent
        )
        done = QColor(colour)
        done.setAlpha(70)
        share = min(max(self.standing.share, 0.0), 1.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(done)
        painter.drawRoundedRect(QRectF(rect.left(), rect.top(), rect.width() * share, rect.height()), 3, 3)
        painter.setBrush(colour)
        painter.drawRect(QRectF(rect.left(), rect.bottom() - 2.5, rect.width() * share, 2.5))
        painter.setPen(theme.text)
        room = rect.adjusted(8, 0, -8, -1)
        words = self.fontMetrics().elidedText(self.standing.words, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def sizeHint(self) -> QSize:
        return QSize(300, round(1.7 * self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, round(1.7 * self.fontMetrics().height()))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
