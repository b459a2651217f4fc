"""The list of edits as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from speefeare_core.editing import (
    Continuous,
    Copy,
    EditList,
    Freeze,
    Neighbours,
    Region,
    Restore,
    SetIndex,
    Shuffle,
    Source,
    Swap,
    Zero,
    edit_file,
)
from speefeare_core.editing.words import words_of
from speefeare_core.errors import SpeefeareError
from tests.core.tiny_kinds import TinyAhead

EVERY = EditList(
    (
        SetIndex(Region(3, 9, (0, 2)), 5),
        Zero(Region(0, None, (1,))),
        Shuffle(Region(10, 20), seed=7, together=True),
        Freeze(Region(4, 8), at=2),
        Copy(Region(1, 2), source="b", at=30),
        Swap(Region(0, None, (0,)), source="b", fit="stretch"),
        Neighbours(Region(2, 3), k=4, seed=9),
        Continuous(Region(5, 6, (3,))),
        Restore(Region(0, 1)),
    ),
    continuous=(1, 3),
    sources=(Source("b", "/sounds/other.wav"),),
)


def test_every_edit_comes_back_from_json() -> None:
    data = json.loads(json.dumps(edit_file.to_dict(EVERY)))
    assert edit_file.from_dict(data) == EVERY
    assert data["edits"][0] == {"do": "set", "frames": [3, 9], "books": [1, 3], "index": 5}
    assert data["continuous"] == [2, 4]


def test_a_file_names_its_sources_beside_itself(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    edit_file.write(path, EditList(EVERY.edits, sources=(Source("b", "near/other.wav"),)))
    assert edit_file.read(path).path_of("b") == str(tmp_path / "near" / "other.wav")
    assert [file.name for file in tmp_path.iterdir()] == ["list.json"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "no edit list"),
        ({"speefeare_edits": 2}, "version 2"),
        ({"speefeare_edits": 1, "edit": []}, '"edit"'),
        ({"speefeare_edits": 1, "edits": [{"do": "explode"}]}, "Edit 1"),
        ({"speefeare_edits": 1, "edits": [{"do": "zero", "frames": [4, 4]}]}, '"frames"'),
        ({"speefeare_edits": 1, "edits": [{"do": "zero", "frames": [4]}]}, '"frames"'),
        ({"speefeare_edits": 1, "edits": [{"do": "zero", "books": [0]}]}, "from 1"),
        ({"speefeare_edits": 1, "edits": [{"do": "zero", "seed": 1}]}, '"seed"'),
        ({"speefeare_edits": 1, "edits": [{"do": "shuffle", "seed": "x"}]}, '"seed"'),
        ({"speefeare_edits": 1, "edits": [{"do": "shuffle", "seed": True}]}, '"seed"'),
        ({"speefeare_edits": 1, "edits": [{"do": "neighbours", "k": 0}]}, '"k"'),
        ({"speefeare_edits": 1, "edits": [{"do": "swap", "fit": "cut"}]}, '"source"'),
        ({"speefeare_edits": 1, "edits": [{"do": "swap", "source": "b", "fit": "bend"}]}, '"fit"'),
        ({"speefeare_edits": 1, "edits": [{"do": "copy", "source": "q"}]}, '"q"'),
        ({"speefeare_edits": 1, "continuous": [1.5]}, '"continuous"'),
        ({"speefeare_edits": 1, "sources": {"b": 3}}, '"sources"'),
    ],
)
def test_what_is_wrong_is_one_sentence(data: object, told: str) -> None:
    with pytest.raises(SpeefeareError, match=told):
        edit_file.from_dict(data, "list.json")


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    for text in ("{", "[" * 100_000):
        path.write_text(text)
        with pytest.raises(SpeefeareError, match=r"list\.json"):
            edit_file.read(path)
    with pytest.raises(SpeefeareError, match="There is no edit list"):
        edit_file.read(tmp_path / "none.json")


def test_sources_are_named_once_and_go_with_their_last_reader() -> None:
    edits, key = EditList().reading_from("/a.wav")
    again, same = edits.reading_from("/a.wav")
    assert (again, same) == (edits, key)
    both, other = edits.adding(Copy(Region(), source=key)).reading_from("/b.wav")
    both = both.adding(Swap(Region(), source=other))
    assert other != key
    assert both.path_of(other) == "/b.wav"
    left = both.without(0)
    assert [source.key for source in left.sources] == [other]
    with pytest.raises(KeyError):
        left.path_of(key)


def test_switches() -> None:
    edits = EditList().switching(2, True).switching(0, True)
    assert edits.continuous == (0, 2)
    assert edits.switching(2, False).continuous == (0,)
    assert not edits.is_empty
    assert EditList().is_empty


def test_each_edit_has_words() -> None:
    info = TinyAhead().info
    told = [words_of(edit, info, EVERY) for edit in EVERY.edits]
    assert len(set(told)) == len(told)
    assert told[0] == "set books 1, 3 to 5, 0.01–0.02 s"
    assert "other.wav" in told[5]
    assert all("frame" in words_of(edit, None, EVERY) or "clip" in words_of(edit, None, EVERY) for edit in EVERY.edits)
