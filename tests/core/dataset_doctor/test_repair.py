"""Repaired copies are whole, better, beside the originals, and the originals stay as they were."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import Audio, read
from speefeare_core.dataset_doctor import repair as repairing
from speefeare_core.dataset_doctor.examine import examine
from speefeare_core.dataset_doctor.listing import list_clips
from speefeare_core.dataset_doctor.repair import left_out_by, mended, one_channel, repair
from speefeare_core.dataset_doctor.report import keep_report
from speefeare_core.errors import SpeefeareError
from speefeare_core.levels import loudness_lufs
from speefeare_core.training.speech.opening import open_data
from tests.core.dataset_doctor.bad_set import RATE, make, speech
from tests.core.training.speech.sounds import flac, put, shard


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_a_copy_has_nothing_left_that_can_be_mended(tmp_path: Path) -> None:
    bad = make(tmp_path / "bad")
    before = content(bad)
    report = examine(bad)
    keep_report(report)
    done = repair(bad, tmp_path / "copy", ["leave_out", "dc", "mono", "trim", "level"], left_out=left_out_by(report))
    assert content(bad) == before
    assert {"broken", "silent"} <= {kind.kind for kind in report.findings}
    gone = {"empty.wav", "cut.wav", "nan.wav", "silent.wav", "clipped.wav", "short.wav", "good1.wav", "quieter.flac"}
    assert set(done.left_out) == gone
    alone = repair(bad, tmp_path / "alone", ["leave_out"])
    assert set(alone.left_out) == gone - {"quieter.flac"}, "without a report all but near duplicates"
    after = examine(done.manifest)
    kinds = {one.kind for one in after.findings}
    assert not kinds & {"broken", "silent", "clipped", "dc", "over_full_scale", "stereo", "cancels", "one_silent",
                        "ends", "quiet", "loud", "duplicates"}, kinds  # fmt: skip
    assert after.clips == done.clips == 22 + 1 - len(gone)
    pool = open_data((), done.manifest, RATE)
    assert len(pool) == done.clips and pool.problems == {}
    rows = [json.loads(line) for line in done.manifest.read_text().splitlines()]
    assert not any(Path(row["path"]).is_absolute() for row in rows), "so that the copy can be moved"


def test_each_repair_does_its_own_and_no_more() -> None:
    sound = Audio(np.stack([speech(1) + 0.05, 0.5 * speech(2)]), RATE)
    np.testing.assert_allclose(mended(sound, []).samples, sound.samples)
    assert float(np.abs(mended(sound, ["dc"]).samples.mean(axis=1)).max()) < 1e-6
    assert mended(sound, ["mono"]).samples.shape[0] == 1
    assert loudness_lufs(mended(sound, ["level"]).samples, RATE) == pytest.approx(-23.0, abs=0.2)
    padded = np.concatenate([np.zeros(RATE, np.float32), speech(3), np.zeros(RATE, np.float32)])[None]
    trimmed = mended(Audio(padded, RATE), ["trim"]).samples
    assert trimmed.shape[1] == pytest.approx(padded.shape[1] - 1.5 * RATE, abs=0.1 * RATE)
    assert float(np.abs(mended(Audio(10 * speech(4)[None], RATE), []).samples).max()) < 1.0


def test_long_recordings_are_copied_in_pieces_and_broken_ones_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairing, "LONG_S", 2.0)
    monkeypatch.setattr(repairing, "PIECE_S", 1.0)
    long, broken = speech(1, 3.5), speech(2, 3.5)
    broken[-5000] = np.nan
    put(tmp_path / "a" / "long.wav", long, RATE, "PCM_16")
    put(tmp_path / "a" / "short.wav", speech(3), RATE, "PCM_16")
    put(tmp_path / "a" / "broken.wav", broken, RATE, "FLOAT")
    monkeypatch.setattr("speefeare_core.audio.blocks.__defaults__", (0.4,))
    done = repair(tmp_path / "a", tmp_path / "copy", [])
    written = sorted((tmp_path / "copy" / "clips").iterdir())
    assert [path.name for path in written] == [*(f"long@{second}s.flac" for second in range(4)), "short.flac"]
    joined = np.concatenate([read(path).samples[0] for path in written[:4]])
    np.testing.assert_allclose(joined, long, atol=2**-14)
    assert list(done.left_out) == ["broken.wav"] and done.clips == 5


def test_a_full_disk_ends_the_copy_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a" / "x.wav", speech(1), RATE)

    def full(path: Path, *_: object) -> None:
        raise SpeefeareError(f"{path} could not be written to the end; is the disk full?")

    monkeypatch.setattr(repairing, "write", full)
    with pytest.raises(SpeefeareError, match="is the disk full"):
        repair(tmp_path / "a", tmp_path / "copy", [])
    assert not (tmp_path / "copy" / "manifest.jsonl").exists()


def test_one_channel_is_the_one_that_can_be_heard() -> None:
    one = speech(1)
    np.testing.assert_array_equal(one_channel(np.stack([np.zeros_like(one), one]))[0], one)
    np.testing.assert_array_equal(one_channel(np.stack([one, -0.9 * one]))[0], one)
    np.testing.assert_allclose(one_channel(np.stack([one, 0.5 * one]))[0], 0.75 * one, rtol=1e-6)


def test_a_copy_never_lands_on_anything(tmp_path: Path) -> None:
    put(tmp_path / "a" / "x.wav", speech(1), RATE)
    for target in (tmp_path / "a", tmp_path / "a" / "inside"):
        with pytest.raises(SpeefeareError, match="choose a folder beside it"):
            repair(tmp_path / "a", target, ["dc"])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(SpeefeareError, match="not empty"):
        repair(tmp_path / "a", tmp_path / "full", ["dc"])
    with pytest.raises(SpeefeareError, match="no repair paint"):
        repair(tmp_path / "a", tmp_path / "b", ["paint"])


def test_names_from_an_archive_stay_inside_the_copy(tmp_path: Path) -> None:
    shard(tmp_path / "s.tar", {"../../up.flac": flac(speech(1), RATE), "/top/down.flac": flac(speech(2), RATE)})
    done = repair(tmp_path / "s.tar", tmp_path / "copy", ["dc"], rate_hz=8000)
    written = list(tmp_path.rglob("*.flac"))
    assert len(written) == 2 and all((tmp_path / "copy" / "clips") in path.parents for path in written)
    assert {read(path).rate_hz for path in written} == {8000}
    assert done.clips == 2


def test_a_manifest_lists_what_is_good(tmp_path: Path) -> None:
    bad = make(tmp_path / "bad")
    keep_report(examine(bad))
    report = examine(bad)
    written, gone = list_clips(bad, tmp_path / "good.jsonl", left_out=left_out_by(report))
    assert (written, gone) == (15, 8)
    names = {Path(json.loads(line)["path"]).name for line in (tmp_path / "good.jsonl").read_text().splitlines()}
    assert "good2.wav" in names and not names & {"clipped.wav", "silent.wav", "cut.wav"}
    written, gone = list_clips(bad, tmp_path / "some.csv", match="*.flac", left_out=left_out_by(report, ["dc"]))
    assert written == 2
    assert len(open_data((), tmp_path / "some.csv", RATE)) == 2
    shard(tmp_path / "s.tar", {"a.flac": flac(speech(1), RATE)})
    with pytest.raises(SpeefeareError, match="are no files"):
        list_clips(tmp_path / "s.tar", tmp_path / "x.csv")
