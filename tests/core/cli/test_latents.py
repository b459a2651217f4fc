from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core.cli import main
from tests.core.speech import speech_like


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for seed, path in enumerate(paths):
        soundfile.write(path, speech_like(0.6 + 0.2 * seed, seed=seed), 16_000, subtype="FLOAT")
    (tmp_path / "one.lab").write_text("0.0 0.3 a\n0.3 0.6 b\n")
    return paths


def test_all_points_of_several_files(
    tiny: Path, files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "points.npz"
    words = [*map(str, files), "--codec", str(tiny), "--values", "loudness,labels", "--output", str(target), "--json"]
    assert main(["latents", *words]) == 0
    told = said(capsys)
    rows = told["files"]
    assert isinstance(rows, list) and [row["quantised"] for row in rows] == [True, True]
    assert rows[0]["values"] == ["loudness", "phone"] and rows[0]["snr_db"] > 0
    with np.load(target, allow_pickle=False) as arrays:
        for end, row in zip(("", "_2"), rows, strict=True):
            assert arrays[f"before{end}"].shape == arrays[f"after{end}"].shape == (row["frames"], 3)
            assert len(arrays[f"time_s{end}"]) == len(arrays[f"loudness_lufs{end}"]) == row["frames"]
        assert arrays["phone_names"].tolist() == ["a", "b"] and set(arrays["phone"][:140].tolist()) == {0.0, 1.0}


def test_fewer_books_and_a_folder_as_corpus(
    tiny: Path, files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for depth in ("1", "4"):
        words = [str(files[0]), "--codec", str(tiny), "--depth", depth, "--corpus", str(tmp_path), "--json"]
        assert main(["latents", *words]) == 0
        found.append(said(capsys))
    assert found[0]["depth"] == 1 and "2 files" in str(found[0]["basis"])
    assert found[0]["files"][0]["snr_db"] < found[1]["files"][0]["snr_db"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--values", "colour"], "--values knows"),
        (["--depth", "9"], "Depth 9"),
        (["--corpus", "/no/such"], "no folder"),
        (["--output", "points.wav"], ".npz"),
    ],
)
def test_bad_options_are_one_sentence(
    words: list[str], sentence: str, tiny: Path, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["latents", str(files[0]), "--codec", str(tiny), *words, "--json"]) == 2
    assert sentence in str(said(capsys)["error"])
