"""The set-up's repair of a CUDA torchaudio beside a CPU torch, on stand-ins for both packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

LOADS_ITS_LIBRARY = """
import ctypes, pathlib
for path in (pathlib.Path(__file__).parent / "lib").glob("*.so"):
    ctypes.CDLL(str(path))
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torchaudio/lib").mkdir(parents=True)
    (tmp_path / "torchaudio/lib/libtorchaudio.so").write_bytes(b"no library")
    return tmp_path


def repair(packages: Path, cuda: str | None, torchaudio: str) -> str:
    (packages / "torch/__init__.py").write_text(f"class version:\n    cuda = {cuda!r}\n")
    (packages / "torchaudio/__init__.py").write_text(torchaudio)
    environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}
    script = ROOT / "packaging/repair_torchaudio.py"
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def library_names(packages: Path) -> list[str]:
    return [path.name for path in (packages / "torchaudio/lib").iterdir()]


def test_objects_that_want_cuda_are_moved_aside_once(packages: Path) -> None:
    assert "1 shared objects" in repair(packages, None, LOADS_ITS_LIBRARY)
    assert library_names(packages) == ["libtorchaudio.so.aside"]
    assert repair(packages, None, LOADS_ITS_LIBRARY) == ""


def test_a_torchaudio_that_works_is_left_alone(packages: Path) -> None:
    assert repair(packages, None, "") == ""
    assert library_names(packages) == ["libtorchaudio.so"]


def test_another_trouble_is_told_and_nothing_changed(packages: Path) -> None:
    assert "does not help" in repair(packages, None, "raise ImportError('torn')")
    assert "nothing was changed" in repair(packages, "13.0", LOADS_ITS_LIBRARY)
    assert library_names(packages) == ["libtorchaudio.so"]
