"""Bad input through the command line: one plain sentence, an exit code, nothing half-written, nothing run."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from speefeare_core import audio
from speefeare_core.cli import main
from tests.core.speech import speech_like


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """Run a command that must fail; give back the one sentence it says."""
    code = main([str(word) for word in argv])
    shown = capsys.readouterr()
    assert code == 2, shown
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("speefeare: ") and lines[0].endswith(".")
    assert "Traceback" not in shown.err and "Error(" not in shown.err
    return lines[0]


def sound(path: Path, subtype: str | None = None) -> Path:
    """A good sound file."""
    soundfile.write(path, speech_like(0.8), 16_000, subtype=subtype)
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.wav"
    path.touch()
    return path


def header_only(folder: Path) -> Path:
    path = folder / "header.wav"
    soundfile.write(path, np.zeros(0, np.float32), 16_000)
    return path


def cut(ending: str, share: float) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = sound(folder / f"cut.{ending}")
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        return path

    return make


def with_nan(value: float) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        samples = speech_like(0.8)
        samples[5_000:] = value
        path = folder / "nan.wav"
        soundfile.write(path, samples, 16_000, subtype="FLOAT")
        return path

    return make


def text(folder: Path) -> Path:
    path = folder / "letter.wav"
    path.write_text("This is a letter and no sound.\n" * 50)
    return path


def folder_itself(folder: Path) -> Path:
    return folder


def missing(folder: Path) -> Path:
    return folder / "missing.wav"


BAD_SOUNDS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty": (empty, "empty"),
    "header only": (header_only, "no samples"),
    "cut WAV": (cut("wav", 0.5), "cut off"),
    "cut WAV header": (cut("wav", 0.001), "cannot be read as sound"),
    "cut FLAC": (cut("flac", 0.5), "damaged"),
    "cut MP3": (cut("mp3", 0.5), "cut off"),
    "NaN": (with_nan(np.nan), "NaN"),
    "infinite": (with_nan(np.inf), "NaN or infinite"),
    "text": (text, "cannot be read as sound"),
    "folder": (folder_itself, "is a folder"),
    "missing": (missing, "no file"),
}


@pytest.mark.parametrize("case", sorted(BAD_SOUNDS))
@pytest.mark.parametrize("command", ["encode", "roundtrip", "evaluate"])
def test_bad_sound_files(
    case: str, command: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if (case, command) == ("folder", "evaluate"):
        (tmp_path / "inside").mkdir()  # a folder of sounds is good input there; an empty one is not
        assert "holds no WAV" in refused(capsys, command, tmp_path / "inside", "--codec", tiny)
        return
    make, words = BAD_SOUNDS[case]
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    target = {"encode": ["out.safetensors"], "roundtrip": ["out.wav"], "evaluate": []}[command]
    said = refused(capsys, command, path, *[tmp_path / name for name in target], "--codec", tiny)
    assert words in said
    assert str(path) in said
    assert sorted(tmp_path.rglob("*")) == before


def test_an_open_ended_wav_from_a_pipe_is_no_cut_off_one(tmp_path: Path) -> None:
    path = sound(tmp_path / "piped.wav", "PCM_16")
    data = bytearray(path.read_bytes())
    for promise in (0xFFFFFFFF, 0x7FFFF000):
        data[40:44] = promise.to_bytes(4, "little")
        path.write_bytes(data)
        assert audio.read(path).length_samples == 12_800


@pytest.mark.parametrize("command", ["encode", "roundtrip", "decode"])
def test_targets_that_cannot_be_written(
    command: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = sound(tmp_path / "in.wav")
    ending = "safetensors" if command == "encode" else "wav"
    if command == "decode":
        assert main(["encode", str(source), "--codec", str(tiny)]) == 0
        capsys.readouterr()
        source = tmp_path / "in.safetensors"
    codec = [] if command == "decode" else ["--codec", tiny]
    assert "does not exist" in refused(capsys, command, source, tmp_path / "nowhere" / f"o.{ending}", *codec)
    assert "should end in" in refused(capsys, command, source, tmp_path / "out.png", *codec)
    folder = tmp_path / f"folder.{ending}"
    folder.mkdir()
    assert "is a folder" in refused(capsys, command, source, folder, *codec)
    assert "file to be read" in refused(capsys, command, source, source, *codec)
    special = Path("/proc") / f"out.{ending}"  # even root may not write here
    if special.parent.is_dir():
        assert "cannot be written" in refused(capsys, command, source, special, *codec)


def test_depths_that_do_not_exist(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = sound(tmp_path / "in.wav")
    assert main(["encode", str(source), "--codec", str(tiny)]) == 0
    capsys.readouterr()
    tokens = tmp_path / "in.safetensors"
    for depth in (0, 5, -1):
        for argv in (
            ["encode", source, tmp_path / "o.safetensors", "--codec", tiny, "--depth", depth],
            ["roundtrip", source, tmp_path / "o.wav", "--codec", tiny, "--depth", depth],
            ["decode", tokens, tmp_path / "o.wav", "--depth", depth],
            ["evaluate", source, "--codec", tiny, f"--depths={depth}"],
        ):
            assert f"Depth {depth} does not exist in tiny" in refused(capsys, *argv) or depth == -1
    assert not list(tmp_path.glob("o.*")) and not list(tmp_path.glob(".o*"))


class Bomb:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def raw_pickle(folder: Path, mark: Path) -> Path:
    path = folder / "codec.pkl"
    path.write_bytes(pickle.dumps(Bomb(mark)))
    return path


def old_pickle(folder: Path, mark: Path) -> Path:
    path = folder / "codec.bin"
    path.write_bytes(pickle.dumps(Bomb(mark), protocol=0))
    return path


def torch_pickle(folder: Path, mark: Path) -> Path:
    path = folder / "codec.pt"
    torch.save({"weight": torch.zeros(3), "config": Bomb(mark)}, path)
    return path


def disguised_pickle(folder: Path, mark: Path) -> Path:
    path = folder / "model.safetensors"
    path.write_bytes(pickle.dumps(Bomb(mark)))
    return path


PICKLES = {"raw": raw_pickle, "protocol 0": old_pickle, "torch": torch_pickle, "named safetensors": disguised_pickle}


@pytest.mark.parametrize("case", sorted(PICKLES))
def test_a_pickle_that_would_run_code_does_not_run(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "it-ran"
    path = PICKLES[case](tmp_path, mark)
    said = refused(capsys, "info", "--codec", path)
    assert str(path) in said
    assert not mark.exists()
    assert "safetensors" in said
    refused(capsys, "roundtrip", sound(tmp_path / "in.wav"), "--codec", path)
    assert not mark.exists()


def test_the_bomb_is_real(tmp_path: Path) -> None:
    pickle.loads(raw_pickle(tmp_path, tmp_path / "it-ran").read_bytes())
    assert (tmp_path / "it-ran").exists()


def test_a_malicious_pickle_as_a_process_of_its_own(tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    path = torch_pickle(tmp_path, mark)
    done = subprocess.run(
        [sys.executable, "-m", "speefeare_core.cli", "info", "--codec", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "nothing in it was run" in done.stderr
    assert not mark.exists()


def picture(folder: Path) -> Path:
    path = folder / "photo.safetensors"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    return path


def jpeg(folder: Path) -> Path:
    path = folder / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    return path


def sound_as_codec(folder: Path) -> Path:
    return sound(folder / "codec.wav")


def cut_safetensors(folder: Path) -> Path:
    path = folder / "cut.safetensors"
    save_file({"weight": torch.zeros(1000)}, path, {"speefeare": "1"})
    path.write_bytes(path.read_bytes()[:700])
    return path


def cut_header(folder: Path) -> Path:
    path = folder / "cut.safetensors"
    save_file({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:20])
    return path


def huge_header(folder: Path) -> Path:
    path = folder / "huge.safetensors"
    path.write_bytes((1 << 62).to_bytes(8, "little") + b"{" + bytes(100))
    return path


def foreign_safetensors(folder: Path) -> Path:
    path = folder / "foreign.safetensors"
    save_file({"weight": torch.zeros(10)}, path)
    return path


def unknown_family(folder: Path) -> Path:
    path = folder / "new.safetensors"
    metadata = {"speefeare": "1", "family": "from-the-future", "name": "x", "config": "{}"}
    save_file({"weight": torch.zeros(10)}, path, metadata)
    return path


def family_without_native_files(folder: Path) -> Path:
    path = folder / "lyra.safetensors"
    save_file({"weight": torch.zeros(10)}, path, {"speefeare": "1", "family": "lyra", "name": "x", "config": "{}"})
    return path


def wrong_config(folder: Path) -> Path:
    path = folder / "wrong.safetensors"
    metadata = {"speefeare": "1", "family": "tiny", "name": "x", "config": '{"hop": "many"}'}
    save_file({"weight": torch.zeros(10)}, path, metadata)
    return path


def broken_json(folder: Path) -> Path:
    path = folder / "broken.safetensors"
    save_file({"weight": torch.zeros(10)}, path, {"speefeare": "1", "family": "tiny", "name": "x", "config": "{"})
    return path


def plain_torch(folder: Path) -> Path:
    path = folder / "weights.pt"
    torch.save({"weight": torch.zeros(3)}, path)
    return path


def plain_zip(folder: Path) -> Path:
    import zipfile

    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "hello")
    return path


def empty_codec(folder: Path) -> Path:
    path = folder / "empty.safetensors"
    path.touch()
    return path


def noise(folder: Path) -> Path:
    path = folder / "noise.bin"
    path.write_bytes(np.random.default_rng(0).bytes(5_000))
    return path


def numpy_pickle(folder: Path) -> Path:
    path = folder / "codes.dac"
    held = io.BytesIO()
    np.save(held, np.array({"codes": 1}, dtype=object), allow_pickle=True)
    path.write_bytes(held.getvalue())
    return path


def empty_folder(folder: Path) -> Path:
    (folder / "codec-folder").mkdir()
    return folder / "codec-folder"


def half_lyra(folder: Path) -> Path:
    path = empty_folder(folder)
    (path / "quantizer.tflite").touch()
    return path


BAD_CODECS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "picture": (picture, "PNG picture"),
    "jpeg": (jpeg, "JPEG picture"),
    "sound": (sound_as_codec, "sound"),
    "cut safetensors": (cut_safetensors, "cut-off"),
    "cut header": (cut_header, "cut-off"),
    "huge header": (huge_header, "cut-off"),
    "foreign safetensors": (foreign_safetensors, "no codec that this version knows"),
    "unknown family": (unknown_family, "from-the-future"),
    "family without native files": (family_without_native_files, "family lyra"),
    "wrong configuration": (wrong_config, "does not fit"),
    "broken JSON": (broken_json, "metadata"),
    "plain tensors": (plain_torch, "plain tensors"),
    "zip": (plain_zip, "archive.zip"),
    "empty": (empty_codec, "empty"),
    "noise": (noise, "no codec"),
    "numpy pickle": (numpy_pickle, "no codec"),
    "empty folder": (empty_folder, "holds no codec"),
    "half a Lyra folder": (half_lyra, "lacks"),
    "missing": (lambda folder: folder / "missing.safetensors", "no codec file"),
}


@pytest.mark.parametrize("case", sorted(BAD_CODECS))
@pytest.mark.usefixtures("tiny")
def test_bad_codec_files(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, words = BAD_CODECS[case]
    path = make(tmp_path)
    said = refused(capsys, "info", "--codec", path)
    assert words in said
    assert str(path) in said


def test_unknown_names_and_devices(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "device tpu" in refused(capsys, "info", "--codec", tiny, "--device", "tpu")
    assert "opus:12" in refused(capsys, "info", "--codec", "opus:x")


@pytest.mark.parametrize("command", ["decode", "info"])
def test_bad_token_files(command: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = sound(tmp_path / "in.wav")
    assert main(["encode", str(source), "--codec", str(tiny)]) == 0
    capsys.readouterr()
    tokens = tmp_path / "in.safetensors"
    tokens.write_bytes(tokens.read_bytes()[:-50])
    assert str(tokens) in refused(capsys, command, tokens)
    mark = tmp_path / "it-ran"
    bomb = disguised_pickle(tmp_path, mark)
    assert str(bomb) in refused(capsys, command, bomb)
    assert not mark.exists()


@pytest.mark.parametrize("depths", ["5-2", "1-1000000000", "2-x"])
def test_ranges_of_depths(depths: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "evaluate", sound(tmp_path / "in.wav"), "--codec", tiny, f"--depths={depths}")
    assert "--depths" in said


def test_tokens_of_another_codec(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = sound(tmp_path / "in.wav")
    assert main(["encode", str(source), "--codec", str(tiny)]) == 0
    capsys.readouterr()
    assert "made with tiny" in refused(capsys, "decode", tmp_path / "in.safetensors", "--codec", "opus:12")


def test_json_errors_are_one_object(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["roundtrip", str(empty(tmp_path)), "--codec", str(tiny), "--json"]) == 2
    shown = capsys.readouterr()
    assert "empty" in json.loads(shown.out)["error"]
