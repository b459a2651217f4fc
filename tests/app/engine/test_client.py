"""The life of the engine process, as the window sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.app.engine.harness import Talk, speech_file
from tests.app.engine.tiny_engine import COMMAND
from workbench.engine import memory
from workbench.engine import protocol as p
from workbench.engine.client import EngineClient

REPOSITORY = Path(__file__).resolve().parents[3]


def shared_files(token: str) -> list[Path]:
    return [path for folder in memory.folders() for path in folder.glob(f"{memory.PREFIX}{token}-*")]


def test_kill_while_it_encodes_and_while_it_plays(own: Talk, codec_file: Path, tmp_path: Path) -> None:
    client = own.client
    long = str(speech_file(tmp_path, 60.0))
    number = client.send(p.ProcessClip(long))
    opened = own.next(p.ClipOpened, number)
    audio = client.array(opened.audio)
    assert client.pid is not None and client.alive
    os.kill(client.pid, signal.SIGKILL)
    assert isinstance(own.end(number), p.Failed), "whatever was asked ends"
    assert not client.alive
    assert audio.shape == (1, 960_000) and audio.any(), "what was mapped stays readable"
    assert "Restart" in own.refused(p.Play())

    client.restart()
    again = Talk(client)
    again.ask(p.LoadCodec(str(codec_file), "cpu"))
    again.ask(p.SetOutput(p.VIRTUAL_DEVICE))
    again.ask(p.ProcessClip(str(speech_file(tmp_path, 5.0))))
    again.ask(p.Play())
    again.until(lambda: again.position() > 1000)
    os.kill(client.pid, signal.SIGKILL)
    again.until(lambda: not client.alive)
    client.poll()
    assert client._session is not None
    token = client._session.token
    client.stop()
    assert not shared_files(token)
    assert not psutil.Process().children()
    assert client.poll() == []


def test_stop_leaves_nothing_and_may_be_called_twice() -> None:
    client = EngineClient(COMMAND)
    client.start()
    Talk(client).next(p.EngineReady)
    assert client._session is not None
    token = client._session.token
    assert len(shared_files(token)) == 3, "two status blocks and the lock"
    client.stop()
    client.stop()
    assert not shared_files(token) and not client.alive


def test_an_engine_that_does_not_listen_is_ended_all_the_same() -> None:
    client = EngineClient((sys.executable, "-c", "import time; time.sleep(1000)"))
    client.start()
    assert client.alive
    client.stop(timeout=0.1)
    assert not client.alive


def test_an_engine_that_fails_to_start_is_dead_and_not_silent() -> None:
    client = EngineClient((sys.executable, "-c", "raise SystemExit(3)"))
    client.start()
    number = client.send(p.ListDevices())
    assert isinstance(Talk(client).end(number), p.Failed)
    assert not client.alive
    client.stop()


def test_the_engine_leaves_when_its_window_dies(tmp_path: Path) -> None:
    script = (
        "import sys, time, os\n"
        "from workbench.engine.client import EngineClient\n"
        f"client = EngineClient({COMMAND!r})\n"
        "client.start()\n"
        "while not client.poll(): time.sleep(0.01)\n"
        "print(client.pid, client._session.token, flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    pid, token = done.stdout.split()
    limit = time.monotonic() + 20
    while psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < limit, "the engine outlived its window"
        time.sleep(0.02)
    left = shared_files(token)
    for path in left:
        path.unlink()
    assert [path.name for path in left] in ([], [f"{memory.PREFIX}{token}-lock"])


def test_the_window_side_imports_neither_torch_nor_a_sound_card() -> None:
    script = (
        "import sys\n"
        "import workbench.engine.client, workbench.engine.protocol, workbench.engine.memory\n"
        "print(sorted({'torch', 'sounddevice', 'PySide6', 'soundfile'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
