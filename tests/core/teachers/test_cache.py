"""The feature cache: each clip once, torn files noticed, memory in bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core.teachers.cache import FeatureCache
from tests.core.teachers.made import MeanTeacher

CLIP = np.random.default_rng(0).uniform(-0.5, 0.5, 320 * 40 + 100).astype(np.float32)


def reader(clip: np.ndarray = CLIP):  # type: ignore[no-untyped-def]
    return lambda start, count: clip[start : start + count]


def whole(cache: FeatureCache, name: str = "a", clip: np.ndarray = CLIP) -> np.ndarray:
    return cache.features(name, len(clip), reader(clip), 0, 10_000)


def files(cache: FeatureCache) -> list[Path]:
    return sorted(cache.folder.rglob("*.safetensors"))


def test_a_clip_is_heard_once_by_all_who_share_the_folder(tmp_path: Path) -> None:
    cache = FeatureCache(MeanTeacher(), tmp_path)
    first = whole(cache)
    assert first.shape == (41, 2) and first.dtype == np.float32
    np.testing.assert_allclose(first[3, 0], CLIP[960:1280].mean(), atol=1e-4)
    np.testing.assert_allclose(first[40, 0], CLIP[12800:].sum() / 320, atol=1e-4)  # filled up with silence
    later = FeatureCache(MeanTeacher(), tmp_path)
    np.testing.assert_array_equal(whole(later), first)
    assert (cache.heard, later.heard, later.found) == (1, 0, 1) and later.teacher.heard == []  # type: ignore[attr-defined]
    np.testing.assert_array_equal(cache.features("a", len(CLIP), reader(), 5, 9), first[5:9])


def test_another_teacher_clip_or_length_is_heard_anew(tmp_path: Path) -> None:
    whole(FeatureCache(MeanTeacher(), tmp_path))
    for cache, name, clip in (
        (FeatureCache(MeanTeacher(2.0), tmp_path), "a", CLIP),
        (FeatureCache(MeanTeacher(), tmp_path), "b", CLIP),
        (FeatureCache(MeanTeacher(), tmp_path), "a", CLIP[:6400]),
    ):
        whole(cache, name, clip)
        assert cache.heard == 1


def test_a_torn_or_foreign_file_is_made_again(tmp_path: Path) -> None:
    first = whole(FeatureCache(MeanTeacher(), tmp_path))
    (path,) = files(FeatureCache(MeanTeacher(), tmp_path))
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[-3] ^= 0x10
    for content in (b"", good[:50], good[:-7], bytes(flipped), b"\0" * len(good)):
        path.write_bytes(content)
        cache = FeatureCache(MeanTeacher(), tmp_path)
        np.testing.assert_array_equal(whole(cache), first)
        later = FeatureCache(MeanTeacher(), tmp_path)
        np.testing.assert_array_equal(whole(later), first)
        assert (cache.heard, later.heard) == (1, 0)


def test_long_clips_lie_in_pieces_that_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speefeare_core.teachers.cache.PIECE_S", 0.2)
    cache = FeatureCache(MeanTeacher(), tmp_path)
    assert cache.piece_frames == 10
    found = cache.features("a", len(CLIP), reader(), 7, 33)
    padded = np.pad(CLIP, (0, 220)).reshape(-1, 320).mean(axis=1)
    np.testing.assert_allclose(found[:, 0], padded[7:33], atol=1e-4)
    assert len(files(cache)) == 4  # pieces 0 to 3 of 5
    assert max(cache.teacher.heard) <= 12 * 320  # type: ignore[operator]  # a piece and what lies around it


def test_memory_stays_in_bounds(tmp_path: Path) -> None:
    cache = FeatureCache(MeanTeacher(), tmp_path, memory_bytes=41 * 2 * 2 * 3)
    for number in range(10):
        whole(cache, f"clip {number}")
    assert len(cache._kept) == 3 and cache._kept_bytes == sum(kept.nbytes for kept in cache._kept.values())
    whole(cache, "clip 0")
    assert cache.heard == 10 and cache.found == 1  # it came from the disk


def test_without_a_folder_to_write_in_training_goes_on(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    cache = FeatureCache(MeanTeacher(), blocked)
    assert whole(cache).shape == (41, 2) and str(blocked) in cache.problem


def test_blocks_of_a_long_recording_are_heard_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = MeanTeacher()
    audio = torch.from_numpy(CLIP)[None, None]
    at_once = teacher.hear(audio)
    monkeypatch.setattr("speefeare_core.teachers.teacher.BLOCK_S", 0.1)
    torch.testing.assert_close(teacher.hear(audio), at_once)
    assert len(teacher.heard) == 10
