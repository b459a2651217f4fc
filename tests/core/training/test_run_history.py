"""The history of a run: read while it is written, unbroken over kills, and safe against odd logs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from speefeare_core.training.run_history import RunHistory, newest_codec
from tests.core.training.made_run import TERMS, MadeRun, made_run


def _read(folder: Path) -> RunHistory:
    history = RunHistory(folder)
    history.read()
    return history


def test_every_event_of_the_contract_is_understood(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    history = _read(run.folder)
    assert history.names("losses") == [*(f"losses/{term}" for term in TERMS), "losses/total"]
    assert history.names("shares") == [f"shares/{term}" for term in TERMS]
    assert history.series["losses/mel"].steps.tolist() == list(range(50, 1001, 50))
    for name in ("discriminator", "gradient_norm", "rate", "logits_real", "audio_s_per_s", "loader_wait"):
        assert history.series[name].count == 20, name
    assert history.books == 2 and history.book_sizes == (64, 64) and history.window_frames == 2048
    assert history.series["books/dead/1"].last == 0 and history.series["machine/cpu_percent"].last == 80
    assert "machine/gpu_percent" not in history.series
    assert history.series["validation/by_depth/2"].steps.tolist() == [0, 250, 500, 750, 1000]
    assert history.series["validation/losses/mel"].count == 5
    assert history.checkpoints == [250, 500, 750, 1000]
    assert (history.ended, history.progress, history.step) == ("finished", 1.0, 1000)
    assert history.facts["parameters"] == 123_456 and history.facts["steps"] == 1000
    sounds = history.find(600)
    assert (
        sounds is not None and sounds.step == 500 and all(path.is_file() for path in sounds.samples + sounds.originals)
    )


def test_after_a_kill_the_curves_are_those_of_a_run_that_was_not(tmp_path: Path) -> None:
    whole = made_run(tmp_path / "whole", to=1000)
    killed = made_run(tmp_path / "killed", to=650)
    killed.alarm(640)
    with (killed.folder / "events.jsonl").open("a") as file:
        file.write('{"event": "losses", "step": 660, "ti')  # killed while it wrote
    history = _read(killed.folder)
    assert history.step == 640 and len(history.alarms) == 1
    with (killed.folder / "events.jsonl").open("a") as file:
        file.write("\n")
    killed.begin(500)
    for step in range(550, 1001, 50):
        killed.losses(step)
        killed.books_and_machine(step)
        if step % 250 == 0:
            killed.validate(step)
            killed.checkpoint(step)
    killed.finish()
    wanted = _read(whole.folder)
    for found in (_read(killed.folder), history):
        found.read()
        assert list(found.series) == list(wanted.series)
        for name, series in wanted.series.items():
            assert found.series[name].steps.tolist() == series.steps.tolist(), name
            assert found.series[name].values.tolist() == series.values.tolist(), name
        assert found.alarms == [] and found.checkpoints == wanted.checkpoints
        assert [row.step for row in found.validations] == [0, 250, 500, 750, 1000]
        assert found.resumes == [500] and found.elapsed.steps[-1] == 1000


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    run = MadeRun(tmp_path / "run")
    run.begin()
    run.losses(50)
    run.begin()
    run.losses(10)
    history = _read(run.folder)
    assert history.series["losses/mel"].steps.tolist() == [10] and history.resumes == []


def test_a_trainer_that_prepares_at_step_zero_says_by_its_checkpoint_where_it_goes_on(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=500)
    run.log("preparing", 0, recipe="made", resumed_from="step-00000500.pt")
    assert _read(run.folder).series["losses/mel"].count == 10


def test_it_is_read_in_pieces_of_any_size(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=500)
    whole = (run.folder / "events.jsonl").read_bytes()
    wanted = _read(run.folder)
    growing = tmp_path / "growing"
    growing.mkdir()
    history = RunHistory(growing)
    assert not history.read() and history.read_share == 1.0
    for end in range(0, len(whole) + 331, 331):
        (growing / "events.jsonl").write_bytes(whole[:end])
        history.read(budget_s=0.0)
    while history.read():
        pass
    assert history.series["losses/total"].values.tolist() == wanted.series["losses/total"].values.tolist()
    assert history.offset == len(whole) and not history.read() and history.caught_up
    with (growing / "events.jsonl").open("a") as file:
        file.write('{"event":')
    assert not history.read() and history.read_share == 1.0, "a half-written line is nothing to wait for"


def test_a_folder_that_is_begun_anew_is_read_anew(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=500)
    history = _read(run.folder)
    (run.folder / "events.jsonl").unlink()
    again = MadeRun(run.folder)
    again.begin()
    again.losses(20)
    history.read()
    assert history.series["losses/mel"].steps.tolist() == [20] and not history.validations


@pytest.mark.parametrize(
    "line",
    [
        "[]", "null", "{}", '{"event": "losses"}', '{"event": "losses", "step": "5", "mel": 1}', "\x00\x00",
        '{"event": "losses", "step": 60, "mel": "much", "shares": [1], "progress": "?"}',
        '{"event": "books", "step": 60, "perplexity": 3, "usage": ["a"], "sizes": "x"}',
        '{"event": "validation", "step": 60, "samples": [1, "/etc/passwd", "../x.wav"], "mel_distance_by_depth": 3}',
        '{"event": "alarm", "step": 60}', '{"event": "later", "step": 60}', '{"event": "failed", "step": 60}',
    ],
)  # fmt: skip
def test_odd_lines_harm_nothing(tmp_path: Path, line: str) -> None:
    run = MadeRun(tmp_path / "run")
    run.begin()
    run.losses(50)
    with (run.folder / "events.jsonl").open("a") as file:
        file.write(line + "\n")
    run.losses(100)
    history = _read(run.folder)
    assert history.series["losses/mel"].steps.tolist()[::51] == [50] and history.series["losses/mel"].last is not None
    assert all(not row.samples for row in history.validations), "no file outside of the run folder"


def test_losses_that_are_no_number_are_gaps(tmp_path: Path) -> None:
    run = MadeRun(tmp_path / "run")
    run.begin()
    run.losses(10, mel=float("nan"))
    run.losses(20, mel=None)
    run.log("failed", 20, words="The gradient is no longer finite.", advice="Lower the rate.")
    history = _read(run.folder)
    assert history.series["losses/mel"].not_finite == 2
    assert (history.ended, history.problem) == ("failed", "The gradient is no longer finite. Lower the rate.")


def test_time_without_pauses(tmp_path: Path) -> None:
    run = MadeRun(tmp_path / "run")
    run.begin()
    run.losses(10)
    run.log("stopped", 10)
    run.time += 86_400
    run.begin(10)
    run.losses(20)
    assert _read(run.folder).elapsed.last == pytest.approx(3.0)


def test_the_newest_codec(tmp_path: Path) -> None:
    run = MadeRun(tmp_path / "run")
    assert newest_codec(run.folder) is None
    run.checkpoint(10)
    assert newest_codec(run.folder) == run.folder / "model-latest.safetensors"


def test_it_loads_without_torch() -> None:
    code = "import sys, speefeare_core.training.run_history; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_numbers_of_a_log_are_json(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=50)
    lines = (run.folder / "events.jsonl").read_text().splitlines()
    assert all({"event", "step", "time"} <= set(json.loads(line)) for line in lines)
