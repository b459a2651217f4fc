"""What is known of one checkpoint, as rich text."""

from __future__ import annotations

from html import escape

from speefeare_core.catalog import Entry, OnDisk
from speefeare_core.catalog.words import STATES, books_words, rate_words, size_words
from workbench.widgets.catalog_table import family_title


def details_html(entry: Entry, found: OnDisk) -> str:
    """Licence, paper, files, where it is, remarks."""
    said = f" ({entry.licence_source})" if entry.licence_source else ""
    rows = [
        ("Family", family_title(entry)),
        ("Sound", f"{rate_words(entry)}, {books_words(entry)}, {entry.frame_rate_hz:g} frames a second"),
        ("Licence", f"{entry.licence}{said}"),
        ("Paper", entry.paper),
        ("Files", ", ".join(file.name for file in entry.files) + f" ({size_words(entry)})"),
        ("State", f"{STATES[found.state]}{f': {found.path}' if found.path else ''}"),
    ]
    row = "<tr><td><b>{}</b>&nbsp;&nbsp;</td><td>{}</td></tr>"
    cells = "".join(row.format(name, escape(text)) for name, text in rows if text)
    page = f"<a href='{escape(entry.page, quote=True)}'>{escape(entry.page)}</a>, " if entry.page else ""
    cells += row.format("Page", f"{page}files from {escape(entry.source)}")
    remarks = "".join(f"<p>{escape(remark)}</p>" for remark in entry.remarks)
    return f"<h3>{escape(entry.title)}</h3><table>{cells}</table>{remarks}"
