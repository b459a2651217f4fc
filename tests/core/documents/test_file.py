"""Documents on the disk: there and back, and everything that can be wrong with a file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speefeare_core.documents import reader, writer
from speefeare_core.errors import SpeefeareError

PARTS = {"marks": {"marks": [{"id": 1, "time_s": 0.5}]}, "loop": None}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    sound = tmp_path / "voice.flac"
    sound.write_bytes(bytes(range(256)) * 5000)
    codes = {"codes_0": np.arange(60, dtype=np.uint16).reshape(4, 15), "codes_1": np.zeros((0, 3), np.int32)}
    target = tmp_path / "a.speefeare"
    writer.write(target, PARTS, arrays={"codes": codes}, audio=sound, audio_name="voice.flac", extra={"path": "/x"})
    found = reader.read(target)
    assert found.parts == PARTS and found.extra == {"path": "/x"} and found.array_parts == ("codes",)
    assert found.audio is not None and (found.audio.name, found.audio.bytes) == ("voice.flac", 1_280_000)
    assert found.saved and found.program
    read = reader.read_arrays(target, "codes")
    assert {name: (row.dtype, row.tolist()) for name, row in read.items()} == {
        name: (row.dtype, row.tolist()) for name, row in codes.items()
    }
    shares = list(reader.extract_audio(target, tmp_path / "out" / "voice.flac"))
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert (tmp_path / "out" / "voice.flac").read_bytes() == sound.read_bytes()
    assert np.load(io.BytesIO(zipfile.ZipFile(target).read("arrays/codes.npz")))["codes_0"].shape == (4, 15)


def test_a_save_that_is_stopped_leaves_the_document_before(tmp_path: Path) -> None:
    target = tmp_path / "a.speefeare"
    writer.write(target, PARTS)
    big = {"codes": {"codes_0": np.arange(1_000_000)}}
    steps = writer.write_steps(target, {"marks": None}, arrays=big)
    next(steps), next(steps)
    steps.close()
    assert reader.read(target).parts == PARTS and [path.name for path in tmp_path.iterdir()] == ["a.speefeare"]


@pytest.mark.parametrize("where", ["no/folder/a.speefeare", "a.txt"])
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, where: str) -> None:
    with pytest.raises(SpeefeareError, match=r"a\."):
        writer.write(tmp_path / where, PARTS)


def zipped(path: Path, **members: Any) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/").replace("_json", ".json").replace("_npz", ".npz"), data)


def manifest(**more: Any) -> str:
    return json.dumps({"speefeare_document": "1", "parts": {}, "audio": None, **more})


def object_array() -> bytes:
    data = io.BytesIO()
    np.savez(data, a=np.array([{"a": 1}], dtype=object))
    return data.getvalue()


def boasting_array() -> bytes:
    """A header that promises more than there is."""
    row = io.BytesIO()
    np.lib.format.write_array_header_1_0(row, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("a.npy", row.getvalue())
    return data.getvalue()


BAD: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "a folder": lambda path: path.mkdir(),
    "no zip file": lambda path: path.write_bytes(b"hello" * 100),
    "no manifest": lambda path: zipped(path, other_json="{}"),
    "no JSON": lambda path: zipped(path, document_json="{"),
    "no text": lambda path: zipped(path, document_json=b"\xff\xfe\x00"),
    "another program's": lambda path: zipped(path, document_json="{}"),
    "a list": lambda path: zipped(path, document_json="[]"),
    "of the future": lambda path: zipped(path, document_json=manifest(speefeare_document="2")),
    "without parts": lambda path: zipped(path, document_json=manifest(parts=[1])),
    "too deep": lambda path: zipped(path, document_json="[" * 200_000),
    "without its sound": lambda path: zipped(path, document_json=manifest(audio={"name": "a.wav"})),
    "a name of another kind": lambda path: zipped(path, document_json=manifest(audio={"name": 3})),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.speefeare"
    BAD[kind](path)
    with pytest.raises(SpeefeareError) as caught:
        reader.read(path)
    assert "bad.speefeare" in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize("data", [b"no zip file", object_array(), boasting_array()], ids=["zip", "object", "boasting"])
def test_bad_arrays_are_one_sentence_and_never_run(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.speefeare"
    zipped(path, document_json=manifest(), arrays__codes_npz=data)
    assert reader.read(path).array_parts == ("codes",)
    with pytest.raises(SpeefeareError, match="bad.speefeare"):
        reader.read_arrays(path, "codes")


def test_every_cut_of_a_document_is_refused_or_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.speefeare"
    writer.write(path, PARTS, arrays={"codes": {"codes_0": np.arange(500)}})
    whole = path.read_bytes()
    cut = tmp_path / "cut.speefeare"
    for length in range(0, len(whole), 41):
        cut.write_bytes(whole[:length])
        with pytest.raises(SpeefeareError):
            reader.read(cut)


def test_flipped_bytes_are_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.speefeare"
    writer.write(path, PARTS, arrays={"codes": {"codes_0": np.arange(500)}})
    whole = bytearray(path.read_bytes())
    bad = tmp_path / "flipped.speefeare"
    for place in range(0, len(whole), 13):
        changed = bytearray(whole)
        changed[place] ^= 0x5A
        bad.write_bytes(changed)
        try:
            document = reader.read(bad)
            if "codes" in document.array_parts:
                reader.read_arrays(bad, "codes")
        except SpeefeareError as error:
            assert "\n" not in str(error)
