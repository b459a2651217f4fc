"""`--capture`: the main job with the real engine, and everything that can be wrong with what it is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtGui import QImage

from speefeare_core import audio
from speefeare_core.checkpoints import native
from speefeare_core.codec import Codec
from speefeare_core.training.recipe import shipped_recipes
from tests.app.shell.conftest import Desk
from tests.core.small_soundstream import small_codec
from workbench import capture
from workbench.__main__ import main
from workbench.app import Options
from workbench.panels import PANELS

DEPTH = 3
# Runs the capture in a fresh interpreter, then says what the window's process has loaded.
SCRIPT = """
import sys, json
from workbench.__main__ import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "heavy": sorted({"torch", "sounddevice"} & set(sys.modules))}))
"""


def voice(length_s: float = 0.8, rate_hz: int = 8000) -> np.ndarray:
    time = np.arange(round(length_s * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * 180 * time) * np.sin(2 * np.pi * 3 * time)).astype(np.float32)[None]


@pytest.fixture(scope="module")
def codec() -> Codec:
    return small_codec(books=DEPTH)


@pytest.fixture(scope="module")
def codec_file(codec: Codec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("codec") / "small.safetensors"
    native.save(codec.to_native(), path)  # type: ignore[attr-defined]
    return path


@pytest.fixture(scope="module")
def captured(codec_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The folder of one capture, and what its process said of itself."""
    folder = tmp_path_factory.mktemp("capture")
    clip = folder / "voice.wav"
    audio.write(clip, audio.Audio(voice(), 8000))
    words = [sys.executable, "-W", "error", "-c", SCRIPT, str(clip), "--codec", str(codec_file)]
    words += ["--capture", str(folder / "out"), "--theme", "dark", "--device", "cpu"]
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("QT_QPA_PLATFORM", None)  # where there is no display it finds that out by itself
    done = subprocess.run(words, capture_output=True, text=True, timeout=110, env=environment)
    assert done.returncode == 0, done.stderr
    return folder / "out", json.loads(done.stdout.splitlines()[-1])


def test_the_window_loads_neither_torch_nor_the_sound_card_even_when_it_works(
    captured: tuple[Path, dict[str, object]],
) -> None:
    assert captured[1] == {"code": 0, "heavy": []}


def test_there_is_a_picture_of_every_panel_and_of_the_window(captured: tuple[Path, dict[str, object]]) -> None:
    for name in (*(info.key for info in PANELS), "window"):
        image = QImage(str(captured[0] / f"{name}.png"))
        assert image.width() >= 400 and image.height() >= 300, name
        small = image.scaled(160, 120).convertToFormat(QImage.Format.Format_RGB32)
        colours = {small.pixel(x, y) for x in range(160) for y in range(120)}
        assert len(colours) > 12, f"{name}.png shows next to nothing"
        assert image.pixelColor(1, 1).lightness() < 128, f"{name}.png is not dark"


@pytest.mark.parametrize("figure", ["recipe", "rate_distortion", "ladder"])
def test_what_a_panel_shows_only_after_a_while_is_waited_for(
    figure: str, captured: tuple[Path, dict[str, object]]
) -> None:
    """Panels export what they show: read recipes, measured takes, the whole ladder."""
    assert (captured[0] / "figures" / f"{figure}.csv").stat().st_size > 0


def test_the_map_of_neighbours_is_waited_for(captured: tuple[Path, dict[str, object]]) -> None:
    """The principal axes are shown while it is made."""
    assert "neighbours (t-SNE)" in (captured[0] / "figures" / "codebook_01_map.svg").read_text(encoding="utf-8")


def test_a_panel_is_settled_when_it_shows_everything(loaded_desk: Desk) -> None:
    docks = loaded_desk.window.docks
    assert docks is not None
    panel = docks.panels["training"]
    assert not panel.settled, "it shows nothing before it is seen"
    docks.show_only("training")
    for _ in range(100):
        loaded_desk.tick()
        if panel.settled:
            break
    assert panel.settled
    assert len(loaded_desk.ctx.draft.shelf) == len(shipped_recipes())
    assert any(figure.key == "recipe" for figure in panel.figures())


