"""The real window is killed in the middle of work; the next one brings all of it back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from speefeare_core import audio
from speefeare_core.checkpoints import native
from speefeare_core.documents import reader
from tests.core.small_soundstream import small_codec
from workbench.state.derived_takes import number_of

pytestmark = [pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parents[2]


class Window:
    """The workbench in a process of its own, without a screen."""

    def __init__(self, folder: Path, codec: Path, *files: Path) -> None:
        self.folder = folder
        self._number = 0
        for name in ("state.json", "do.json"):
            (folder / name).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.document_process", str(folder), str(codec), *map(str, files)],
            cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "SPEEFEARE_DEBUG": "1"},
        )  # fmt: skip

    def do(self, what: str, **more: Any) -> dict[str, Any]:
        """Tell it, and wait until it is done; the state after it."""
        self._number += 1
        part = self.folder / "do.part"
        part.write_text(json.dumps({"number": self._number, "do": what, **more}))
        part.replace(self.folder / "do.json")
        return self.until(lambda state: state["done"] >= self._number)

    def until(self, true: Callable[[dict[str, Any]], bool], limit_s: float = 60.0) -> dict[str, Any]:
        """Wait for a state. Raises AssertionError with the last one."""
        end, path, state = time.monotonic() + limit_s, self.folder / "state.json", {}
        while time.monotonic() < end:
            assert self.process.poll() is None, "the window is gone"
            state = json.loads(path.read_text()) if path.exists() else {}
            if state and true(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"not within {limit_s} s: { {**state, 'parts': '…', 'now': '…', 'kept': '…'} }")

    def ready(self) -> dict[str, Any]:
        """Everything that is asked for is there, and kept."""
        return self.until(lambda s: s["complete"] and s["columns_ready"] and not s["opening"] and s["kept"] == s["now"])

    def kill(self) -> None:
        """As the system does it when the memory is full; its engine must notice and leave."""
        engine = psutil.Process(json.loads((self.folder / "state.json").read_text())["engine"])
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        engine.wait(20)

    def close(self) -> int:
        """As a person closes it."""
        self._number += 1
        (self.folder / "do.json").write_text(json.dumps({"number": self._number, "do": "close"}))
        return self.process.wait(30)

    def end(self) -> None:
        """Whatever happened, nothing is left."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Window]]:
    windows: list[Window] = []

    def make(codec: Path, *files: Path) -> Window:
        windows.append(Window(tmp_path, codec, *files))
        return windows[-1]

    yield make
    for window in windows:
        window.end()


@pytest.fixture
def codecs(tmp_path: Path) -> tuple[Path, Path]:
    """Two that differ."""
    paths = (tmp_path / "first.safetensors", tmp_path / "second.safetensors")
    for books, path in zip((4, 2), paths, strict=True):
        native.save(small_codec(books=books).to_native(), path)  # type: ignore[attr-defined]
    return paths


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    times = np.arange(24_000) / 16_000
    voice = 0.3 * np.sin(2 * np.pi * (150 + 200 * times) * times) * np.sin(2 * np.pi * 3 * times)
    audio.write(path, audio.Audio(voice.astype(np.float32)[None], 16_000))
    return path


def test_a_killed_window_comes_back_whole(
    start: Callable[..., Window], codecs: tuple[Path, Path], clip: Path, tmp_path: Path
) -> None:
    first = start(codecs[0], clip)
    first.ready()
    first.do("work", depth=3, column=str(codecs[1]))
    before = first.ready()
    parts = before["parts"]
    assert [row["name"] for row in parts["marks"]["marks"]] == ["the s is dull"] and parts["loop"]["on"]
    assert parts["columns"][0]["source"] == str(codecs[1])
    assert parts["playback"]["take"] == number_of("edited", 3), "an edit is heard at once"
    assert len(parts["edits"]["edits"]) == 1
    first.kill()

    second = start(codecs[0])
    offered = second.until(lambda state: bool(state["offer"]))
    assert "voice.wav" in offered["offer"]
    if os.environ.get("SPEEFEARE_PICTURES"):
        second.do("picture", path=os.environ["SPEEFEARE_PICTURES"])
    second.do("answer", button="Bring it back")
    second.until(lambda state: state["opening"] or state["complete"])
    after = second.ready()
    for key, data in parts.items():
        if key != "layout":  # the sizes of its docks are the window's
            assert after["parts"][key] == data, key
    told, wanted = after["parts"]["layout"]["panels"], parts["layout"]["panels"]
    assert {key: row for key, row in told.items() if row != wanted[key]} == {}
    assert after["shown"] == before["shown"] and "codebooks" in before["shown"]
    assert after["undo"] == ""
    second.until(lambda state: set(before["heard"]) <= set(state["heard"]))
    second.kill()  # brought back, it is kept again

    third = start(codecs[0])
    third.until(lambda state: bool(state["offer"]))
    third.do("answer", button="Throw it away")
    third.until(lambda state: not state["offer"])
    assert third.close() == 0

    fourth = start(codecs[0])
    fourth.until(lambda state: state["engine"] and state["done"] == 0)
    assert fourth.do("mark", at=0.1, name="no clip")["offer"] == ""
    assert fourth.close() == 0


def test_a_document_holds_its_sound_and_is_saved_by_itself_when_the_window_closes(
    start: Callable[..., Window], codecs: tuple[Path, Path], clip: Path, tmp_path: Path
) -> None:
    first = start(codecs[0], clip)
    first.ready()
    target = tmp_path / "talk.speefeare"
    first.do("save", path=str(target), embed=True)
    first.until(lambda state: target.exists())
    first.do("mark", at=0.4, name="after the save")
    codes = first.until(lambda state: state["parts"]["marks"] is not None)["parts"]["codes"]
    assert first.close() == 0
    sound = clip.read_bytes()
    clip.unlink()

    document = reader.read(target)
    assert [row["name"] for row in document.parts["marks"]["marks"]] == ["after the save"]
    assert document.audio is not None and document.audio.bytes == len(sound)
    assert np.concatenate([group.ravel() for group in reader.read_arrays(target, "codes").values()]).any()

    second = start(codecs[1], target)
    state = second.until(lambda s: s["complete"] and not s["opening"])
    assert state["offer"] == "" and "talk.speefeare" in state["title"]
    assert state["parts"]["codes"] == codes and not any("differ" in words for words in state["messages"])
    assert [row["name"] for row in state["parts"]["marks"]["marks"]] == ["after the save"]
    assert Path(state["parts"]["audio"]["path"]).read_bytes() == sound
    assert second.close() == 0
