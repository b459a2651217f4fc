"""The table of commands, exit codes, and how results and errors are shown."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from speefeare_core.cli import commands, main
from speefeare_core.cli.commands import COMMANDS, Command
from speefeare_core.cli.console import Console, Result
from speefeare_core.errors import Cancelled, SpeefeareError


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_row_has_its_module_and_explains_itself(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    module = import_module(command.module)
    module.add(argparse.ArgumentParser())
    assert callable(module.run)
    with pytest.raises(SystemExit) as stopped:
        main([command.name, "--help"])
    assert stopped.value.code == 0
    assert "--json" in capsys.readouterr().out


def run_with(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """Make `speefeare probe` call `run`."""
    module = SimpleNamespace(add=lambda parser: None, run=run)
    monkeypatch.setattr(commands, "COMMANDS", (Command("probe", "a probe", "probe_module"),))
    monkeypatch.setitem(sys.modules, "probe_module", module)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (SpeefeareError("That file is bad."), 2, "That file is bad."),
        (ValueError("boom\nboom"), 1, "failed unexpectedly (ValueError: boom boom)"),
        (MemoryError(), 1, "out of memory"),
        (KeyboardInterrupt(), 130, "Stopped"),
        (Cancelled(), 130, "Stopped"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_error_is_one_sentence_and_a_code(
    error: BaseException,
    code: int,
    words: str,
    as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(args: argparse.Namespace, console: Console) -> Result:
        raise error

    run_with(monkeypatch, run)
    assert main(["probe", "--json"] if as_json else ["probe"]) == code
    shown = capsys.readouterr()
    assert words in shown.err
    assert len(shown.err.splitlines()) == 1
    if as_json:
        assert list(json.loads(shown.out)) == ["error"]
        assert words in json.loads(shown.out)["error"]
    else:
        assert shown.out == ""


def test_a_result_is_text_or_one_object_and_may_set_the_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_with(monkeypatch, lambda args, console: Result({"a": 1}, "one", exit_code=1))
    assert main(["probe"]) == 1
    assert capsys.readouterr().out == "one\n"
    assert main(["probe", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"a": 1}


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["info", "--nonsense"], ["encode"], ["encode", "a", "--depth", "x"]]
)
def test_bad_usage_is_one_sentence_and_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    shown = capsys.readouterr()
    assert len(shown.err.splitlines()) == 1
    assert "--help" in shown.err


def test_progress_shows_on_a_terminal_only() -> None:
    class Screen:
        def __init__(self, terminal: bool) -> None:
            self.terminal, self.text = terminal, ""

        def isatty(self) -> bool:
            return self.terminal

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            """Nothing waits."""

    terminal, file = Screen(True), Screen(False)
    for screen in (terminal, file):
        console = Console(screen)  # type: ignore[arg-type]
        console.progress(0.5, "encoding")
        console.note("a note")
    assert "encoding  50 %" in terminal.text
    assert terminal.text.endswith("\r\x1b[Ka note\n")
    assert file.text == "a note\n"


def test_help_and_listing_import_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom speefeare_core.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "main(['info', 'nothing.wav'])\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=Path.cwd(), check=False)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_stops_a_real_command_cleanly(tmp_path: Path) -> None:
    program = (
        "import os, signal, threading\n"
        "from speefeare_core import audio\n"
        "from speefeare_core.cli import main\n"
        "def blocks(*args, **named):\n"
        "    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "    import time\n"
        "    time.sleep(60)\n"
        "    yield\n"
        "audio.converted_blocks = blocks\n"
        f"raise SystemExit(main(['roundtrip', {str(tmp_path / 'a.wav')!r}, '--codec', 'opus:12']))\n"
    )
    import numpy as np

    from speefeare_core import audio

    audio.write(tmp_path / "a.wav", audio.Audio(np.zeros((1, 1600), np.float32), 16_000))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=Path.cwd(), check=False)
    assert done.returncode == 130
    assert done.stderr == "speefeare: Stopped; nothing was left half-written.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
