"""Frozen networks that know something of speech and that codecs listen to: their table, and opening one.

To add one: a file here with a class that is a `Teacher`, and a function that opens it from a source; one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from speefeare_core.errors import SpeefeareError
from speefeare_core.lazy import load_named

if TYPE_CHECKING:
    from speefeare_core.teachers.teacher import Teacher


@dataclass(frozen=True)
class TeacherRow:
    """One teacher. `loader` names `module:function`, which takes the recipe's source and gives a `Teacher`."""

    key: str
    title: str
    help: str  # one plain sentence: what it hears, and where its weights are from
    loader: str
    needs: tuple[str, ...]  # packages that it does not work without
    extra: str  # the product's optional part that brings them
    needs_source: bool  # whether a folder or hub repository with weights must be named
    source: str  # paper or file that it is from

    def open(self, source: str = "") -> Teacher:
        """The teacher, frozen, on the CPU. Never downloads. Raises `SpeefeareError`."""
        if self.needs_source and not source:
            raise SpeefeareError(
                f"The teacher {self.key} needs its weights: set teacher.source to a folder in transformers' format, or"
                " to hf:owner/name of one that `speefeare catalog download` has fetched."
            )
        teacher: Teacher = load_named(self.loader)(source)
        return teacher


_ROWS = (
    TeacherRow(
        "hubert",
        "HuBERT",
        "Vectors each 20 ms, the mean of all layers of a HuBERT whose weights you have.",
        "speefeare_core.teachers.from_folder:open_hubert",
        ("transformers",),
        "xcodec",
        True,
        "arXiv 2106.07447; as SpeechTokenizer's scripts/hubert_rep_extract.py, `avg`",
    ),
    TeacherRow(
        "wavlm",
        "WavLM",
        "Vectors each 20 ms, the mean of all layers of a WavLM whose weights you have.",
        "speefeare_core.teachers.from_folder:open_wavlm",
        ("transformers",),
        "xcodec",
        True,
        "arXiv 2110.13900",
    ),
    TeacherRow(
        "wakeword",
        "Speech embedding (wake words)",
        "Google's speech embedding, 96 values each 80 ms, with weights inside the package pyopen-wakeword.",
        "speefeare_core.teachers.wakeword:open_wakeword",
        ("pyopen_wakeword", "ai_edge_litert"),
        "wakeword",
        False,
        "arXiv 2002.01322; PyPI pyopen-wakeword, Apache-2.0",
    ),
    TeacherRow(
        "phones",
        "Phones (tiny teacher)",
        "64 values each 20 ms from a small phone classifier that was trained on synthetic speech; it is shipped.",
        "speefeare_core.teachers.phones:open_phones",
        (),
        "",
        False,
        "resources/teachers/phones.md",
    ),
)
TEACHERS: dict[str, TeacherRow] = {row.key: row for row in _ROWS}


def open_teacher(key: str, source: str = "") -> Teacher:
    """A teacher of the table by its key. Raises `SpeefeareError` for an unknown key, and where it cannot be opened."""
    if key not in TEACHERS:
        raise SpeefeareError(f"There is no teacher {key}; choose one of {', '.join(TEACHERS)}.")
    return TEACHERS[key].open(source)


__all__ = ["TEACHERS", "TeacherRow", "open_teacher"]