def test_live_is_pictured_light_dark_and_frozen(captured: tuple[Path, dict[str, object]]) -> None:
    found = {name: QImage(str(captured[0] / f"live_{name}.png")) for name in ("light", "dark", "frozen")}
    ground = {name: image.pixelColor(1, 1).lightness() for name, image in found.items()}
    assert ground["light"] > 200 and ground["dark"] < 60 and ground["frozen"] == ground["dark"]
    assert all(image.size() == found["light"].size() for image in found.values())


def test_the_sounds_are_the_offline_decode(captured: tuple[Path, dict[str, object]], codec: Codec) -> None:
    original = audio.read(captured[0] / "depth_00.wav")
    assert original.rate_hz == codec.info.rate_hz and np.array_equal(original.samples, voice())
    encoded = codec.encode(torch.from_numpy(original.samples)[None])
    for depth, wanted in codec.decode_depths(encoded):
        found = audio.read(captured[0] / f"depth_{depth:02d}.wav").samples
        np.testing.assert_allclose(found, wanted[0].numpy(), rtol=1e-5, atol=1e-5)
    assert not (captured[0] / f"depth_{DEPTH + 1:02d}.wav").exists()


# -- what can be wrong ----------------------------------------------------------------------------------------------
def run(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "workbench", *words], capture_output=True, text=True, timeout=110, env=os.environ
    )
    sentences = [line for line in done.stderr.splitlines() if not line.startswith("This plugin does not")]
    assert len(sentences) == 1, done.stderr
    return done.returncode, sentences[0]


def test_a_file_that_is_no_sound(codec_file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "words.wav"
    bad.write_text("this is no sound")
    code, sentence = run(str(bad), "--codec", str(codec_file), "--capture", str(tmp_path / "out"))
    assert code == 2 and str(bad) in sentence and sentence.startswith("speefeare-workbench: ")


def test_a_codec_that_is_none(tmp_path: Path) -> None:
    clip, bad = tmp_path / "voice.wav", tmp_path / "codec.safetensors"
    audio.write(clip, audio.Audio(voice(), 8000))
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, sentence = run(str(clip), "--codec", str(bad), "--capture", str(tmp_path / "out"))
    assert code == 2 and str(bad) in sentence


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--capture", "OUT"], "--capture needs a sound FILE"),
        (["a.wav", "--capture", "OUT", "--panel", "pink"], "There is no panel pink"),
        (["a.wav", "--capture", "FILE/sub"], "cannot be made"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told_before_anything_starts(
    words: list[str], named: str, tmp_path: Path, make_desk: Callable[..., Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "FILE").write_text("in the way")
    desk = make_desk(panels=False)
    options = options_of([word.replace("OUT", str(tmp_path)).replace("FILE", str(tmp_path / "FILE")) for word in words])
    assert capture.capture(desk.workbench, options) == 2
    assert named in capsys.readouterr().err


def options_of(words: list[str]) -> Options:
    from workbench.__main__ import build_parser

    args = build_parser().parse_args(words)
    return Options(tuple(args.files), args.codec, args.panel, capture=args.capture)


def test_an_engine_that_hangs_is_given_up(
    tmp_path: Path, make_desk: Callable[..., Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    desk = make_desk(panels=False)
    desk.client.say_ready()
    options = Options(("a.wav",), "fake", capture=str(tmp_path / "out"), timeout_s=0.3)
    assert capture.capture(desk.workbench, options) == 1
    assert "for the codec to load without any progress" in capsys.readouterr().err


def test_an_engine_that_dies_is_told(
    tmp_path: Path, make_desk: Callable[..., Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    desk = make_desk(panels=False)
    desk.client.alive = False
    assert capture.capture(desk.workbench, Options(("a.wav",), "fake", capture=str(tmp_path / "out"))) == 1
    assert capsys.readouterr().err.startswith("speefeare-workbench: The engine stopped while waiting for")


@pytest.mark.parametrize("words", [["--theme", "pink"], ["--nonsense"], ["--timeout", "soon"]])
def test_bad_usage_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_display_the_window_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main([]) == 1
    assert "--capture DIR works without one" in capsys.readouterr().err
