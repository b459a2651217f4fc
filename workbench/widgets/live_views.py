"""The pictures of Live: lanes that scroll, the latent trail, the use of the books; each can be hidden."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.freeze_bar import FreezeBar
from workbench.widgets.latent_trail import LatentTrail
from workbench.widgets.live_scroll import LANES, SECONDS, LiveScroll
from workbench.widgets.live_usage import LiveUsage

VIEWS = {
    "input": ("Input", "Spectrogram of what goes in."),
    "output": ("Output", "Spectrogram of what comes out."),
    "codes": ("Tokens", "The token of every book and frame; holes are lost ones."),
    "residual": ("Energy", "Energy of the entry of each book: what it adds."),
    "latents": ("Latents", "The path through latent space."),
    "usage": ("Use", "How many of its entries each book uses."),
}
SPANS_S = (3.0, 6.0, 12.0)
FREEZE_TIP = "Stop the views and look back over the last minute; the sound goes on (Z)."


class LiveViews(QWidget):
    """Which views are shown is the person's; what they show is fed by the panel."""

    views_changed = Signal()
    span_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scroll = LiveScroll()
        self.trail = LatentTrail("Latents")
        self.usage = LiveUsage()
        self.toggles = {key: Button(text, f"View {text}", tip, True) for key, (text, tip) in VIEWS.items()}
        self.span = Choice(
            "Time span", "How many seconds the views show.", tuple((f"{s:g} s", f"{s:g}") for s in SPANS_S)
        )
        self.span.set_value(f"{SECONDS:g}")
        self.freeze = Button("Freeze", "Freeze the views", FREEZE_TIP, True, "pause")
        self.bar = FreezeBar()
        self.play_input = Button(
            "Input", "Play the frozen input", "Hear what went in, in the place of the live sound.", True, "play"
        )
        self.play_output = Button(
            "Output", "Play the frozen output", "Hear what came out (Shift+Space).", True, "play"
        )  # fmt: skip
        self._lay_out()
        for button in self.toggles.values():
            button.setChecked(True)
            button.toggled.connect(self._toggled)
        self.span.activated.connect(self._span_chosen)
        self.set_frozen(False, False)

    def _lay_out(self) -> None:
        tools, below = QHBoxLayout(), QHBoxLayout()
        for button in self.toggles.values():
            tools.addWidget(button)
        tools.addStretch(1)
        tools.addWidget(self.span)
        for widget in (self.freeze, self.bar, self.play_input, self.play_output):
            below.addWidget(widget, 1 if widget is self.bar else 0)
        width = self.fontMetrics().horizontalAdvance
        self.freeze.setFixedWidth(width("Freezing …") + 44)
        for button in self.toggles.values():
            button.setMinimumWidth(width(button.text()) + 10)  # the usual least width would widen the window
        side = QWidget()
        self._side = QBoxLayout(QBoxLayout.Direction.TopToBottom, side)
        self._side.setContentsMargins(0, 0, 0, 0)
        self._side.addWidget(self.trail, 1)
        self._side.addWidget(self.usage, 1)
        self.side = side
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.addWidget(self.scroll, 3)
        self._row.addWidget(side, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(tools)
        column.addLayout(self._row, 1)
        column.addLayout(below)
        in_tab_order(*self.toggles.values(), self.span, self.usage.half_life, self.freeze, self.bar, self.play_input)

    @property
    def shown(self) -> frozenset[str]:
        """The views that are switched on."""
        return frozenset(key for key, button in self.toggles.items() if button.isChecked())

    def set_shown(self, views: object) -> None:
        """Switch views on and off; what is no list of them changes nothing."""
        if isinstance(views, list):
            for key, button in self.toggles.items():
                button.setChecked(key in views)

    def set_span(self, seconds: object) -> None:
        """How much the views show; a bad value changes nothing."""
        if not isinstance(seconds, bool) and seconds in SPANS_S:
            self.span.set_value(f"{seconds:g}")
            self._span_chosen()

    def set_there(self, there: dict[str, bool]) -> None:
        """Which views the codec has something for."""
        for key, able in there.items():
            self.toggles[key].setEnabled(able)
            self.toggles[key].setToolTip(VIEWS[key][1] if able else "This codec has none.")
        self._arrange()

    def set_frozen(self, frozen: bool, able: bool, heard: str = "", pending: bool = False) -> None:
        """Whether the minute is frozen, whether it can be, and what of it plays."""
        self.freeze.setChecked(frozen)
        self.freeze.setText("Go on" if frozen else "Freezing …" if pending else "Freeze")
        self.freeze.set_icon("play" if frozen else "pause")
        self.freeze.setEnabled(frozen or able)
        for button, name in ((self.play_input, "input"), (self.play_output, "output")):
            button.setEnabled(frozen)
            button.setChecked(heard == name)
            button.set_icon("stop" if heard == name else "play")
        self.bar.setEnabled(frozen)

    def _toggled(self) -> None:
        self._arrange()
        self.views_changed.emit()

    def _arrange(self) -> None:
        able = {key for key in self.shown if self.toggles[key].isEnabled()}
        self.scroll.set_visible(able & set(LANES))
        self.scroll.setVisible(bool(able & set(LANES)) or not able)
        self.trail.setVisible("latents" in able)
        self.usage.setVisible("usage" in able)
        self.side.setVisible(bool(able & {"latents", "usage"}))

    def _span_chosen(self) -> None:
        self.scroll.set_seconds(float(self.span.value))
        self.span_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = event.size().width() > 1.2 * event.size().height()
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._row.setDirection(across if wide else down)
        flat = event.size().height() < 420
        self._side.setDirection(across if flat or not wide else down)
        self._row.setStretch(1, 2 if flat and wide else 1)

    def sizeHint(self) -> QSize:
        return QSize(640, 400)
