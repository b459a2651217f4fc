"""`speefeare runs`: training runs listed, shown, stopped, killed, resumed, cloned; their queue."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.train import started
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.arguments import SHORT, changes_from
from speefeare_core.training.jobs.status import RunStatus


def add(parser: argparse.ArgumentParser) -> None:
    """One verb with its own arguments."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (help_words, arguments, _) in _VERBS.items():
        row = verbs.add_parser(verb, help=help_words, description=f"{help_words.capitalize()}.")
        row.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
        arguments(row)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Do what the verb says."""
    return _VERBS[args.verb][2](args)


def _folder_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", default=Path(), help="a folder of runs (.)")


def _run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RUN", type=Path, help="a run folder")


def _resume_arguments(parser: argparse.ArgumentParser) -> None:
    _run_argument(parser)
    _change_arguments(parser)


def _clone_arguments(parser: argparse.ArgumentParser) -> None:
    _run_argument(parser)
    parser.add_argument("target", metavar="TARGET", type=Path, help="the new run folder")
    _change_arguments(parser)
    parser.add_argument("--data", metavar="PATH", action="append", default=[], help="other speech")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--detach", action="store_true", help="start it at once; otherwise its command is printed")
    how.add_argument("--queue", action="store_true", help="put it into the queue")


def _change_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", dest="changes", metavar="ENTRY=VALUE", action="append", default=[], help="another value of the recipe"
    )
    for option in ("minutes", "steps", "epochs"):
        parser.add_argument(
            f"--{option}", metavar="N", type=int if option == "steps" else float, help=f"{SHORT[option]} of the recipe"
        )


def _queue_arguments(parser: argparse.ArgumentParser) -> None:
    _folder_argument(parser)
    parser.add_argument("--remove", metavar="RUN", type=Path, help="take a waiting run out of its queue")
    parser.add_argument("--move", metavar="RUN", type=Path, help="give a waiting run another place: see --place")
    parser.add_argument("--place", metavar="N", type=int, default=1, help="place among those that wait (1: the next)")
    parser.add_argument("--start", action="store_true", help="see to it that the queue is worked through")


def _list(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.listing import list_runs

    found = list_runs(args.folder)
    data = {"folder": str(args.folder), "runs": [status.to_dict() for status in found]}
    return Result(data, "\n".join(_row(status) for status in found) or f"No run lies in {args.folder.resolve()}.")


def _show(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.control import status_asked
    from speefeare_core.training.jobs.job_file import read_job

    status, job = status_asked(args.folder), read_job(args.folder)
    data = status.to_dict() | {"job": job.spec.to_dict() if job else None}
    data["command"] = job.spec.command_line() if job and job.spec.recipe else ""
    lines = [_row(status), status.words]
    if status.updated:
        lines.append(f"last event {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(status.updated))}")
    if status.mel_distance is not None and status.first_mel_distance is not None:
        lines.append(f"mel distance {status.mel_distance:.4g}, {status.first_mel_distance:.4g} before the first step")
    lines += [f"alarm: {words}" for words in status.alarms]
    if data["command"]:
        lines.append(str(data["command"]))
    return Result(data, "\n".join(lines))


def _stop(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.control import stop

    return _said(stop(args.folder))


def _kill(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.control import kill

    return _said(kill(args.folder))


def _resume(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.control import resume

    job = resume(args.folder, changes_from(args))
    return started(job.spec, job.id, f"goes on, started by {job.spec.launcher}, job {job.id}")


def _clone(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.control import clone, start
    from speefeare_core.training.jobs.queue import enqueue

    spec = clone(args.folder, args.target, changes_from(args), tuple(args.data))
    if args.detach:
        job = start(spec)
        return started(job.spec, job.id, f"started by {job.spec.launcher}, job {job.id}")
    if args.queue:
        return started(enqueue(spec).spec, "", "waits in the queue")
    result = started(spec, "", "not started")
    return Result(result.data, spec.command_line())


def _queue(args: argparse.Namespace) -> Result:
    from speefeare_core.training.jobs.queue import dequeue, ensure_runner, move_in_queue, queue_entries, runner_lives

    if args.remove is not None:
        dequeue(args.remove)
    if args.move is not None:
        if args.place < 1:
            raise SpeefeareError("Places in the queue are counted from 1.")
        move_in_queue(args.move, args.place - 1)
    if args.start:
        ensure_runner(args.folder)
    found = [(entry, entry.status()) for entry in queue_entries(args.folder)]
    alive = runner_lives(args.folder)
    data = {
        "folder": str(args.folder),
        "runner": alive,
        "jobs": [status.to_dict() | {"launched": bool(entry.launched)} for entry, status in found],
    }
    lines = [_row(status) for _, status in found] or [f"Nothing waits in {args.folder}."]
    if found and not alive:
        lines.append("Nobody works through it; start that with --start.")
    return Result(data, "\n".join(lines))


def _said(status: RunStatus) -> Result:
    return Result(status.to_dict(), f"{status.run}: {status.words}")


def _row(status: RunStatus) -> str:
    from speefeare_core.training.jobs.follow import duration
    from speefeare_core.training.run_summary import steps_in_sight

    steps = steps_in_sight(status.step, status.steps, status.progress)
    at = f"step {status.step}" + (f" of {steps}" if steps else "")
    left = f", {duration(status.left_s)} left" if status.left_s is not None else ""
    return f"{status.state:<12} {Path(status.run).name:<28} {status.recipe:<28} {at}{left}"


_VERBS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], Result]]] = {
    "list": ("the runs in a folder", _folder_argument, _list),
    "show": ("how a run stands, and its command", _run_argument, _show),
    "stop": ("have a run save and end after its present step", _run_argument, _stop),
    "kill": ("end all processes of a run at once", _run_argument, _kill),
    "resume": ("let a run go on from its newest checkpoint", _resume_arguments, _resume),
    "clone": ("a new run like one there is, with changes", _clone_arguments, _clone),
    "queue": ("the runs that wait in a folder, and their order", _queue_arguments, _queue),
}
