"""Something like a training run that needs no torch: `python stand_in.py RUN …`.

It writes process.json and the log as a run does, saves what it counted, obeys `stop`, goes on where it was, and keeps a
child process of its own. Every rank notes what its launcher told it; only the first one does the rest. With `fails` in
the recipe's network entry it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from speefeare_core.training.process_record import Heartbeat
from speefeare_core.training.run_config import read_config
from speefeare_core.training.run_log import EventLog, RunFolder, write_whole

STEP_S = 0.02
TOLD = ("WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "SPEEFEARE_RUN", "SPEEFEARE_LAUNCHER")


def main(path: Path) -> int:
    run = RunFolder(path)
    recipe = read_config(run).recipe
    rank = os.environ.get("RANK", "0")
    write_whole(path / f"rank-{rank}.json", json.dumps({name: os.environ.get(name) for name in TOLD}).encode())
    if rank != "0":
        return 0
    with Heartbeat(run.process):
        run.create()
        log, saved = EventLog(run.events), run.newest_checkpoint()
        step = int(saved.stem.split("-")[1]) if saved else 0
        log.append("preparing", step, recipe=recipe.name, resumed_from=saved.name if saved else None)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
        try:
            log.append("start", step, recipe=recipe.name, steps=recipe.steps, device="none", launcher="local")
            if recipe.network.get("fails"):
                log.append("failed", step, words="It was asked to fail.", advice="Ask it not to.")
                return 1
            while step < recipe.steps:
                time.sleep(STEP_S)
                step += 1
                log.append("losses", step, seconds=STEP_S, total=1.0 / step, progress=step / recipe.steps, left_s=1.0)
                if step % recipe.checkpoint_every == 0 or run.stop.exists():
                    (run.checkpoints / f"step-{step:08d}.pt").write_bytes(b"state")
                if run.stop.exists() and step < recipe.steps:
                    run.stop.unlink()
                    log.append("stopped", step)
                    return 3
            log.append("finished", step, file=run.model.name)
            return 0
        finally:
            child.kill()
            child.wait()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
