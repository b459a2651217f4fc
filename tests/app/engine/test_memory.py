"""Shared arrays, rings and sessions."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from workbench.engine import memory, session
from workbench.engine.memory import Ring, SharedArray, Status


def test_two_views_of_one_array() -> None:
    made = SharedArray.create((2, 5), np.float32)
    seen = SharedArray.attach(made.ref)
    made.array[1, 3] = 7
    assert seen.array[1, 3] == 7
    made.unlink()
    assert seen.array[1, 3] == 7, "what is mapped stays readable"
    with pytest.raises(FileNotFoundError):
        SharedArray.attach(made.ref)


def test_empty_and_large_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = SharedArray.create((0, 2), np.float32)
    assert SharedArray.attach(empty.ref).array.shape == (0, 2)
    empty.unlink()
    monkeypatch.setattr(memory, "MAX_SHARED_BYTES", 1000)
    large = SharedArray.create((2000,), np.uint8)
    assert large.ref.kind == "file"
    assert not large.array.any()
    large.unlink()
    assert not Path(large.ref.name).exists()


def test_a_full_memory_is_made_up_for_by_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    reserve = memory._reserve

    def full(path: Path, size: int) -> None:
        if path.parent == memory._MEMORY_FOLDER:
            path.touch()
            raise OSError(28, "No space left on device")
        reserve(path, size)

    monkeypatch.setattr(memory, "_reserve", full)
    array = SharedArray.create((10,), np.int32)
    assert array.ref.kind == "file"
    array.unlink()


def test_a_ring_keeps_the_order_and_the_latest() -> None:
    ring = Ring.create(1, 10, np.int64)
    ring.write(np.arange(7)[None])
    columns, position = ring.read_since(0)
    assert columns[0].tolist() == list(range(7)) and position == 7
    ring.write(np.arange(7, 14)[None])
    columns, position = ring.read_since(position)
    assert columns[0].tolist() == list(range(7, 14)) and position == 14
    ring.write(np.arange(14, 45)[None])
    assert ring.latest(99)[0].tolist() == list(range(35, 45))
    ring.unlink()


def test_a_reader_beside_a_writer_never_gets_overwritten_columns() -> None:
    ring = Ring.create(2, 97, np.int64)
    reader = Ring.attach(ring.ref)
    total = 60_000

    def write() -> None:
        draw = np.random.default_rng(0)
        done = 0
        while done < total:
            count = int(draw.integers(1, 40))
            columns = np.arange(done, done + count)
            ring.write(np.stack([columns, -columns]))
            done += count

    writer = threading.Thread(target=write)
    writer.start()
    position = 0
    while writer.is_alive() or reader.written > position:
        columns, after = reader.read_since(position)
        assert columns.shape[1] <= after - position
        expected = np.arange(after - columns.shape[1], after)
        assert np.array_equal(columns, np.stack([expected, -expected]))
        position = after
    writer.join()
    assert position >= total
    ring.unlink()


def test_what_is_being_overwritten_is_not_returned() -> None:
    """A writer that was stopped between its copy and its count."""
    ring = Ring.create(1, 8, np.int64)
    ring.write(np.arange(8)[None])
    ring._counter.array[1] = 11  # three more are announced …
    ring._data.array[:, :3] = 99  # … and copied, but not yet counted
    assert ring.read_since(0)[0][0].tolist() == [3, 4, 5, 6, 7]
    ring.unlink()


def test_status_is_seen_by_name() -> None:
    made = Status.create(("a", "b"))
    seen = Status.attach(("a", "b"), made.ref)
    made["b"] = 2.5
    assert (seen["a"], seen["b"]) == (0.0, 2.5)
    made.unlink()


def test_a_session_removes_what_its_engine_left(monkeypatch: pytest.MonkeyPatch) -> None:
    own = session.Session()
    monkeypatch.setattr(memory, "_session", own.token)
    left = SharedArray.create((4,), np.float32)
    assert own.remove_arrays() == 1
    assert not Path(left.ref.name).exists()
    own.close()
    assert not [path for folder in memory.folders() for path in folder.glob(f"*{own.token}*")]


def test_a_session_whose_processes_all_died_is_removed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    dead, living = session.Session(), session.Session()
    monkeypatch.setattr(memory, "_session", dead.token)
    left = SharedArray.create((4,), np.float32)
    monkeypatch.setattr(memory, "_session", living.token)
    kept = SharedArray.create((4,), np.float32)
    assert dead._lock is not None
    dead._lock.close()  # as the system does when a process dies
    session.remove_abandoned()
    assert not Path(left.ref.name).exists()
    assert Path(kept.ref.name).exists(), "the lock of its session is held"
    living.close()
    assert not Path(kept.ref.name).exists()
