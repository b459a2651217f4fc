"""The row of controls of Codebooks: what is counted, in which order it stands, which map is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QHBoxLayout, QWidget

from workbench.verbs.book_counts import Source
from workbench.widgets.controls import Button, Choice
from workbench.widgets.live_usage import HALF_LIVES_S
from workbench.widgets.theme import explain

SOURCES = (("This clip", "clip"), ("A corpus", "corpus"), ("Live", "live"))
CHOOSE = "choose"  # the corpus that stands for "ask for a folder"
SAMPLE = "sample"


class CodebooksControls(QWidget):
    """Only what belongs to the chosen source is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.source = Choice("What is counted", "The open clip, all sound files of a corpus, or Live.", SOURCES)
        self.corpus = Choice("Corpus", "The sound files whose tokens are counted once and kept.")
        self.corpus.setMinimumContentsLength(15)
        self.half_life = Choice(
            "Half-life",
            "After this time a token of Live counts half.",
            tuple((f"Half-life {seconds:g} s", f"{seconds:g}") for seconds in HALF_LIVES_S),
        )
        self.half_life.set_value("10")
        self.order = Choice(
            "Order of the entries", "Bars along the index, or from the most frequent one down.",
            (("By index", "index"), ("By rank", "rank")),
        )  # fmt: skip
        self.map_kind = Choice(
            "Kind of map",
            "Principal axes keep distances, the map of neighbours (t-SNE) keeps near entries together.",
            (("Map of neighbours", "neighbours"), ("Principal axes", "axes")),
        )
        self.links = Button("Links", "Join neighbours", "Join each entry with its nearest one.", checkable=True)
        self.links.setChecked(True)
        self.alone = Button(
            "Alone", "Hear the entry alone", "Hear the chosen entry alone where it comes next (Alt+Enter)."
        )
        explain(self.half_life, "half_life")
        self.all = (self.source, self.corpus, self.half_life, self.order, self.map_kind, self.links, self.alone)
        line = QHBoxLayout(self)
        line.setContentsMargins(4, 2, 4, 0)
        for control in self.all:
            line.addWidget(control)
        line.addStretch(1)

    @property
    def counted(self) -> Source:
        """What is counted."""
        return cast(Source, self.source.value)

    @property
    def by_rank(self) -> bool:
        return self.order.value == "rank"

    @property
    def by_neighbours(self) -> bool:
        """The map of neighbours is chosen."""
        return self.map_kind.value == "neighbours"

    @property
    def half_life_s(self) -> float:
        return float(self.half_life.value or 10)

    def show_for(self, corpus_folder: str) -> None:
        """The controls of the chosen source; `corpus_folder` is empty for the shipped sample."""
        self.corpus.setVisible(self.counted == "corpus")
        self.half_life.setVisible(self.counted == "live")
        named = ((Path(corpus_folder).name or corpus_folder, corpus_folder),) if corpus_folder else ()
        self.corpus.set_entries((("Shipped sample", SAMPLE), *named, ("Folder…", CHOOSE)), corpus_folder or SAMPLE)

    def state(self) -> dict[str, Any]:
        """Plain values, for documents."""
        return {
            "source": self.source.value, "half_life": self.half_life.value, "order": self.order.value,
            "map": self.map_kind.value, "links": self.links.isChecked(),
        }  # fmt: skip

    def set_state(self, state: dict[str, Any]) -> None:
        """What `state` gave; what is missing or of another kind stays as it is."""
        choices = {"source": self.source, "half_life": self.half_life, "order": self.order, "map": self.map_kind}
        for key, choice in choices.items():
            if isinstance(state.get(key), str):
                choice.set_value(state[key])
        if isinstance(state.get("links"), bool):
            self.links.setChecked(state["links"])
