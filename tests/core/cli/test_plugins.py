"""Commands of other packages, found by their entry point as an installer would leave it; broken ones are sentences."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from speefeare_core.cli import main
from speefeare_core.cli.commands import COMMANDS
from speefeare_core.cli.plugins import GROUP
from speefeare_core.cli.table import Command

GOOD = """
from speefeare_core.cli.console import Result
from speefeare_core.cli.table import Command
COMMAND = Command("hello", "say hello", "{name}")
def add(parser): parser.add_argument("--loud", action="store_true")
def run(args, console): return Result({{"said": "HELLO" if args.loud else "hello"}}, "hello")
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(code: str, point: str = "hello", target: str = "COMMAND", name: str = "hello_package") -> None:
        (tmp_path / f"{name}.py").write_text(code.format(name=name))
        info = tmp_path / f"{name}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{point} = {name}:{target}\n")
        importlib.invalidate_caches()

    yield installed


def test_an_installed_command_runs_and_is_listed(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(GOOD)
    assert main(["hello", "--loud", "--json"]) == 0
    assert capsys.readouterr().out == '{"said": "HELLO"}\n'
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "say hello" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise RuntimeError('it is\\nbroken')", "RuntimeError, it is broken"),
        ("raise SystemExit(3)", "SystemExit"),
        ("COMMAND = 3", "no speefeare_core.cli.table.Command"),
        (GOOD.replace('"hello", "say', '"bye", "say'), "is called bye"),
        (GOOD.replace('"{name}"', '"not_there_at_all"'), "not_there_at_all"),
    ],
)
def test_a_broken_one_is_one_sentence(
    code: str, words: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(code, name=f"broken_{abs(hash(words)) % 10_000}")
    assert main(["hello"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1
    assert "The command plug-in hello" in shown.err and words in shown.err
    assert main(["codecs"]) == 0, "and takes nothing else with it"


def test_a_broken_one_is_named_by_help(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("1 / 0", name="broken_division")
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "broken_division cannot be used" in " ".join(capsys.readouterr().out.split())


def test_a_name_of_our_own_cannot_be_taken(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(GOOD.replace('"hello", "say', '"codecs", "say'), point="codecs", name="greedy")
    assert main(["codecs", "--json"]) == 0
    assert "said" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "another command of that name" in " ".join(capsys.readouterr().out.split())


def test_every_installed_row_is_a_command_that_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [point for point in entry_points(group=GROUP) if point.dist is not None]
    ours = [point for point in rows if point.dist is not None and point.dist.name == "speefeare-workbench"]
    assert "live" in {point.name for point in ours}
    for point in ours:
        command = point.load()
        assert isinstance(command, Command) and command.name == point.name
        assert command.name not in {row.name for row in COMMANDS}
        importlib.import_module(command.module).add(argparse.ArgumentParser())
        with pytest.raises(SystemExit):
            main([command.name, "--help"])
        assert "--json" in capsys.readouterr().out
