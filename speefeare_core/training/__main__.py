"""`python -m speefeare_core.training`: train in a run folder, or pack speech for training."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.begin import train_in
from speefeare_core.training.jobs.arguments import add_words, spec_from
from speefeare_core.training.jobs.prepare import prepare
from speefeare_core.training.run_log import RunFolder

STOPPED = 3  # exit code of a run that was stopped and can resume


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 only for a finished run or a written set; 3 for a run that was stopped and can resume."""
    parser = argparse.ArgumentParser(prog="python -m speefeare_core.training", description=__doc__)
    add_words(parser)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        if given[:1] == ["pack"]:
            return _pack(given[1:])
        spec = spec_from(parser.parse_args(given))
        if spec.recipe or spec.data or spec.changes or not RunFolder(Path(spec.run)).config.exists():
            spec = prepare(spec).spec
        result = train_in(Path(spec.run), spec.device)
        print(json.dumps({"step": result.step, "finished": result.finished, "model": str(result.model or "")}))
        return 0 if result.finished else STOPPED
    except SpeefeareError as error:
        print(error, file=sys.stderr)
        return 1


def _pack(arguments: list[str]) -> int:
    from speefeare_core.training.data import pack, sound_files

    parser = argparse.ArgumentParser(prog="python -m speefeare_core.training pack")
    parser.add_argument("folder", type=Path, help="folder of sound files, searched through")
    parser.add_argument("target", type=Path, help="folder of the packed set")
    parser.add_argument("--rate", type=int, default=16000, metavar="HZ")
    parser.add_argument("--skip-last", type=int, default=0, metavar="N", help="leave out the last N by file name")
    parser.add_argument("--match", default="*", metavar="GLOB", help="only file names like this")
    parser.add_argument("--except", dest="exception", default="", metavar="GLOB", help="no file names like this")
    options = parser.parse_args(arguments)
    files = [path for path in sound_files(options.folder) if path.match(options.match)]
    if options.exception:
        files = [path for path in files if not path.match(options.exception)]
    speech = pack(files[: len(files) - options.skip_last], options.target, options.rate)
    length_s = sum(length for _, _, length in speech.clips) / speech.rate_hz
    print(json.dumps({"clips": len(speech.clips), "length_s": round(length_s, 1)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
