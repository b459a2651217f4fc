"""`speefeare train --detach` and `speefeare runs …`: what they do and say, with workers that do not load torch."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from speefeare_core.cli import main
from speefeare_core.training.jobs import queue
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe import read_recipe
from tests.core.training.jobs.conftest import wait_for, wait_until

MakeSpec = Callable[..., JobSpec]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """What a command answers as JSON; its exit code is checked."""

    def run(*words: str, code: int = 0) -> dict[str, Any]:
        assert main([*words, "--json"]) == code
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return run


def test_a_run_from_its_start_to_its_clone(
    make_spec: MakeSpec, say: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    spec = make_spec("a", steps=100_000)
    told = say("train", *spec.words(), "--detach")
    assert told["run"] == spec.run and told["launcher"] == "local" and int(told["id"]) > 1
    wait_until(Path(spec.run), lambda status: status.step > 6, "some steps")
    assert say("runs", "show", spec.run)["state"] == "running"
    say("runs", "stop", spec.run)
    stopped = wait_for(Path(spec.run), "stopped").step
    assert say("runs", "list", str(tmp_path / "runs"))["runs"][0]["step"] == stopped
    say("runs", "resume", spec.run)
    wait_until(Path(spec.run), lambda status: status.step > stopped, "new steps")
    assert say("runs", "kill", spec.run)["words"].startswith("Killed")
    told = say("runs", "clone", spec.run, str(tmp_path / "runs" / "b"), "--steps", "3", "--set", "seed=7")
    assert "--set seed=7" in told["command"] and not (tmp_path / "runs" / "b").exists()
    assert main([*shlex.split(told["command"])[1:], "--detach"]) == 0
    assert wait_for(tmp_path / "runs" / "b", "finished").step == 3


def test_the_words_for_people(make_spec: MakeSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = make_spec("a", steps=2)
    assert main(["train", *spec.words(), "--detach"]) == 0
    wait_for(Path(spec.run), "finished")
    capsys.readouterr()
    assert main(["runs", "show", spec.run]) == 0
    shown = capsys.readouterr().out
    assert "Finished at step 2 of 2." in shown and spec.command_line() in shown
    assert main(["runs", "list", str(tmp_path / "runs")]) == 0
    assert "finished     a" in capsys.readouterr().out
    assert main(["runs", "list", str(tmp_path / "speech")]) == 0
    assert f"No run lies in {tmp_path / 'speech'}." in capsys.readouterr().out


def test_the_queue_by_command(
    make_spec: MakeSpec, say: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "start_detached", lambda *given: 0)
    runs = str(tmp_path / "runs")
    for name in "abc":
        assert say("train", *make_spec(name).words(), "--queue")["words"] == "waits in the queue"

    def waiting(*words: str) -> list[str]:
        return [Path(job["run"]).name for job in say("runs", "queue", runs, *words)["jobs"]]

    assert waiting("--move", f"{runs}/c", "--place", "1") == ["c", "a", "b"]
    assert waiting("--remove", f"{runs}/a") == ["c", "b"]
    assert say("runs", "show", f"{runs}/b")["state"] == "queued"
    assert say("runs", "queue", runs)["runner"] is False
    say("runs", "stop", f"{runs}/b")
    assert say("runs", "show", f"{runs}/b")["state"] != "queued"
    assert "counted from 1" in say("runs", "queue", runs, "--move", f"{runs}/c", "--place", "0", code=2)["error"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["runs", "show", "absent"], "holds no training run"),
        (["runs", "stop", "absent"], "holds no training run"),
        (["runs", "list", "absent"], "cannot be read"),
        (["runs"], "required"),
        (["train", "absent", "--detach"], "give --recipe"),
        (["train", "absent", "--recipe", "encodec-16k-small", "--set", "batch"], "ENTRY=VALUE"),
        (["train", "absent", "--recipe", "encodec-16k-small", "--option", "x"], "KEY=VALUE"),
        (["train", "absent", "--detach", "--queue"], "not allowed with"),
        (["train", "absent", "--recipe", "encodec-16k-small", "--data", "absent"], "no speech at"),
        (["train", "absent", "--steps", "many"], "invalid int"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    words: list[str], problem: str, say: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert problem in say(*words, code=2)["error"]
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_begin_is_not_said_to_have_begun(
    make_spec: MakeSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = replace(make_spec("a", steps=2), data=(str(tmp_path / "absent"),))
    assert main(["train", *spec.words()]) == 2
    told = capsys.readouterr()
    assert "There is no speech at" in told.err and "Training in" not in told.err + told.out


def test_an_entry_that_changes_nothing_is_told(
    make_spec: MakeSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = replace(make_spec("a", steps=2), data=(str(tmp_path / "absent"),))
    assert main(["train", *spec.words(), "--set", "latent.kind=sigma"]) == 2
    family = read_recipe(spec.recipe).family
    assert f"latent.kind changes nothing in the family {family}" in capsys.readouterr().err


def test_a_recipe_that_its_family_refuses_leaves_no_run(
    make_spec: MakeSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = replace(make_spec("a", steps=2), recipe="audiovae-16k-small")
    assert main(["train", *spec.words(), "--set", "depths.unquantised_share=0.5"]) == 2
    told = capsys.readouterr().err
    assert "set depths.unquantised_share to 0" in told and "Training in" not in told
    assert not Path(spec.run).exists()
