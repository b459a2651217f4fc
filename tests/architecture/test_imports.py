"""The import rules of ARCHITECTURE.md that import-linter cannot say, and import-linter itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.source_tree import PACKAGES, ROOT, imports, is_window_side, sources

CONCURRENCY = {"threading", "multiprocessing", "sounddevice", "concurrent"}
QT = {"PySide6", "pyqtgraph", "shiboken6"}
# What an import is called where the package that brings it is called otherwise.
PACKAGE_OF = {
    "visqol": "visqol-python",
    "parselmouth": "praat-parselmouth",
    "umap": "umap-learn",
    "yaml": "pyyaml",
    "PySide6": "pyside6-essentials",
    "shiboken6": "pyside6-essentials",
}
PLAIN_DATA = ("speefeare_core", "speefeare_core.codec", "speefeare_core.errors", "speefeare_core.resources")


def window_modules() -> list[str]:
    found = []
    for path in filter(is_window_side, sources("workbench")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def loaded_after(modules: list[str]) -> set[str]:
    """The top-level names in `sys.modules` of a fresh interpreter that has imported `modules`."""
    code = "import sys, json, importlib\nfor name in json.load(sys.stdin): importlib.import_module(name)\n"
    code += "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    words = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(words, input=json.dumps(modules), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_window_side_never_loads_torch_or_the_sound_card() -> None:
    assert loaded_after(window_modules()) & {"torch", "sounddevice"} == set()


@pytest.mark.parametrize("module", PLAIN_DATA)
def test_plain_data_of_the_core_loads_without_torch(module: str) -> None:
    assert loaded_after([module]) & {"torch", *QT, "sounddevice"} == set()


def test_threads_processes_and_the_sound_card_live_in_the_engine() -> None:
    found = [
        str(row)
        for path in sources("workbench")
        if path.relative_to(ROOT).parts[:2] != ("workbench", "engine")
        for row in imports(path)
        if row.top in CONCURRENCY
    ]
    assert found == []


def test_no_qt_thread_outside_the_engine_client() -> None:
    names = ("QThread", "QThreadPool", "QRunnable")
    found = [
        str(row)
        for path in sources("workbench")
        for row in imports(path)
        if row.top == "PySide6" and row.module.rpartition(".")[2] in names
    ]
    assert found == []


def test_state_uses_qtcore_at_most() -> None:
    found = [
        str(row)
        for path in sources("workbench/state")
        for row in imports(path)
        if row.top in QT and not row.module.startswith("PySide6.QtCore")
    ]
    assert found == []


def test_every_third_party_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    declared = {Requirement(line).name.lower() for line in lines}
    undeclared = [
        str(row)
        for path in sources(*PACKAGES)
        for row in imports(path)
        if row.top not in sys.stdlib_module_names
        and row.top not in (*PACKAGES, "__future__")
        and PACKAGE_OF.get(row.top, row.top.replace("_", "-")).lower() not in declared
    ]
    assert undeclared == []
