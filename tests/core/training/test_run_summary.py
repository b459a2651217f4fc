"""The few figures of a run that lists show, read from its log as it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from speefeare_core.training.run_summary import FIRST_BYTES, RunSummary, RunTail, steps_in_sight
from tests.core.training.made_run import MadeRun


def after(*events: dict[str, Any]) -> RunSummary:
    return RunSummary().after([{"step": 0, "time": 1.0, **event} for event in events])


START = {"event": "start", "recipe": "a", "device": "cpu", "launcher": "local", "parameters": 7, "steps": 100}


def test_figures_of_a_run_at_work() -> None:
    losses = {"event": "losses", "step": 25, "progress": 0.3, "left_s": 12.5, "audio_s_per_s": 40.0}
    now = after(START, losses, {"event": "checkpoint", "step": 25, "file": "step-00000025.pt"})
    assert (now.recipe, now.device, now.parameters, now.begun, now.ended) == ("a", "cpu", 7, True, "")
    assert (now.step, now.steps, now.progress, now.left_s, now.checkpoint) == (25, 100, 0.3, 12.5, "step-00000025.pt")
    assert after(START, {"event": "losses", "step": 50}).progress == 0.5  # a log without it


def test_validation_keeps_the_first_distance() -> None:
    rows = [{"event": "validation", "step": step, "mel_distance": 20.0 - step} for step in (0, 5, 10)]
    assert (after(*rows).first_mel_distance, after(*rows).mel_distance) == (20.0, 10.0)


def test_last_words_and_a_new_start() -> None:
    failed = {"event": "failed", "words": "The disk is full.", "advice": "Make room.", "step": 9}
    assert (after(START, failed).ended, after(START, failed).problem) == ("failed", "The disk is full. Make room.")
    alarm = {"event": "alarm", "kind": "collapse", "words": "Book 1 has collapsed.", "advice": "Wait."}
    told = after(START, alarm, alarm | {"words": "Book 2 has collapsed."})
    assert told.alarms == (("collapse", "Book 2 has collapsed.", "Wait."),)
    again = after(START, alarm, failed, {"event": "preparing", "step": 5, "recipe": "a", "resumed_from": "x"})
    assert (again.ended, again.problem, again.alarms, again.begun, again.step) == ("", "", (), False, 5)
    assert after(START, {"event": "finished", "step": 100}).progress == 1.0
    assert after(START, {"event": "stopped", "step": 10}).ended == "stopped"


def test_what_is_no_number_is_passed_over() -> None:
    odd = {"event": "losses", "step": "many", "progress": "half", "left_s": True, "audio_s_per_s": float("nan")}
    now = after(START, odd, {"event": "unheard of", "step": 3})
    assert (now.step, now.left_s, now.audio_s_per_s) == (3, None, None)


def test_a_log_is_followed_line_by_line(tmp_path: Path) -> None:
    tail = RunTail(tmp_path / "run")
    assert not tail.read()  # nothing there yet
    run = MadeRun(tmp_path / "run")
    run.begin()
    assert tail.read() and len(tail.events) == 2 and not tail.read() and tail.events == []
    log = tmp_path / "run" / "events.jsonl"
    line = json.dumps({"event": "losses", "step": 7, "time": 2.0})
    with log.open("a") as file:
        file.write(line[:10])
    assert not tail.read() and tail.summary.step == 0  # half a line waits
    with log.open("a") as file:
        file.write(f"{line[10:]}\nno json\n[]\n")
    assert tail.read() and tail.summary.step == 7
    log.write_text(json.dumps({"event": "preparing", "step": 0, "time": 3.0, "recipe": "b"}) + "\n")
    assert tail.read() and (tail.summary.recipe, tail.summary.step) == ("b", 0)  # begun anew


def test_of_a_long_log_the_head_and_the_newest_lines_are_read(tmp_path: Path) -> None:
    run = MadeRun(tmp_path / "run", steps=99)
    run.begin()
    count = 3 * FIRST_BYTES // 60
    with (tmp_path / "run" / "events.jsonl").open("a") as file:
        file.writelines(f'{{"event": "losses", "step": {step:07}, "time": 2e9, "x": 1}}\n' for step in range(1, 10))
        file.writelines(json.dumps({"event": "losses", "step": s, "time": 2e9, "x": "y"}) + "\n" for s in range(count))
    tail, reads = RunTail(tmp_path / "run"), 0
    while tail.read():
        reads += 1
    assert (tail.summary.step, tail.summary.steps) == (count - 1, 99) and reads <= 6


def test_steps_are_in_sight_where_they_end_the_run() -> None:
    assert steps_in_sight(250, 1000, 0.25) == 1000
    assert steps_in_sight(280, 1000, 0.25) == 1000  # the log comes a little later
    assert steps_in_sight(998, 6000, 1.0) == 0  # minutes ended it
    assert steps_in_sight(500, 6000, 0.5) == 0
    assert steps_in_sight(10, 0, 0.1) == 0
