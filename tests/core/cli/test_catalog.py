"""`speefeare catalog` in this process, and its downloads as the process that a window starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speefeare_core import resources
from speefeare_core.cli import main
from tests.core.catalog.conftest import SWITCHES
from tests.core.catalog.loopback import Loopback, Served, hub_reply
from tests.core.catalog.probe import PLACE, WEIGHTS, program, write_catalog


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, a catalog of one row, no switches."""
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPEEFEARE_MODELS", str(tmp_path / "models"))
    folder = write_catalog(tmp_path / "resources")
    monkeypatch.setattr(resources, "resource_dir", lambda: folder)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    loopback = Loopback()
    monkeypatch.setenv("HF_ENDPOINT", loopback.address)
    loopback.files[PLACE] = Served(WEIGHTS, etag='"v1"')
    yield loopback
    loopback.close()


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    code = main(["catalog", *words, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out), shown.err


def test_list_in_every_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["list"], ["--family", "dac"], ["list", "--family", "dac"], ["--offline"]):
        code, data, _ = run(capsys, *words)
        assert code == 0
        assert [(row["name"], row["state"], row["path"]) for row in data["entries"]] == [("probe", "absent", None)]
    assert main(["catalog", "--json", "list"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"]
    assert main(["catalog"]) == 0
    assert capsys.readouterr().out.startswith("probe ")
    code, data, _ = run(capsys, "--family", "nonsense")
    assert code == 2 and data["error"] == "The catalog has no family nonsense; it has dac."


def test_show_where_and_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, _ = run(capsys, "show", "probe")
    assert code == 0 and data["licence"] == "MIT" and data["size_bytes"] == len(WEIGHTS)
    assert main(["catalog", "show", "probe"]) == 0
    text = capsys.readouterr().out
    for words in ("DAC", "MIT (the page)", "arXiv 1", "https://page.test/", "A remark.", "speefeare catalog download"):
        assert words in text
    for verb in ("show", "where", "download", "remove"):
        code, data, _ = run(capsys, verb, "prob")
        assert code == 2 and "did you mean probe" in data["error"]
    code, data, _ = run(capsys, "where", "probe")
    assert code == 2 and "speefeare catalog download probe" in data["error"]


@pytest.mark.parametrize("words", [["nonsense"], ["show"], ["download", "a", "b"], ["list", "--nonsense"]])
def test_bad_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, data, err = run(capsys, *words)
    assert code == 2 and "--help" in data["error"] and len(err.splitlines()) == 1


def test_download_where_and_remove(server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "models" / "probe" / "w.bin"
    code, data, err = run(capsys, "download", "probe", "--accept-licence")
    assert (code, data["state"], data["path"]) == (0, "complete", str(place)) and place.read_bytes() == WEIGHTS
    assert "under the licence MIT (the page)" in err, "it is shown even where it was accepted before"
    assert run(capsys, "where", "probe")[1]["path"] == str(place)
    asked = len(server.asked)
    assert run(capsys, "download", "probe")[0] == 0 and len(server.asked) == asked
    assert run(capsys, "remove", "probe")[1] == {"name": "probe", "freed_bytes": len(WEIGHTS)}
    assert run(capsys, "remove", "probe")[0] == 2


def test_without_the_licence_nothing_is_fetched(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, data, err = run(capsys, "download", "probe")
    assert code == 2 and "--accept-licence" in data["error"] and len(err.splitlines()) == 1
    assert server.asked == []

    class Terminal:
        answer = "no\n"

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.answer

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run(capsys, "download", "probe")[0] == 2 and server.asked == []
    monkeypatch.setattr(Terminal, "answer", "yes\n")
    code, _, err = run(capsys, "download", "probe")
    assert code == 0 and "Type yes" in err


@pytest.mark.parametrize("words", [["--offline"], []])
def test_offline(
    server: Loopback, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not words:
        monkeypatch.setenv("SPEEFEARE_OFFLINE", "1")
    for name in ("probe", "hf:some/one"):
        code, data, _ = run(capsys, "download", name, "--accept-licence", *words)
        assert code == 2 and "Nothing is downloaded because" in data["error"]
    assert server.asked == []


def test_a_wrong_checksum_and_an_absent_server(server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    server.files[PLACE] = Served(WEIGHTS[::-1])
    code, data, _ = run(capsys, "download", "probe", "--accept-licence")
    assert code == 2 and "arrived damaged" in data["error"]
    assert not [
        path for path in Path(os.environ["SPEEFEARE_MODELS"]).rglob("*") if path.is_file() and path.suffix != ".lock"
    ]


def test_any_repository(server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.files["/api/models/some/one?blobs=true"] = Served(hub_reply({"w.pt": WEIGHTS}))
    server.files["/some/one/resolve/main/w.pt"] = Served(WEIGHTS)
    code, data, err = run(capsys, "download", "hf:some/one", "--accept-licence")
    assert code == 0 and data["path"] == str(tmp_path / "models" / "hf--some--one") and "licence mit" in err
    assert run(capsys, "where", "hf:some/one/w.pt")[0] == 0
    server.files.clear()
    assert run(capsys, "download", "hf:some/one", "--offline")[1]["state"] == "complete"


# -- as a process -------------------------------------------------------------------------------------------------
def child(tmp_path: Path, *asked: str) -> subprocess.Popen[str]:
    """The command with the catalog of one row."""
    words = [sys.executable, "-c", program(tmp_path / "resources"), "catalog", *asked]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line)["progress"] for line in text.splitlines() if line.startswith("{")]


def test_progress_lines_for_a_program(server: Loopback, tmp_path: Path) -> None:
    process = child(tmp_path, "download", "probe", "--accept-licence", "--progress-lines", "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["state"] == "complete"
    rows = lines(err)
    assert rows[0]["total_bytes"] == len(WEIGHTS) and rows[-1]["checking"] and rows[-1]["done_bytes"] == len(WEIGHTS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_part_and_the_same_command_goes_on(
    server: Loopback, tmp_path: Path, number: signal.Signals
) -> None:
    served = server.files[PLACE]
    served.stall_after = 300_000
    process = child(tmp_path, "download", "probe", "--accept-licence", "--progress-lines", "--json")
    assert process.stderr is not None
    while (line := process.stderr.readline()) and '"progress"' not in line:
        pass
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1].startswith("speefeare: Stopped with 0.") and "Traceback" not in err
    assert json.loads(out)["state"] in ("partial", "absent")
    part = tmp_path / "models" / "probe" / "w.bin.part"
    have = part.stat().st_size if part.exists() else 0
    served.stall_after = None
    process = child(tmp_path, "download", "probe", "--accept-licence")
    process.communicate(timeout=60)
    assert process.returncode == 0 and server.transferred() == len(WEIGHTS) - have
    assert (tmp_path / "models" / "probe" / "w.bin").read_bytes() == WEIGHTS
