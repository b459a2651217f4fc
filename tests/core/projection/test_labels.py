from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.errors import SpeefeareError
from speefeare_core.projection import labels

LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "anna - words"
        xmin = 0
        xmax = 1.5
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.5
            text = "say ""ah"""
    item [2]:
        class = "IntervalTier"
        name = "anna - phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 2
        intervals [1]:
            xmin = 0.5
            xmax = 1.0
            text = "AH1"
        intervals [2]:
            xmin = 1.0
            xmax = 1.5
            text = "M"
    item [3]:
        class = "TextTier"
        name = "bells"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.7
            mark = "ding"
'''
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
1
<exists>
1
"IntervalTier"
"phones"
0
1
2
0
0.25
"a"
0.25
1
"12 b"
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def tiers(path: Path) -> dict[str, tuple[labels.Interval, ...]]:
    return {tier.key: tier.intervals for tier in labels.read(path)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_long_textgrid_gives_phones_words_and_who_speaks(tmp_path: Path, encoding: str) -> None:
    found = tiers(write(tmp_path, "a.TextGrid", LONG, encoding))
    assert list(found) == ["phone", "word", "speaker"]
    assert found["phone"] == ((0.5, 1.0, "AH1"), (1.0, 1.5, "M"))
    assert found["word"] == ((0.5, 1.5, 'say "ah"'),)
    assert {text for _, _, text in found["speaker"]} == {"anna"}


def test_a_short_textgrid_gives_the_same_kind_of_tiers(tmp_path: Path) -> None:
    assert tiers(write(tmp_path, "a.TextGrid", SHORT)) == {"phone": ((0.0, 0.25, "a"), (0.25, 1.0, "12 b"))}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0.0 0.25 a\n0.25 0.5 b\n", [(0.0, 0.25, "a"), (0.25, 0.5, "b")]),
        ("0 2500000 a\n2500000 5000000 b\n", [(0.0, 0.25, "a"), (0.25, 0.5, "b")]),
        ("0 2500000 xx^sil-b+ae=n@1_2\n", [(0.0, 0.25, "b")]),
        ("signal x\n#\n0.25 121 a\n0.5 121 b\n", [(0.0, 0.25, "a"), (0.25, 0.5, "b")]),
    ],
)
def test_lab_files_in_seconds_in_units_of_htk_and_of_xwaves(
    tmp_path: Path, text: str, wanted: list[labels.Interval]
) -> None:
    found = tiers(write(tmp_path, "a.lab", text))["phone"]
    assert [(pytest.approx(start), pytest.approx(end), name) for start, end, name in wanted] == list(found)


def test_json_of_ours_and_of_the_aligner(tmp_path: Path) -> None:
    ours = {"speaker": "anna", "phones": [{"start": 0.1, "end": 0.2, "text": "a"}, [0.2, 0.3, "b"]], "take": 3}
    found = tiers(write(tmp_path, "a.json", json.dumps(ours)))
    assert found["phone"] == ((0.1, 0.2, "a"), (0.2, 0.3, "b")) and found["speaker"][0][2] == "anna"
    aligned = {"tiers": {"words": {"type": "interval", "entries": [[0, 0.5, "hello"]]}}}
    assert tiers(write(tmp_path, "b.json", json.dumps(aligned))) == {"word": ((0.0, 0.5, "hello"),)}
    assert labels.read(write(tmp_path, "c.json", '{"rate": 3, "notes": [1, 2]}')) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.TextGrid", "nothing"), ("a.TextGrid", LONG[:500]), ("a.lab", "0.1 b\n"), ("a.json", "{"), ("a.lab", "a b c")],
)
def test_what_cannot_be_understood_is_one_sentence(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SpeefeareError, match=name):
        labels.read(write(tmp_path, name, text))


def test_labels_lie_beside_their_recording(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    assert labels.beside(sound) is None
    write(tmp_path, "a.json", "{}")
    assert labels.beside(sound) == tmp_path / "a.json"
    write(tmp_path, "a.TextGrid", SHORT)
    assert labels.beside(sound) == tmp_path / "a.TextGrid"


def test_frames_get_the_label_at_their_middle(tmp_path: Path) -> None:
    (tier,) = labels.read(write(tmp_path, "a.json", '{"phones": [[0.1, 0.2, "b"], [0.3, 0.4, "a"]]}'))
    found = tier.at_frames(20.0, 10)  # middles at 0.025, 0.075, 0.125 …
    assert found.names == ("a", "b") and found.title == "Phone"
    wanted = [np.nan, np.nan, 1, 1, np.nan, np.nan, 0, 0, np.nan, np.nan]
    np.testing.assert_array_equal(found.values, wanted)
