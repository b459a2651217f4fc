"""What is heard of the codec in Live: depth, books, number format, and how much of the input is mixed in."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from speefeare_core.codec import CodecInfo
from speefeare_core.plans.modes import MODES, PlanReport
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.labels import ROLE_MARK
from workbench.widgets.live_books import LiveBooks
from workbench.widgets.read_out import ReadOut

DEPTH_TIP = "How many books the listener gets (Ctrl+Up, Ctrl+Down)."


class LiveCodec(QWidget):
    """Plain controls; the panel connects them."""

    role_chosen = Signal(tuple)  # books, from 0; (): all
    mix_changed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.depth = Slider("Live depth", DEPTH_TIP, 1, 1)
        self.depth_text = QLabel()
        self.books = LiveBooks()
        self.roles = QWidget()
        self.role_buttons: dict[str, Button] = {}
        self._role_row = QHBoxLayout(self.roles)
        self._role_row.setContentsMargins(0, 0, 0, 0)
        self.mode = Choice(
            "Number format", "Faster formats, and how far each is off.", tuple((m.title, m.key) for m in MODES)
        )
        self.plan = ReadOut()
        self.mix = Slider("Mix", "Left: the input alone, as late as the codec. Right: the codec alone.", 0, 100)
        self.mix_text = QLabel()
        self._lay_out()
        self.mix.valueChanged.connect(lambda value: self.mix_changed.emit(value / 100))
        self.set_mix(1.0)

    def _lay_out(self) -> None:
        rows = (
            ("Depth", self.depth, self.depth_text),
            ("Books", self.books, None),
            ("", self.roles, None),
            ("Mode", self.mode, None),
            ("", self.plan, None),
            ("Mix", self.mix, self.mix_text),
        )
        self.setLayout(labelled_grid(rows, "46 · 9.20 kbps"))
        self.roles.setVisible(False)
        in_tab_order(self.depth, self.books, self.roles, self.mode, self.mix)

    def set_depth(self, depth: int, highest: int, text: str, why_not: str = "") -> None:
        """What the depth slider shows; `highest` 0: there is none, and `why_not` says why."""
        self.depth.setToolTip(why_not or DEPTH_TIP)
        self.depth.blockSignals(True)
        self.depth.setRange(min(1, highest), highest)
        self.depth.setEnabled(highest > 1)
        if not self.depth.isSliderDown():
            self.depth.setValue(depth)
        self.depth.blockSignals(False)
        self.depth_text.setText(text)

    def set_books(self, info: CodecInfo | None, heard: tuple[int, ...], frozen: tuple[int, ...]) -> None:
        """The chips, and a button for each role where there are several."""
        roles = tuple(book.role for book in info.books) if info is not None else ()
        self.books.set_books(roles, heard, frozen)
        self.books.setEnabled(bool(roles))
        kinds = tuple(dict.fromkeys(roles))
        wanted = ("all", *kinds) if len(kinds) > 1 else ()
        if wanted != tuple(self.role_buttons):
            self._set_roles(wanted)
        for kind, button in self.role_buttons.items():
            button.setChecked(set(heard) == set(_books_of(roles, kind)))

    def _set_roles(self, kinds: tuple[str, ...]) -> None:
        for button in self.role_buttons.values():
            self._role_row.removeWidget(button)
            button.deleteLater()
        self.role_buttons = {}
        for kind in kinds:
            name = "All books" if kind == "all" else f"The {kind} books alone"
            button = Button(
                f"{ROLE_MARK.get(kind, '')} {kind}".strip(), name, f"Hear: {name[0].lower()}{name[1:]}.", True
            )
            button.clicked.connect(lambda _on, kind=kind: self._choose_role(kind))
            self._role_row.addWidget(button)
            self.role_buttons[kind] = button
        self.roles.setVisible(bool(kinds))

    def _choose_role(self, kind: str) -> None:
        self.role_chosen.emit(() if kind == "all" else _books_of(self.books.roles, kind))

    def set_mode(self, mode: str, plans: dict[str, PlanReport], running: bool = False) -> None:
        """The chosen format and what was measured of it; while live runs it is being made ready."""
        self.mode.set_value(mode)
        report = plans.get(mode)
        self.plan.say(plan_words(report) if report else "getting ready …" if running else "measured when it starts")

    def set_mix(self, mix: float) -> None:
        """Share of the codec."""
        if not self.mix.isSliderDown():
            self.mix.blockSignals(True)
            self.mix.setValue(round(100 * mix))
            self.mix.blockSignals(False)
        self.mix_text.setText("codec alone" if mix >= 1 else "input alone" if mix <= 0 else f"{100 * mix:.0f} % codec")


def plan_words(report: PlanReport) -> str:
    """What was measured of a plan, in one line."""
    if not report.compiled:
        return report.note or "plain computation"
    parts = [] if report.tokens_same is None else [f"{100 * report.tokens_same:.4g} % same tokens"]
    parts.append(f"error {report.audio_error:.0e}" if report.audio_error else "error 0")
    return " · ".join(parts)


def _books_of(roles: tuple[str, ...], kind: str) -> tuple[int, ...]:
    return tuple(book for book, role in enumerate(roles) if kind in ("all", role))
