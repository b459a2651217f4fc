"""The guard in conftest.py must be able to fail: each kind of leftover is made, found and cleared away here."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from pytestqt.qtbot import QtBot

import tests.leaks
from tests.leaks import Leaks


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tests.leaks, "GRACE_S", 0.05)


def test_nothing_left_is_nothing_found() -> None:
    assert Leaks().found() == []


def test_a_widget_is_found(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QWidget

    leaks = Leaks()
    widget = QWidget()
    widget.setObjectName("forgotten")
    assert len(leaks.found()) == 1 and "'forgotten'" in leaks.found()[0]
    widget.deleteLater()
    del widget
    assert leaks.found() == []


def test_a_thread_is_found() -> None:
    leaks = Leaks()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="forgotten")
    thread.start()
    found = leaks.found()
    stop.set()
    thread.join()
    assert found == ["thread 'forgotten': stop and join() it"]


def test_a_process_is_found_and_ended() -> None:
    leaks = Leaks()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    found = leaks.found()
    assert len(found) == 1 and str(child.pid) in found[0]
    assert child.wait(5) < 0


def test_shared_memory_is_found() -> None:
    from workbench.engine import memory

    leaks = Leaks()
    array = memory.SharedArray.create((4,), "float32")
    found = leaks.found()
    array.unlink()
    array.close()
    assert array.ref.kind == "shm"
    assert len(found) == 1 and array.ref.name in found[0]
    assert leaks.found() == []


def test_settings_folders_are_private(private_folders: object) -> None:
    from PySide6.QtCore import QStandardPaths

    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    assert place == f"{private_folders}/config"
