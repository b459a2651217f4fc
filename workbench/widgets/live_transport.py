"""Start, mute, bypass and record, and the one sentence that says how Live is."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import theme_of
from workbench.widgets.ticks import length_text

START_TIP = "Start or stop talking through the codec (Ctrl+L)."


class RecordButton(Button):
    """A red disc, a red bar and the time while it records."""

    def __init__(self) -> None:
        super().__init__("  Record", "Record", "Record input, output, codes and timing into a folder (Ctrl+R).", True)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = theme.problem if self.isEnabled() else theme.muted
        side = self.fontMetrics().height() * 0.62
        painter.setPen(colour)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(8, (self.height() - side) / 2, side, side))
        if self.isChecked():
            painter.fillRect(4, self.height() - 5, self.width() - 8, 3, theme.problem)


class LiveTransport(QWidget):
    """Plain buttons; the panel connects them."""

    def __init__(self) -> None:
        super().__init__()
        self.start = Button("Start", "Start live", START_TIP, icon_name="play")
        self.record = RecordButton()
        self.mute = Button("Mute", "Mute", "Silence the output (M); live always starts muted.", True, "mute")
        self.bypass = Button("Bypass", "Bypass", "Hear the input itself with the same delay (Y).", True)
        self.message = ReadOut(lines=2)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.start, self.record, self.mute, self.bypass):
            row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.message)
        in_tab_order(self.start, self.record, self.mute, self.bypass)

    def set_running(self, running: bool, able: bool, why_not: str = "", starting: bool = False) -> None:
        """Whether live runs, is about to, or could; `why_not` says why it cannot start."""
        begun = running or starting
        self.start.setText("Stop" if begun else "Start")
        self.start.setAccessibleName("Stop live" if begun else "Start live")
        self.start.set_icon("stop" if begun else "play")
        self.start.setEnabled(able or begun)
        self.start.setToolTip(why_not or START_TIP)
        for button in (self.record, self.mute, self.bypass):
            button.setEnabled(running)

    def set_muted(self, muted: bool, bypass: bool) -> None:
        """What the buttons show."""
        self.mute.setChecked(muted)
        self.mute.setText("Muted" if muted else "Mute")
        self.mute.set_icon("mute" if muted else "speaker")
        self.bypass.setChecked(bypass)

    def set_recording(self, recording: bool, seconds: float = 0.0) -> None:
        """What the red button shows."""
        text = length_text(seconds).rpartition(".")[0] or length_text(seconds)
        self.record.setChecked(recording)
        self.record.setText(f"  {text}" if recording else "  Record")
        self.record.setAccessibleName(f"Recording, {text}; press to stop" if recording else "Record")
