"""For every test: no display needed, nobody's settings touched, nothing left behind."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaks import Leaks

# Before anything imports Qt. A test that wants a real X server starts the workbench as a process of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models: on a busy machine a second thread costs ten times the time

# Shared memory of this test run alone: others may run a workbench, or these tests, on the same computer.
_shared_memory = tempfile.mkdtemp(prefix="speefeare-tests-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
os.environ["SPEEFEARE_SHARED_MEMORY"] = _shared_memory
atexit.register(shutil.rmtree, _shared_memory, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-parity", action="store_true", help="keep the parity table under resources/parity")


def pytest_collection_finish() -> None:
    gc.freeze()  # torch, Qt and 5,000 tests stay to the end: no later collection has to look through them


PRIVATE_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@pytest.fixture(autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, recent files and caches of this test alone. Child processes inherit them."""
    home = tmp_path_factory.mktemp("home")
    for name in PRIVATE_FOLDERS:
        folder = home / name.removeprefix("XDG_").removesuffix("_HOME").lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    return home


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Fail a test that leaves a widget, a thread, a process or shared memory behind, and name it."""
    leaks = Leaks()
    yield
    found = leaks.found()
    if found:
        pytest.fail("this test left something behind:\n  " + "\n  ".join(found), pytrace=False)
