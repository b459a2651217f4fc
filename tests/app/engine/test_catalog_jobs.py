"""Downloads as processes of the window: progress, cancel, resume, and a clean end with the window."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from tests.core.catalog.conftest import SWITCHES
from tests.core.catalog.loopback import Loopback, Served
from tests.core.catalog.probe import PLACE, WEIGHTS, program, write_catalog
from workbench.engine.catalog_jobs import CatalogJobs

LIMIT_MS = 30_000


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    loopback = Loopback()
    monkeypatch.setenv("HF_ENDPOINT", loopback.address)
    monkeypatch.setenv("SPEEFEARE_MODELS", str(tmp_path / "models"))
    loopback.files[PLACE] = Served(WEIGHTS, etag='"v1"')
    yield loopback
    loopback.close()


@pytest.fixture
def jobs(qtbot: QtBot, tmp_path: Path) -> Iterator[CatalogJobs]:
    jobs = CatalogJobs((sys.executable, "-c", program(write_catalog(tmp_path / "resources"))))
    yield jobs
    jobs.stop()


def end_of(qtbot: QtBot, jobs: CatalogJobs) -> list[str]:
    """Name, how and sentence of the job that ends next."""
    with qtbot.waitSignal(jobs.ended, timeout=LIMIT_MS) as waited:
        pass
    return list(waited.args)


def children() -> list[int]:
    return [process.pid for process in psutil.Process().children() if process.status() != psutil.STATUS_ZOMBIE]


def test_a_download_tells_its_progress_and_its_end(
    server: Loopback, jobs: CatalogJobs, qtbot: QtBot, tmp_path: Path
) -> None:
    seen = []
    jobs.changed.connect(lambda name: seen.append(jobs.progress(name)))
    jobs.start("download", "probe")
    jobs.start("download", "probe")  # it runs already
    assert jobs.names == ("probe",)
    assert end_of(qtbot, jobs) == ["probe", "done", "probe is on this computer now."]
    assert jobs.names == () and jobs.progress("probe") is None
    assert (tmp_path / "models" / "probe" / "w.bin").read_bytes() == WEIGHTS
    assert seen[-1] is not None and seen[-1].checking and seen[-1].total_bytes == seen[-1].done_bytes == len(WEIGHTS)
    assert len([asked for asked in server.asked if asked.path == PLACE]) == 1
    jobs.start("remove", "probe")
    assert end_of(qtbot, jobs) == ["probe", "done", "probe was removed."]
    assert not (tmp_path / "models" / "probe").exists()


def test_cancel_and_go_on(server: Loopback, jobs: CatalogJobs, qtbot: QtBot, tmp_path: Path) -> None:
    served = server.files[PLACE]
    served.stall_after = 300_000
    part = tmp_path / "models" / "probe" / "w.bin.part"
    jobs.start("download", "probe")
    qtbot.waitUntil(lambda: part.exists() and part.stat().st_size > 0, timeout=LIMIT_MS)
    jobs.cancel("probe")
    name, how, words = end_of(qtbot, jobs)
    assert (name, how) == ("probe", "stopped") and "Resume goes on from there" in words
    have = part.stat().st_size
    served.stall_after = None
    jobs.start("download", "probe")
    assert end_of(qtbot, jobs)[1] == "done"
    assert server.transferred() == len(WEIGHTS) - have


def test_failures_are_the_sentence_of_the_command(server: Loopback, jobs: CatalogJobs, qtbot: QtBot) -> None:
    server.files.clear()
    jobs.start("download", "probe")
    _name, how, words = end_of(qtbot, jobs)
    assert how == "failed" and "is not there any more (404); look on" in words
    jobs.start("download", "probe", offline=True)
    assert "Nothing is downloaded because the offline switch is set" in end_of(qtbot, jobs)[2]
    jobs.start("download", "unknown")
    assert "The catalog has no codec named unknown" in end_of(qtbot, jobs)[2]


def test_a_process_that_dies_and_one_that_never_starts(qtbot: QtBot) -> None:
    dying = CatalogJobs((sys.executable, "-c", "raise SystemExit(1)"))
    dying.start("download", "probe")
    assert end_of(qtbot, dying) == ["probe", "failed", "The download of probe ended unexpectedly; try it again."]
    absent = CatalogJobs(("/nowhere/python",))
    with qtbot.waitSignal(absent.ended, timeout=LIMIT_MS) as waited:
        absent.start("download", "probe")
    assert waited.args[1] == "failed" and "could not be started" in waited.args[2]
    assert absent.names == ()


def test_stop_ends_every_process_and_waits(server: Loopback, jobs: CatalogJobs, qtbot: QtBot, tmp_path: Path) -> None:
    server.files[PLACE].stall_after = 300_000
    ended: list[str] = []
    jobs.ended.connect(lambda name, how, words: ended.append(name))
    jobs.start("download", "probe")
    part = tmp_path / "models" / "probe" / "w.bin.part"
    qtbot.waitUntil(lambda: part.exists() and part.stat().st_size > 0, timeout=LIMIT_MS)
    assert len(children()) == 1
    jobs.stop()
    assert children() == [] and ended == [] and jobs.names == ()
    assert part.exists(), "it can be gone on from"
    jobs.stop()
