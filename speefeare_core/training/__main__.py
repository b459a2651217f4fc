"""`python -m speefeare_core.training`: train in a run folder."""

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
    """Exit code 0 only for a finished run; 3 for a run that was stopped and can resume."""
    parser = argparse.ArgumentParser(prog="python -m speefeare_core.training", description=__doc__)
    add_words(parser)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        spec = spec_from(parser.parse_args(given))
        if spec.recipe or spec.data or spec.changes or not RunFolder(Path(spec.run)).config.exists():
            spec = prepare(spec).spec
        result = train_in(Path(spec.run), spec.device)
        print(json.dumps({"step": result.step, "finished": result.finished, "model": str(result.model or "")}))
        return 0 if result.finished else STOPPED
    except SpeefeareError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
