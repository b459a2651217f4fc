"""Codecs of other packages: the entry points of the group `speefeare.codecs`, looked up only when they are needed.

An installed package names a `Family` in its pyproject.toml,

    [project.entry-points."speefeare.codecs"]
    mycodec = "my_package:FAMILY"

and every command, the window and the library then load its files. A plug-in that cannot be loaded is a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from speefeare_core.codecs import FAMILIES, Family
from speefeare_core.errors import SpeefeareError

GROUP = "speefeare.codecs"


@dataclass(frozen=True)
class Plugins:
    """What other packages bring, and what was wrong with those that bring nothing."""

    families: dict[str, Family]
    problems: tuple[str, ...]  # plain sentences

    def hint(self) -> str:
        """What to add to "there is no such codec": the broken plug-ins, which may be the reason."""
        return "".join(f" {problem}" for problem in self.problems)


@cache
def plugins() -> Plugins:
    """Every plug-in, imported once."""
    families: dict[str, Family] = {}
    problems: list[str] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            family = _checked(point)
            if family.key in FAMILIES or family.key in families:
                raise ValueError(f"the family {family.key} is already there")
            families[family.key] = family
        except (Exception, SystemExit) as error:  # another package's code: it may raise anything
            problems.append(f"{_named(point)} cannot be used: {_words(error)}.")
    return Plugins(families, tuple(problems))


def all_families() -> Iterator[Family]:
    """Our own families, then those of plug-ins."""
    yield from FAMILIES.values()
    yield from plugins().families.values()


def find_family(key: str) -> Family | None:
    """The family of this key. Plug-ins are looked at only where it is none of ours."""
    return FAMILIES.get(key) or plugins().families.get(key)


def load_plugin_class(family: Family) -> type:
    """The codec class of a plug-in's family. Raises `SpeefeareError` where its package fails."""
    try:
        loaded: type = family.load_class()
    except (Exception, SystemExit) as error:
        raise SpeefeareError(f"The plug-in of the codec {family.title} cannot be imported: {_words(error)}.") from error
    return loaded


def _checked(point: EntryPoint) -> Family:
    family = point.load()
    if not isinstance(family, Family):
        raise TypeError(f"{point.value} is no speefeare_core.codecs.Family")
    if not family.key or ":" not in family.loader:
        raise ValueError(f"{point.value} has no key, or no loader of the form module:Class")
    if wrong := [row.key for row in family.layouts if row.family != family.key]:
        raise ValueError(f"its layouts {', '.join(wrong)} are of another family")
    return family


def _named(point: EntryPoint) -> str:
    package = f" of the package {point.dist.name}" if point.dist is not None else ""
    return f"The codec plug-in {point.name}{package}"


def _words(error: BaseException) -> str:
    words = " ".join(str(error).split()).rstrip(".")[:200]
    return f"{type(error).__name__}, {words}" if words else type(error).__name__
