"""`speefeare catalog`: public checkpoints, what of them is on this computer, and how they get here."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from speefeare_core.catalog import Entry, OnDisk, find_entry, local_path, look, places, read_catalog
from speefeare_core.catalog import download as downloading
from speefeare_core.catalog.download import Progress, Wish
from speefeare_core.catalog.words import byte_words, describe, licence_words, line_of, row_of
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.ending import terminate_like_ctrl_c
from speefeare_core.errors import Cancelled, SpeefeareError

LINES_PER_S = 5.0  # of progress for a program that reads along


def add(parser: argparse.ArgumentParser) -> None:
    """`list` (the default), `show`, `download`, `remove` and `where`, each with its own options."""
    _shared(parser)
    _filter(parser)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    listing = verbs.add_parser("list", help="list what there is and what is on this computer (the default)")
    _filter(listing)
    rows = {
        "list": listing,
        "show": verbs.add_parser("show", help="everything about one checkpoint"),
        "download": verbs.add_parser("download", help="download a checkpoint; goes on where it was stopped"),
        "remove": verbs.add_parser("remove", help="delete what was downloaded of a checkpoint"),
        "where": verbs.add_parser("where", help="the file or folder on this computer that is opened"),
    }
    for verb, row in rows.items():
        row.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
        _shared(row)
        if verb != "list":
            hub = ", or hf:OWNER/NAME" if verb in ("download", "where") else ""
            row.add_argument("name", metavar="NAME", help=f"a name of the catalog{hub}")
    rows["download"].add_argument("--accept-licence", action="store_true", help="the licence that is shown is accepted")
    rows["download"].add_argument("--progress-lines", action="store_true", help="progress as JSON lines on stderr")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Do what the verb says. Exit code 130 for a download that was stopped and can go on."""
    verb = args.verb or "list"
    if verb == "list":
        return _list(getattr(args, "family", ""))
    if verb == "where":
        path = local_path(args.name)
        return Result({"name": args.name, "path": str(path)}, str(path))
    if verb == "download":
        return _download(args, console)
    entry = find_entry(args.name)
    if verb == "show":
        found = look(entry)
        return Result(row_of(entry, found), describe(entry, found))
    freed = downloading.remove(entry)
    return Result(
        {"name": entry.name, "freed_bytes": freed}, f"Removed {entry.name}; {byte_words(freed)} are free again."
    )


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--offline",
        action="store_true",
        default=argparse.SUPPRESS,
        help="never use the network (or SPEEFEARE_OFFLINE=1)",
    )


def _filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--family", metavar="F", default=argparse.SUPPRESS, help="only this family, such as encodec")


def _list(family: str) -> Result:
    families = sorted({entry.family for entry in read_catalog()})
    if family and family not in families:
        raise SpeefeareError(f"The catalog has no family {family}; it has {', '.join(families)}.")
    rows = [(entry, look(entry)) for entry in read_catalog() if family in ("", entry.family)]
    lines = [line_of(entry, found) for entry, found in rows]
    data = {
        "folder": str(places.models_dir()),
        "offline": bool(places.offline_reason()),
        "entries": [row_of(entry, found) for entry, found in rows],
    }
    return Result(data, "\n".join([*lines, "", f"Downloads live in {places.models_dir()}."]))


def _download(args: argparse.Namespace, console: Console) -> Result:
    offline = getattr(args, "offline", False)
    if args.name.startswith("hf:"):
        entry, found = _from_hub(args.name, offline)
    else:
        entry = find_entry(args.name)
        found = look(entry)
    if not found.usable:
        downloading.check_allowed(offline)
        accepted = _accepted(entry, args.accept_licence, console)
        wish = Wish(accepted, offline, _Shown(console, args.progress_lines))
        try:
            with terminate_like_ctrl_c():
                found = downloading.download(entry, wish)
        except (KeyboardInterrupt, Cancelled):
            return _stopped(entry, console)
    data = {"name": entry.name, "state": found.state, "path": str(found.path), "size_bytes": found.size_bytes}
    return Result(data, f"{entry.name} is at {found.path} ({byte_words(found.size_bytes)}).")


def _from_hub(name: str, offline: bool) -> tuple[Entry, OnDisk]:
    """What is here already is not asked of the hub."""
    try:
        path = local_path(name)
    except SpeefeareError:
        entry = downloading.resolve(name, offline)
        return entry, look(entry)
    size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    return Entry(name, name, "", name, (), ".", ""), OnDisk("complete", path, size)


def _accepted(entry: Entry, said_before: bool, console: Console) -> bool:
    """Show the licence; only a person at a terminal can be asked."""
    at_terminal = bool(sys.stdin) and sys.stdin.isatty()
    if said_before or at_terminal:
        console.note(licence_words(entry))
    if said_before or not at_terminal:
        return said_before
    console.note("Download them under these terms? Type yes to do so.")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _stopped(entry: Entry, console: Console) -> Result:
    console.clear()
    found = look(entry)
    words = f"Stopped with {byte_words(found.size_bytes)} here; the same command goes on from there."
    console.note(f"speefeare: {words}")
    return Result({"name": entry.name, "state": found.state, "size_bytes": found.size_bytes}, "", exit_code=130)


class _Shown:
    """Progress for a person at a terminal, or as lines for a program."""

    def __init__(self, console: Console, lines: bool) -> None:
        self._console, self._lines, self._next = console, lines, 0.0

    def __call__(self, progress: Progress) -> None:
        if self._lines:
            now = time.monotonic()
            if now >= self._next or progress.checking:
                self._next = now + 1.0 / LINES_PER_S
                self._console.note(json.dumps({"progress": _progress_data(progress)}))
            return
        speed = f"{progress.bytes_per_s / 1e6:.1f} MB/s"
        done = byte_words(progress.done_bytes)
        words = f"Checking {progress.file}" if progress.checking else f"{progress.file}: {done}, {speed}"
        self._console.progress(progress.fraction, words)


def _progress_data(progress: Progress) -> dict[str, Any]:
    return {
        "file": progress.file,
        "done_bytes": progress.done_bytes,
        "total_bytes": progress.total_bytes,
        "bytes_per_s": round(progress.bytes_per_s),
        "checking": progress.checking,
    }
