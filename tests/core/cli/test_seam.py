"""`speefeare info CODEC --seam`, and long files through codecs that look ahead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core import audio, load_codec, token_file
from speefeare_core.audio import Audio
from speefeare_core.cli import main
from speefeare_core.codecs import FAMILIES
from tests.core.speech import speech_like
from tests.core.tiny_kinds import KINDS, kind_file


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in KINDS:
        monkeypatch.setitem(FAMILIES, family.key, family)


def call(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    code = main([*map(str, argv), "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


def test_info_measures_the_seam(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = kind_file(tmp_path, "tiny_ahead", flavour="approximate")
    seam = call(capsys, "info", file, "--seam")["seam"]
    assert seam["seams"] == 3 and len(seam["tokens_near"]) == 4
    assert seam["block_s"] == 0.08
    assert main(["info", str(file)]) == 0
    assert (
        "in blocks of 0.08 s with 0.006 s before and 0.006 s after them, from 60 s on; near the seams they differ"
        in capsys.readouterr().out
    )
    held = call(capsys, "info", kind_file(tmp_path, "tiny_held"), "--seam")
    assert held["long"] == "stream" and "seam" not in held


@pytest.mark.parametrize("flavour", ["rates", "continuous", "side", "stereo"])
def test_long_files_are_never_whole_in_memory(
    flavour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.wav"
    samples = np.tile(speech_like(2.0), 31)[None]  # 62 s, more than WHOLE_S
    audio.write(path, Audio(samples, 16_000))
    file = kind_file(tmp_path, "tiny_ahead", flavour=flavour)
    codec = load_codec(file)
    whole = codec.encode(torch.from_numpy(samples).expand(codec.info.channels, -1)[None])
    read = audio.read
    monkeypatch.setattr(audio, "read", lambda *args: pytest.fail("the whole file was read"))
    tokens = call(capsys, "encode", path, "--codec", file)["file"]
    decoded = call(capsys, "decode", tokens, tmp_path / "decoded.wav")
    again = call(capsys, "roundtrip", path, "--codec", file)
    monkeypatch.undo()
    for family in KINDS:
        monkeypatch.setitem(FAMILIES, family.key, family)
    found = token_file.read(Path(tokens))[1]
    for mine, theirs in zip(found.code_groups, whole.code_groups, strict=True):
        assert torch.equal(mine, theirs)
    wanted = codec.decode(whole)[0].numpy()
    for file in (decoded["file"], again["file"]):
        np.testing.assert_allclose(read(file).samples, wanted, atol=1e-5)
