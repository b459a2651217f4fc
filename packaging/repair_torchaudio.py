"""Make a torchaudio wheel that was built for CUDA usable beside a CPU build of torch.

Such a wheel fails to import because the shared objects in its `lib/` want CUDA libraries. Its Python part (resampling,
mel features, HuBERT and WavLM, data sets) works without them, so they are moved aside.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path


def import_error(name: str = "torchaudio") -> str:
    """The last line of what a fresh interpreter says when it imports `name`; "" where that works."""
    done = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it crashed"])[-1]


def repair() -> str:
    """Do what is needed and return what was done as one sentence; "" where nothing was."""
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        return ""
    problem = import_error()
    if not problem:
        return ""
    import torch

    if torch.version.cuda is not None:
        return f"torchaudio does not import, and not for want of CUDA ({problem}); nothing was changed."
    library = Path(spec.origin).parent / "lib"
    objects = [path for path in sorted(library.glob("*.so*")) if path.suffix != ".aside"]
    moved = [path.rename(path.with_name(path.name + ".aside")) for path in objects]
    still = import_error()
    if still:
        for path in moved:
            path.rename(path.with_name(path.name.removesuffix(".aside")))
        return f"torchaudio does not import ({still}), and moving its shared objects aside does not help."
    return f"torchaudio was built for CUDA: {len(moved)} shared objects in {library} were moved aside; the rest works."


if __name__ == "__main__":
    done = repair()
    if done:
        print(done)
