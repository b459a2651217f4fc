"""A job as data, and as the commands that it stands for."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from typing import Any

import pytest

from speefeare_core import SpeefeareError
from speefeare_core.cli import train
from speefeare_core.training.jobs.arguments import spec_from
from speefeare_core.training.jobs.spec import JobSpec, read_change, read_value, value_text

ODD = JobSpec(
    run="runs/my voice ü",
    recipe="encodec-16k-small",
    data=("a folder/x", "b"),
    device="cuda:1",
    launcher="slurm",
    processes=4,
    changes={
        "data.batch": 4, "optimiser.rate": 1e-05, "data.gain_low_db": -10.0, "start_from": "hf:owner/name",
        "data.speed": [0.9, 1.1], "balancer.on": True, "own_weights": {"kl": 5e-05}, "notes": ["a 'quoted' word", "b"],
        "data.loudness_db": None, "licence": "007", "name": "null", "title": "two words", "teacher.source": "",
    },
    options={"partition": "gpu,debug", "constraint": "a&b c", "minutes": "60"},
)  # fmt: skip


def parsed(words: list[str]) -> JobSpec:
    parser = argparse.ArgumentParser()
    train.add(parser)
    return spec_from(parser.parse_args(words))


@pytest.mark.parametrize("spec", [ODD, JobSpec("run", "", ()), JobSpec("run", "small", ("data",))])
def test_the_command_for_people_gives_the_job_back(spec: JobSpec) -> None:
    speefeare, command, *words = shlex.split(spec.command_line())
    assert (speefeare, command) == ("speefeare", "train")
    assert parsed(words) == spec
    assert parsed(spec.detached()[4:-2]) == spec


def test_a_job_survives_json() -> None:
    assert JobSpec.from_dict(json.loads(json.dumps(ODD.to_dict()))) == ODD


@pytest.mark.parametrize(
    ("change", "word"), [({"recipee": "x"}, "recipee"), ({"processes": "two"}, "whole number"), ({"data": 3}, "list")]
)
def test_a_wrong_job_names_its_entry(change: dict[str, Any], word: str) -> None:
    with pytest.raises(SpeefeareError, match=word):
        JobSpec.from_dict(ODD.to_dict() | change)


@pytest.mark.parametrize(
    "value", [4, -3, 0.5, 1e-7, True, None, "", "x", "4", "1e-4", "true", "null", "~", "- a", "[1]", "a: b", [1, "2"]]
)
def test_values_come_back_as_they_were(value: Any) -> None:
    assert read_value(value_text(value)) == value
    assert type(read_value(value_text(value))) is type(value)


def test_values_may_be_written_as_in_yaml() -> None:
    assert read_value("[2, 4]") == [2, 4]
    assert read_value("{kl: 0.1}") == {"kl": 0.1}
    assert read_value("hello there") == "hello there"
    assert read_change("a.b=c=d") == ("a.b", "c=d")


@pytest.mark.parametrize("text", ["data.batch", "=4", ""])
def test_a_change_without_a_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(SpeefeareError, match="ENTRY=VALUE"):
        read_change(text)


def test_short_options_are_changes() -> None:
    spec = parsed(
        ["run", "--minutes", "5", "--steps", "100", "--epochs", "2", "--start-from", "mimi", "--set", "ema=0.9"]
    )
    assert spec.changes == {
        "ema": 0.9, "start_from": "mimi", "budget.minutes": 5.0, "budget.steps": 100, "budget.epochs": 2.0,
    }  # fmt: skip


def test_jobs_load_without_torch() -> None:
    modules = ("control", "queue", "runner", "status", "listing", "dry_run", "follow", "slurm", "ray_jobs", "torchrun")
    names = ", ".join(f"speefeare_core.training.jobs.{name}" for name in modules)
    code = f"import sys, {names}, speefeare_core.cli.runs, speefeare_core.cli.train; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
