"""The shipped catalog, row by row, and what the reader refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from speefeare_core import resources
from speefeare_core.catalog.entries import Entry, is_plain_path, read_catalog, read_file
from speefeare_core.catalog.on_disk import look
from speefeare_core.catalog.words import describe, line_of, row_of
from speefeare_core.codecs import FAMILIES
from speefeare_core.errors import SpeefeareError

ROWS = read_catalog()
LICENCES = {"MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "not stated"}


@pytest.mark.parametrize("entry", ROWS, ids=lambda entry: entry.name)
def test_every_row_is_whole(entry: Entry) -> None:
    assert entry.family in FAMILIES
    assert entry.page.startswith("https://") and entry.paper
    assert entry.licence in LICENCES and entry.licence_source
    assert entry.rate_hz >= 8000 and entry.frame_rate_hz > 0
    unknown = [file for file in entry.files if not (file.expected_bytes or file.sha256 or small(file.name))]
    assert not unknown or "not verified" in " ".join(entry.remarks), "a size, a checksum, or a remark that says so"
    for file in entry.files:
        assert len(file.sha256) in (0, 8, 64)
        if re.fullmatch(r"encodec_\d+khz-[0-9a-f]{8}\.th", file.name):
            assert file.sha256.startswith(file.name[-11:-3]), "the name carries the first digits"
    assert describe(entry, look(entry)) and line_of(entry, look(entry)) and row_of(entry, look(entry))


def small(name: str) -> bool:
    return name.endswith((".json", ".yaml"))


@pytest.mark.parametrize("entry", [row for row in ROWS if row.books and row.book_size], ids=lambda entry: entry.name)
def test_bitrates_follow_from_the_books(entry: Entry) -> None:
    """The highest published rate is what all books make, or less where a part of them or slower books are used."""
    assert entry.books and entry.book_size
    most = entry.books * entry.frame_rate_hz * (entry.book_size - 1).bit_length() / 1000
    assert 0 < max(entry.bitrates_kbps) <= most * 1.11, "2.2 kbps of MusicGen is published for 2.0 made"
    if entry.family not in ("snac", "vocos"):
        assert max(entry.bitrates_kbps) >= most * 0.9


def test_every_family_with_public_weights_has_a_row() -> None:
    """The others come with the product or with a package."""
    without = set(FAMILIES) - {entry.family for entry in ROWS}
    assert without <= {"linear", "transform", "subframe", "soundstream", "opus", "mulaw", "identity", "exported"}


def test_names_addresses_and_files_are_unique() -> None:
    places = [(entry.source_of(file), file.name) for entry in ROWS for file in entry.files if not small(file.name)]
    assert len(set(places)) == len(places)
    assert not {entry.name for entry in ROWS} & set(resources.shipped_codecs())


GOOD: dict[str, Any] = {
    "name": "a-1", "title": "A", "family": "dac", "source": "hf:a/b", "opens": ".", "licence": "MIT",
    "files": [{"name": "w.bin", "size_bytes": 3}],
}  # fmt: skip


def written(tmp_path: Path, rows: Any, version: int = 1) -> Path:
    path = tmp_path / "catalog.yaml"
    path.write_text(yaml.safe_dump({"version": version, "entries": rows}))
    return path


def test_a_plain_row_is_read(tmp_path: Path) -> None:
    (entry,) = read_file(written(tmp_path, [GOOD]))
    assert (entry.size_bytes, entry.expected_bytes, entry.hub_repository) == (3, 3, "a/b")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": 1}, "unknown field extra"),
        ({"title": None}, "title must be text"),
        ({"name": "A b"}, "name must be small letters"),
        ({"source": "http://a.test/"}, "source must be hf:owner/name or an https address that ends in /"),
        ({"source": "https://a.test"}, "ends in /"),
        ({"source": "hf:a"}, "source must be"),
        ({"page": "http://a.test"}, "page must be an https address"),
        ({"opens": "other.bin"}, "opens must be . or one of the files"),
        ({"files": []}, "files must list at least one file"),
        ({"files": [{"name": "../w"}]}, "plain relative path"),
        ({"files": [{"name": "/w"}]}, "plain relative path"),
        ({"files": [{"name": "a\\w"}]}, "plain relative path"),
        ({"files": [{"name": "w"}, {"name": "w"}], "opens": "w"}, "names one file twice"),
        ({"files": [{"name": "w", "size_bytes": -1}]}, "size_bytes must be a whole number"),
        ({"files": [{"name": "w", "size_bytes": True}]}, "size_bytes must be a whole number"),
        ({"files": [{"name": "w", "sha256": "xyz"}]}, "8 to 64 hexadecimal digits"),
        ({"files": [{"name": "w", "sha256": 12345678}]}, "sha256 must be text in quotes"),
        ({"files": ["w"]}, "list of fields"),
        ({"books": "eight"}, "books must be a whole number"),
        ({"frame_rate_hz": "fast"}, "frame_rate_hz must be a number"),
        ({"bitrates_kbps": 6}, "bitrates_kbps: numbers"),
        ({"remarks": [{"a": "b"}]}, "remarks must be lines"),
    ],
)
def test_a_slip_is_one_sentence_with_the_row(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(SpeefeareError, match=re.escape(words)) as told:
        read_file(written(tmp_path, [GOOD, {**GOOD, "name": "a-2", **change}]))
    assert "Row 2 (" in str(told.value) and "\n" not in str(told.value)


def test_a_missing_field_a_name_twice_and_another_version(tmp_path: Path) -> None:
    without = {key: value for key, value in GOOD.items() if key != "licence"}
    with pytest.raises(SpeefeareError, match="licence is missing"):
        read_file(written(tmp_path, [without]))
    with pytest.raises(SpeefeareError, match="names a-1 twice"):
        read_file(written(tmp_path, [GOOD, GOOD]))
    with pytest.raises(SpeefeareError, match="not of version 1"):
        read_file(written(tmp_path, [GOOD], version=2))


@pytest.mark.parametrize("text", ["{", "- a", "version: 1\nentries: {}", "!!python/object/apply:os.system [true]"])
def test_what_is_no_catalog_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(text)
    with pytest.raises(SpeefeareError, match="The catalog .* (cannot be read|is not of version 1)"):
        read_file(path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/../b", "/a", "C:\\a", "a:b", "a\0b", "a*"])
def test_paths_that_lead_elsewhere(name: str) -> None:
    assert not is_plain_path(name)
    assert is_plain_path("a/b-1.c_d")
