"""The table of formats, and taking figures out in several of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from workbench.exporting import data, pictures
from workbench.exporting.page import SIZES, PageSize
from workbench.widgets.figure import Figure

Write = Callable[[Figure, Path, PageSize], Iterator[float]]


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    suffix: str
    title: str
    tip: str
    write: Write


def _picture(
    write: Callable[[Figure, Path, PageSize], None], figure: Figure, path: Path, size: PageSize
) -> Iterator[float]:
    write(figure, path, size)
    yield 1.0


FORMATS: tuple[Format, ...] = (
    Format(".png", "PNG", f"A picture with {pictures.DPI} dots an inch", partial(_picture, pictures.write_png)),
    Format(".svg", "SVG", "Lines and letters that stay sharp, data as pictures", partial(_picture, pictures.write_svg)),
    Format(".csv", "CSV", "A table of what is in sight", lambda figure, path, _: data.write_csv(figure, path)),
    Format(
        ".npz", "NPZ", "Arrays of what is in sight, for NumPy", lambda figure, path, _: data.write_npz(figure, path)
    ),
)


def export(
    figures: Sequence[Figure],
    folder: Path,
    formats: Sequence[Format] = FORMATS,
    size: PageSize = SIZES[0],
    written: Callable[[Path], None] = lambda _path: None,
) -> Iterator[float]:
    """Write each figure in each format as `<key><suffix>`; yields the share that is done.

    Each file appears whole or not at all. Raises `SpeefeareError` where one cannot be written.
    """
    count = max(1, len(figures) * len(formats))
    names = _names(figures)
    for index, (figure, name) in enumerate(zip(figures, names, strict=True)):
        for place, kind in enumerate(formats):
            path = folder / f"{name}{kind.suffix}"
            part = path.with_name(f".{name}.part{kind.suffix}")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                for share in kind.write(figure, part, size):
                    yield (index * len(formats) + place + share) / count
                part.replace(path)
            except OSError as error:
                raise SpeefeareError(f"{path} cannot be written: {error.strerror or error}.") from error
            finally:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
            written(path)


def _names(figures: Sequence[Figure]) -> list[str]:
    """File names: the keys, numbered where one comes again."""
    seen: dict[str, int] = {}
    names = []
    for figure in figures:
        seen[figure.key] = seen.get(figure.key, 0) + 1
        names.append(figure.key if seen[figure.key] == 1 else f"{figure.key}_{seen[figure.key]}")
    return names
