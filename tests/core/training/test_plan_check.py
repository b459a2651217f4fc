"""What is said of a job before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.plan_check import Remark, check, frame_samples
from speefeare_core.training.recipe import Recipe, read_recipe

SMALL: dict[str, Any] = {
    "name": "a", "family": "soundstream", "losses": [{"key": "multiscale_mel"}],
    "network": {"rate_hz": 16000, "strides": [2, 4, 5, 8], "book_size": 64},
}  # fmt: skip


def remarks(tmp_path: Path, changes: dict[str, Any] | None = None, **spec: Any) -> tuple[Remark, ...]:
    (tmp_path / "speech").mkdir(exist_ok=True)
    recipe = Recipe.from_dict(SMALL).changed(changes or {})
    job = JobSpec(**{"run": str(tmp_path / "run"), "recipe": "a.yaml", "data": (str(tmp_path / "speech"),), **spec})
    return check(job, recipe, devices=("cpu",))


def problems(found: tuple[Remark, ...]) -> list[str]:
    return [remark.words for remark in found if remark.level == "problem"]


def test_a_good_job_has_no_problem_and_says_what_a_step_hears(tmp_path: Path) -> None:
    found = remarks(tmp_path, {"data.batch": 4, "data.segment_frames": 50, "accumulate": 2})
    assert problems(found) == []
    note, *others = [remark.words for remark in found if remark.level == "note"]
    assert note == "A step hears 8 examples of 1.00 s: 8.0 s of speech, 50 frames a second."
    assert others == []
    few = remarks(tmp_path, {"data.batch": 1, "data.segment_frames": 10})
    assert any("spreads them later" in remark.words for remark in few if remark.level == "note")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"data": ()}, "No speech is given"),
        ({"data": ("/nowhere/at/all",)}, "/nowhere/at/all are not there"),
        ({"launcher": "pigeon"}, "There is no launcher pigeon"),
        ({"processes": 4}, "starts one process"),
        ({"device": "cuda"}, "This computer has no cuda"),
    ],
)
def test_where_and_with_what(tmp_path: Path, spec: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in problems(remarks(tmp_path, **spec)))


@pytest.mark.parametrize(
    ("changes", "entry", "words"),
    [
        ({"losses": [{"key": "nonsense"}]}, "losses", "There is no loss nonsense"),
        ({"adversarial.discriminators": [{"key": "critic"}]}, "adversarial.discriminators", "no discriminator critic"),
        ({"semantic": {"key": "cosine"}}, "teacher.key", "needs a teacher"),
        ({"teacher.key": "hubert"}, "teacher.source", "needs its weights"),
        ({"teacher.key": "hubert", "teacher.source": "/no/such"}, "teacher.source", "/no/such is not there"),
        ({"start_from": "/no/codec.safetensors"}, "start_from", "is not there"),
        ({"start_from": "encodec-24khz"}, "start_from", "is not on this computer yet"),
        ({"name": "finetune-a"}, "start_from", "needs a codec to start from"),
        ({"data.sources": [{"name": "french"}]}, "data.sources", "lacks: french"),
        ({"family": "audiovae", "depths.unquantised_share": 0.5}, "depths.unquantised_share", "changes nothing"),
        ({"data.gain_low_db": 3.0, "data.gain_high_db": 0.0}, "data.gain_low_db", "lowest gain"),
    ],
)
def test_entries_that_cannot_work(tmp_path: Path, changes: dict[str, Any], entry: str, words: str) -> None:
    found = [remark for remark in remarks(tmp_path, changes) if remark.level == "problem"]
    assert [remark.entry for remark in found if words in remark.words] == [entry]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"precision": "float16"}, "float16 is for GPUs"),
        ({"column": "paper"}, "made for a GPU"),
        ({"optimiser.warmup_steps": 20_000}, "warms up for 20000 steps"),
        ({"checkpoint_every": 20_000}, "a crash loses all"),
        ({"validation.share": 0.0}, "No clip is held out"),
        ({"latent.kind": "sigma"}, "latent.kind changes nothing in the family soundstream: its latents are not drawn"),
        (
            {"data.batch": 1, "data.segment_frames": 10, "books.replace_dead": False},
            "A batch has 10 frames for books of 64",
        ),
        (
            {"adversarial.discriminators": [{"key": "complex_stft"}], "adversarial.start_step": 10_000},
            "they never learn",
        ),
    ],
)
def test_what_is_probably_not_meant(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    found = [remark.words for remark in remarks(tmp_path, changes) if remark.level == "warning"]
    assert len([said for said in found if words in said]) == 1, found


def test_a_run_that_is_there_is_not_begun_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("recipe: {}")
    assert "is a run already" in problems(remarks(tmp_path))[0]


def test_runs_need_a_folder_that_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} cannot be written to" in problems(remarks(tmp_path, run=str(tmp_path / "file/run")))[0]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("usage", (), {"free": 5e8})
    monkeypatch.setattr("speefeare_core.training.plan_check.shutil.disk_usage", lambda _path: usage)
    assert any("Only 0.5 GB are free" in remark.words for remark in remarks(tmp_path))


def test_frames_of_the_families() -> None:
    assert frame_samples(read_recipe("soundstream-24k-paper")) == 320
    assert frame_samples(read_recipe("linear-16k")) == 320
    assert frame_samples(Recipe.from_dict({"name": "a", "family": "mimi", "network": {"ratios": [8, 6, 5, 4]}})) == 1920
    assert frame_samples(Recipe.from_dict({"name": "a", "family": "x"})) == 0


def test_small_networks_want_processes_and_not_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    words = "torchrun and 4 processes all do"
    assert any(words in remark.words for remark in remarks(tmp_path, {"column": "small"}) if remark.level == "note")
    for changes, spec in (
        ({"column": "small"}, {"launcher": "torchrun", "processes": 4}),
        ({"column": "small"}, {"device": "cuda"}),
        ({}, {}),
    ):
        assert not any(words in remark.words for remark in remarks(tmp_path, changes, **spec))


def test_k_means_is_spoken_of_where_there_is_one(tmp_path: Path) -> None:
    few = {"network.book_size": 256, "data.batch": 4, "data.segment_frames": 40}
    for changes, spec, told in (
        (few, {}, True),
        (few, {"launcher": "torchrun", "processes": 2}, False),
        ({**few, "family": "dac"}, {}, False),
    ):
        assert any("k-means starts" in remark.words for remark in remarks(tmp_path, changes, **spec)) == told
