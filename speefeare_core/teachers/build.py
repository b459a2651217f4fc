"""A teacher from its kind and sizes, its weights still to come: for codecs whose file holds their teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers import TEACHERS
from speefeare_core.teachers.phones import PhonesConfig, PhonesTeacher
from speefeare_core.teachers.semantic import OPTIONS, SemanticTeacher
from speefeare_core.teachers.semantic import TITLES as SEMANTIC
from speefeare_core.teachers.teacher import Teacher

TITLES = {key: TEACHERS[key].title for key in (*SEMANTIC, "phones")}


def build_teacher(kind: str, options: Mapping[str, Any]) -> Teacher:
    """`options`: `semantic.OPTIONS` of a HuBERT or WavLM, `PhonesConfig` of the phone classifier.

    Raises ValueError for another kind or option, `SpeefeareError` where a package is missing.
    """
    if kind == "phones":
        return PhonesTeacher(PhonesConfig.from_dict(dict(options))).eval().requires_grad_(False)
    return SemanticTeacher(kind, options)


def options_of_teacher(teacher: Teacher) -> dict[str, Any]:
    """What `build_teacher` needs to build another of its sizes.

    Raises `SpeefeareError` for a teacher that a codec cannot keep, because it is no network of ours.
    """
    if isinstance(teacher, PhonesTeacher):
        return teacher.config.to_dict()
    if isinstance(teacher, SemanticTeacher):
        config = teacher.model.config
        return {name: getattr(config, name) for name in OPTIONS if hasattr(config, name)}
    raise SpeefeareError(
        f"A codec cannot keep the teacher {teacher.key} in its file, which it needs to encode; choose one of"
        f" {', '.join(TITLES)}."
    )
