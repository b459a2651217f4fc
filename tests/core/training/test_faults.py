"""What goes wrong ends in plain words, in the log too, with the newest checkpoint whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from speefeare_core import SpeefeareError
from speefeare_core.training import checkpoint
from speefeare_core.training.checkpoint import read_checkpoint
from speefeare_core.training.faults import NotFinite, understand
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.train_step import Learner
from speefeare_core.training.trainer import Trainer
from tests.core.training.tiny_run import ADVERSARY, events_of, tiny, train


def breaking_at(step: int, error: Exception, times: int = 1) -> Callable[..., Any]:
    """A step of a learner that fails so often when it comes there."""
    plain, left = Learner.step, times

    def wrapped(learner: Learner, batches: Any, number: int, *rest: Any) -> Any:
        nonlocal left
        if number == step and left:
            left -= 1
            raise error
        return plain(learner, batches, number, *rest)

    return wrapped


def newest_is_whole(folder: Path, step: int) -> None:
    """The newest checkpoint is that of a step, and can be read."""
    newest = RunFolder(folder).newest_checkpoint()
    assert newest is not None
    assert read_checkpoint(newest)["step"] == step


def test_a_full_disk(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        if "00000006" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        plain(path, content)

    plain = checkpoint.write_whole
    monkeypatch.setattr(checkpoint, "write_whole", full)
    with pytest.raises(SpeefeareError, match="disk is full.*Make room"):
        train(tiny(budget__steps=9), tmp_path, tones)
    failed = events_of(tmp_path)[-1]
    assert (failed["event"], failed["kind"], failed["step"]) == ("failed", "disk_full", 6)
    newest_is_whole(tmp_path, 3)
    monkeypatch.undo()
    assert train(tiny(budget__steps=9), tmp_path, tones).step == 9


def test_a_part_of_a_file_does_not_fill_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        checkpoint.write_whole(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_gradient_that_is_not_finite_leads_back_to_the_checkpoint(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Learner, "step", breaking_at(4, NotFinite("the codec"), times=2))
    trainer = train(tiny(), tmp_path, tones)
    assert trainer.step == 6
    alarms = events_of(tmp_path, "alarm")
    assert [(alarm["kind"], alarm["step"]) for alarm in alarms] == [("not_finite", 3)] * 2
    assert "At step 4 the gradient of the codec" in alarms[0]["words"]
    assert "time 2 of 3" in alarms[1]["words"]
    assert "optimiser.rate" in alarms[0]["advice"]
    assert [event["step"] for event in events_of(tmp_path, "start")] == [0, 3, 3]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_loss_that_is_nan_is_found_before_it_reaches_the_weights(
    precision: str, tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = SpeechSampler.draw

    def poisoned(sampler: SpeechSampler, index: int) -> Any:
        batch = draw(sampler, index)
        if index == 4:
            batch.audio[0, 0, 5] = float("nan")
        return batch

    monkeypatch.setattr(SpeechSampler, "draw", poisoned)
    with pytest.raises(SpeefeareError, match="no longer finite at step 4, 4 times in a row.*lower the weight"):
        train(tiny(precision=precision, adversarial=ADVERSARY), tmp_path, tones)
    assert events_of(tmp_path)[-1]["kind"] == "not_finite"
    assert len(events_of(tmp_path, "alarm")) == 3
    newest_is_whole(tmp_path, 3)
    newest = RunFolder(tmp_path).newest_checkpoint()
    assert newest is not None
    assert all(bool(torch.isfinite(value).all()) for value in read_checkpoint(newest)["model"].values())


def test_a_run_that_was_killed_after_it_went_back_ends_the_same(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tiny(budget__steps=9)
    monkeypatch.setattr(Learner, "step", breaking_at(4, NotFinite("the codec")))
    whole = train(given, tmp_path / "whole", tones)
    monkeypatch.undo()
    monkeypatch.setattr(Learner, "step", breaking_at(4, NotFinite("the codec")))
    plain = Learner.step
    monkeypatch.setattr(Learner, "step", _dying_at(7, plain))
    with pytest.raises(KeyboardInterrupt):
        train(given, tmp_path / "parts", tones)
    monkeypatch.undo()
    parts = train(given, tmp_path / "parts", tones)
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(parts.model.module.state_dict()[name], value), name


def _dying_at(step: int, plain: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(learner: Learner, batches: Any, number: int, *rest: Any) -> Any:
        if number == step:
            raise KeyboardInterrupt  # leaves at once, as a kill would
        return plain(learner, batches, number, *rest)

    return wrapped


def test_too_little_memory(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Learner, "step", breaking_at(4, torch.OutOfMemoryError("CUDA out of memory.")))
    with pytest.raises(SpeefeareError, match=r"not enough memory.*Halve data\.batch"):
        train(tiny(), tmp_path, tones)
    assert events_of(tmp_path)[-1]["kind"] == "memory"
    newest_is_whole(tmp_path, 3)


def test_data_that_went_away(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(tiny(budget__steps=3), tmp_path, tones)
    with pytest.raises(SpeefeareError, match="tones"):
        train(tiny(), tmp_path, tmp_path / "elsewhere")
    failed = events_of(tmp_path)[-1]
    assert failed["event"] == "failed"
    assert "tones" in failed["words"]
    newest_is_whole(tmp_path, 3)


def test_a_run_folder_that_cannot_be_written(tones: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a folder should be")
    with pytest.raises(SpeefeareError, match="run folder"):
        train(tiny(), tmp_path / "run", tones)


def test_a_mistake_of_the_program_is_told_without_a_traceback_and_kept(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Learner, "step", breaking_at(4, ZeroDivisionError("by nought")))
    with pytest.raises(SpeefeareError, match=r"ZeroDivisionError: by nought\. .*failed\.txt"):
        train(tiny(), tmp_path, tones)
    assert "in wrapped" in (tmp_path / "failed.txt").read_text()
    newest_is_whole(tmp_path, 3)


def test_nothing_is_left_where_the_recipe_cannot_be_used(tones: Path, tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match="float16 needs a CUDA device"):
        Trainer(tiny(precision="float16"), RunFolder(tmp_path / "run"), tones, "cpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.EDQUOT, "quota"), "disk_full"),
        (PermissionError(errno.EACCES, "no", "/x"), "unwritable"),
        (FileNotFoundError(errno.ENOENT, "no", "/x/clip.wav"), "missing"),
        (MemoryError(), "memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "memory"),
        (RuntimeError("[gloo/transport/tcp/pair.cc:537] Connection closed by peer"), "process"),
        (ValueError("x"), "program"),
        (SpeefeareError("Plain."), "other"),
    ],
)
def test_faults_are_told_apart(error: Exception, kind: str) -> None:
    fault = understand(error, "/nowhere")
    assert fault.kind == kind
    assert fault.words.endswith(".")
    assert str(fault.error()).strip()
