"""Compiles `speefeare_core/native/*.c` with the machine's own compiler: called at installation, or by hand.

    python packaging/native.py

Where there is no compiler nothing is built, and everything works with what torch has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "speefeare_core" / "native"
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
NAME = f"kernels{SUFFIX}"
FLAGS = ("-O3", "-shared", "-fPIC", "-Wno-psabi")


def compiler() -> str | None:
    """The C compiler of this machine; None where there is none."""
    return next(
        (found for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name and (found := shutil.which(name))), None
    )


def sources() -> list[str]:
    """What is compiled."""
    return sorted(str(path) for path in FOLDER.glob("*.c"))


def build(target: Path) -> str:
    """Write the library to `target`; why there is none, or empty."""
    command = compiler()
    if command is None:
        return "no C compiler was found"
    part = target.with_name(f".{os.getpid()}.{target.name}")
    done = subprocess.run([command, *FLAGS, *sources(), "-o", str(part), "-lm"], capture_output=True, text=True)
    if done.returncode:
        part.unlink(missing_ok=True)
        return f"{command} could not compile {FOLDER.name}/*.c: {done.stderr.strip()[-500:]}"
    part.replace(target)
    return ""


if __name__ == "__main__":
    target = FOLDER / NAME
    problem = build(target)
    print(problem or f"Built {target}.")
    sys.exit(1 if problem else 0)
