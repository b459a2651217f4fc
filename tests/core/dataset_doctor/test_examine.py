"""The doctor finds what is wrong with each clip of a bad set, and nothing in a good one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from speefeare_core.dataset_doctor.duplicates import near_pairs
from speefeare_core.dataset_doctor.examine import examine
from speefeare_core.dataset_doctor.report import DatasetReport, keep_report, last_names, last_report
from speefeare_core.dataset_doctor.words import to_markdown, to_text
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import SpeechSource
from speefeare_core.training.speech.packing import pack_source
from tests.core.dataset_doctor.bad_set import RATE, make, speech
from tests.core.training.speech.sounds import flac, put, shard


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("bad"))


@pytest.fixture(scope="module")
def report(bad: Path) -> DatasetReport:
    return examine(bad, rate_hz=RATE)


def clips_of(report: DatasetReport, kind: str) -> set[str]:
    return {clip.name for one in report.findings if one.kind == kind for clip in one.clips}


@pytest.mark.parametrize(("kind", "names"), [
    ("broken", {"empty.wav", "cut.wav", "nan.wav"}),
    ("silent", {"silent.wav"}),
    ("clipped", {"clipped.wav"}),
    ("over_full_scale", {"loud.wav"}),
    ("dc", {"dc.wav"}),
    ("quiet", {"quiet.wav"}),
    ("loud", {"loud.wav", "clipped.wav"}),
    ("pauses", {"pauses.wav"}),
    ("ends", {"ends.wav"}),
    ("noisy", {"noise.wav"}),
    ("narrow", {"narrow.wav"}),
    ("short", {"short.wav"}),
    ("cancels", {"cancels.wav"}),
    ("one_silent", {"half.wav"}),
    ("same_channels", {"same.wav"}),
    ("stereo", {"stereo.wav"}),
    ("duplicates", {"good1.wav"}),  # copy.wav comes before it in the alphabet
    ("near_duplicates", {"quieter.flac"}),
])  # fmt: skip
def test_each_clip_is_found_for_what_it_is(report: DatasetReport, kind: str, names: set[str]) -> None:
    found = clips_of(report, kind)
    if kind in ("pauses", "ends"):  # a clip may be both
        assert names <= found <= names | {"pauses.wav", "ends.wav", "quiet.wav"}
    else:
        assert found == names


def test_findings_are_sentences_with_a_fix_and_a_count(report: DatasetReport) -> None:
    assert [one.severity for one in report.findings] == sorted(
        (one.severity for one in report.findings), key=["problem", "warning", "note"].index
    )
    for one in report.findings:
        assert one.words.endswith(".") and one.words[0].isupper() | one.words[0].isdigit(), one
        assert one.fix.endswith("."), one
        assert one.count == len(one.clips), one
    kinds = {one.kind: one for one in report.findings}
    assert kinds["dc"].words == "1 clip (5.0 %) has a DC offset: its mean is not zero."
    assert kinds["broken"].words == "3 clips (13 %) cannot be read."
    assert kinds["dc"].clips[0].words == "3 % of full scale"
    assert "below the 16000 Hz" in kinds["low_rate"].words
    assert {"little", "rates", "levels"} <= set(kinds)


def test_the_whole_is_counted(report: DatasetReport) -> None:
    assert (report.clips, report.examined, report.unreadable) == (22, 20, 3)
    assert set(report.rates) == {"16000", "8000"} and set(report.channels) == {"1", "2"}
    assert sum(report.rates.values()) == pytest.approx(report.hours)
    assert sum(report.histograms["length"].counts) == 20
    assert sum(report.histograms["loudness"].counts) == 19  # silence has none
    assert report.words.startswith("32 s of speech in 22 clips") or "s of speech in 22 clips" in report.words


def test_a_report_survives_json_and_the_disk(report: DatasetReport, bad: Path) -> None:
    again = DatasetReport.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again == report
    assert last_report(bad) is None
    keep_report(report)
    assert last_report(bad) == report
    assert set(last_names(bad)["broken"]) == {"empty.wav", "cut.wav", "nan.wav"}
    assert to_text(report).count("\n") > 30 and "| problem |" in to_markdown(report)


def test_nothing_is_said_of_good_speech(tmp_path: Path) -> None:
    for number in range(4):
        put(tmp_path / f"{number}.wav", speech(30 + number, 2.0), RATE, "PCM_16")
    assert [one.kind for one in examine(tmp_path).findings] == ["little"]


def test_a_part_is_measured_where_that_is_asked_for(bad: Path) -> None:
    first, again = examine(bad, at_most=5), examine(bad, at_most=5)
    assert first.examined <= 5 and first.clips == 22
    assert first.histograms == again.histograms
    assert "Measured: " in first.words


def test_progress_may_cancel(bad: Path) -> None:
    said: list[float] = []

    def cancel(fraction: float, words: str) -> None:
        said.append(fraction)
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(bad, progress=cancel)
    assert said == sorted(said) and said[-1] < 0.5


def test_every_layout_is_looked_at(tmp_path: Path) -> None:
    shard(tmp_path / "s.tar", {"a.flac": flac(speech(1), RATE), "b.flac": flac(speech(1) + 0.05, RATE)})
    found = examine(tmp_path / "s.tar")
    assert clips_of(found, "dc") == {"s/b.flac"} and found.layout == "webdataset"
    put(tmp_path / "w" / "x.wav", speech(1), RATE)
    put(tmp_path / "w" / "y.wav", speech(2) + 0.05, RATE)
    pack_source(SpeechSource(path=str(tmp_path / "w")), tmp_path / "set", RATE)
    assert clips_of(examine(tmp_path / "set"), "dc") == {"y.wav"}
    (tmp_path / "w" / "list.csv").write_text("path,offset,duration,speaker\ny.wav,0.2,0.9,ann\ngone.wav,,,\n")
    found = examine(tmp_path / "w" / "list.csv")
    assert clips_of(found, "dc") == {"y.wav@0.20s"} and clips_of(found, "broken") == {"gone.wav"}
    assert found.speaker_count == 1 and found.hours == pytest.approx(0.9 / 3600)
    with pytest.raises(SpeefeareError, match="no speech at"):
        examine(tmp_path / "nowhere")


def test_one_voice_that_prevails_is_named(tmp_path: Path) -> None:
    for number, speaker in enumerate(["10"] * 9 + ["11"]):
        put(tmp_path / f"{speaker}-1-{number:04d}.flac", speech(number, 1.0), RATE)
    kinds = {one.kind: one for one in examine(tmp_path).findings}
    assert "90 % of the speech is of the speaker 10" in kinds["one_speaker"].words


def test_near_pairs_need_the_same_length_and_almost_the_same_bits() -> None:
    one = bytes(range(16))
    near = bytes([*range(15), 15 ^ 0b111])
    far = bytes(255 - value for value in one)
    assert near_pairs([one, near, far, b"", one], [1.0, 1.05, 1.0, 1.0, 3.0]) == [(0, 1)]
    assert near_pairs([one], [1.0]) == []
