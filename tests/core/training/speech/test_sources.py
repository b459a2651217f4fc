"""Every layout of speech is opened, recognised, and gives the samples that are in its files."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import read
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import SpeechSource
from speefeare_core.training.speech import files
from speefeare_core.training.speech.interface import OpenSpeech
from speefeare_core.training.speech.opening import layout_of, open_data, open_speech
from speefeare_core.training.speech.packing import pack_source
from tests.core.training.speech.sounds import RATE, members, put, shard, tone, tones_in


def opened(path: Path, **values: object) -> files.FileSpeech:
    found = open_speech(SpeechSource(path=str(path), **values), (), RATE)  # type: ignore[arg-type]
    assert isinstance(found, files.FileSpeech)
    return found


def test_a_folder_is_searched_through_and_hidden_files_are_not(tmp_path: Path) -> None:
    tones_in(tmp_path / "speech", ["b/one.wav", "a/two.flac", ".hidden.wav", ".trash/old.wav"])
    (tmp_path / "speech" / "notes.txt").write_text("no sound")
    found = opened(tmp_path / "speech")
    assert list(found.names) == ["b/one.wav", "a/two.flac"]  # in the alphabet of the file names
    assert layout_of(tmp_path / "speech") == "folder"
    wanted = read(tmp_path / "speech" / "a" / "two.flac").samples[0]
    np.testing.assert_array_equal(found.read(1), wanted)
    np.testing.assert_array_equal(found.read(1, 700, 50), wanted[700:750])
    assert found.read(1, len(wanted) - 20).shape == (20,)


def test_odd_names_are_readable_and_circles_end(tmp_path: Path) -> None:
    tones_in(tmp_path / "speech", ["a/ü ☃.wav", "two\nlines.wav"])
    with suppress(OSError):  # some disks allow text alone
        os.rename(tmp_path / "speech" / "two\nlines.wav", os.fsencode(tmp_path / "speech") + b"/\xff.wav")
    (tmp_path / "speech" / "a" / "loop").symlink_to(tmp_path / "speech")
    found = opened(tmp_path / "speech")
    assert list(found.names)[-1] == "a/ü ☃.wav" and len(found.names) + len(found.problems) == 2
    told = [*found.names, *found.problems, *found.problems.values()]
    assert all(text.isprintable() and text.encode() for text in told)


def test_names_choose_and_leave_out(tmp_path: Path) -> None:
    tones_in(tmp_path, [f"{speaker}/{number}.wav" for speaker in "ab" for number in range(4)])
    assert list(opened(tmp_path, match="a/*").names) == ["a/0.wav", "a/1.wav", "a/2.wav", "a/3.wav"]
    assert list(opened(tmp_path, match="a/*", exclude="3.wav").names) == ["a/0.wav", "a/1.wav", "a/2.wav"]
    assert list(opened(tmp_path, skip_last=6).names) == ["a/0.wav", "b/0.wav"]
    with pytest.raises(SpeefeareError, match=r"no clip that matches 'c\*'"):
        opened(tmp_path, match="c*")


def test_long_recordings_become_pieces_that_are_read_where_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LONG_S", 1.0)
    monkeypatch.setattr(files, "PIECE_S", 0.5)
    whole = tone(3, 10_000)
    put(tmp_path / "book.wav", whole)
    found = opened(tmp_path / "book.wav")
    assert list(found.names) == ["book.wav@0.00s", "book.wav@0.42s", "book.wav@0.83s"]
    assert int(found.lengths.sum()) == 10_000
    np.testing.assert_array_equal(np.concatenate([found.read(index) for index in range(3)]), whole)


@pytest.mark.parametrize(("name", "text"), [
    ("list.csv", "path,speaker,offset,duration\nx.wav,ann,0.1,0.2\ny.wav,bob,,\n"),
    ("list.tsv", "file\tspk\tbegin\tlength\nx.wav\tann\t0.1\t0.2\ny.wav\tbob\t\t\n"),
    ("list.csv", "audio_filepath|speaker_id|start|duration_s\nx.wav|ann|0.1|0.2\ny.wav|bob||9\n"),
    ("list.jsonl", '{"audio_filepath": "x.wav", "speaker": "ann", "offset": 0.1, "duration": 0.2}\n\n'
                   '{"audio": {"path": "y.wav"}, "speaker": "bob"}\n'),
])  # fmt: skip
def test_manifests_in_the_forms_that_are_in_use(tmp_path: Path, name: str, text: str) -> None:
    tones_in(tmp_path, ["x.wav", "y.wav"])
    (tmp_path / name).write_text(text)
    assert layout_of(tmp_path / name) == "manifest"
    found = opened(tmp_path / name)
    assert list(found.names) == ["x.wav@0.10s", "y.wav"] and list(found.speakers) == ["ann", "bob"]
    np.testing.assert_array_equal(found.read(0), tone(0, 4000)[800:2400])
    np.testing.assert_array_equal(found.read(1), tone(1, 4100))


@pytest.mark.parametrize(("text", "words"), [
    ('{"text": "no file"}\n', "line 1: no column names the sound file"),
    ('{"path": "x.wav"}\nnonsense\n', "line 2: this is no JSON object"),
    ('{"path": "x.wav", "offset": "soon"}\n', "the offset should be seconds, not 'soon'"),
    ("", "names no clips"),
])  # fmt: skip
def test_a_wrong_manifest_is_told_by_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "list.jsonl").write_text(text)
    with pytest.raises(SpeefeareError, match=words):
        opened(tmp_path / "list.jsonl")


def test_files_that_are_gone_or_broken_are_left_out_and_named(tmp_path: Path) -> None:
    tones_in(tmp_path, ["x.wav"])
    (tmp_path / "empty.wav").touch()
    (tmp_path / "no.wav").write_bytes(b"RIFF no sound")
    (tmp_path / "list.csv").write_text("path,offset,duration\nx.wav,,\ngone.wav,,\nempty.wav,,\nno.wav,,\nx.wav,9,1\n")
    found = opened(tmp_path / "list.csv")
    assert list(found.names) == ["x.wav"]
    assert set(found.problems) == {"gone.wav", "empty.wav", "no.wav", "x.wav@9.00s"}
    assert "ends before the clip begins, at 9 s" in found.problems["x.wav@9.00s"]
    assert "0 bytes" in found.problems["empty.wav"]
    (tmp_path / "x.wav").unlink()
    with pytest.raises(SpeefeareError, match="No clip of .* can be read"):
        opened(tmp_path / "list.csv")


@pytest.mark.parametrize(("layout", "names", "speakers"), [
    ("librispeech", ["84/121123/84-121123-0000.flac", "174/50561/174-50561-0001.flac"], ["84", "174"]),
    ("libritts", ["84/121123/84_121123_000007_000001.wav", "174/5/174_50561_000001_000000.wav"], ["84", "174"]),
    ("vctk", ["wav48_silence_trimmed/p225/p225_001_mic1.flac", "wav48_silence_trimmed/p226/p226_002_mic1.flac"],
     ["p225", "p226"]),
])  # fmt: skip
def test_corpora_are_recognised_by_their_names(
    tmp_path: Path, layout: str, names: list[str], speakers: list[str]
) -> None:
    tones_in(tmp_path, names)
    assert layout_of(tmp_path) == layout
    found = opened(tmp_path)
    assert dict(zip(found.names, found.speakers, strict=True)) == dict(zip(names, speakers, strict=True))


def test_of_two_microphones_one_is_heard_unless_the_other_is_asked_for(tmp_path: Path) -> None:
    tones_in(tmp_path, [f"p225/p225_00{number}_mic{mic}.flac" for number in (1, 2) for mic in (1, 2)])
    assert layout_of(tmp_path) == "vctk"
    assert list(opened(tmp_path).names) == ["p225/p225_001_mic1.flac", "p225/p225_002_mic1.flac"]
    assert list(opened(tmp_path, match="*_mic2.flac").names) == ["p225/p225_001_mic2.flac", "p225/p225_002_mic2.flac"]


def test_shards_are_read_in_any_order_without_unpacking(tmp_path: Path) -> None:
    shard(tmp_path / "a-000.tar", members(3))
    shard(tmp_path / "a-001.tar", members(2, start=3) | {"bad.wav": b"no sound", "readme.md": b"x"})
    assert layout_of(tmp_path) == "webdataset"
    for place in (tmp_path, tmp_path / "a-{000..001}.tar", tmp_path / "a-*.tar"):
        found = opened(place)
        assert list(found.names) == [f"a-00{number // 3}/utt{number:03d}.flac" for number in range(5)]
        assert list(found.speakers) == ["s0", "s1", "s0", "s1", "s0"]
        assert list(found.problems) == ["a-001/bad.wav"]
    np.testing.assert_allclose(found.read(4, 100, 500), tone(4, 3040)[100:600], atol=2**-15)
    again = opened(tmp_path)  # from what is kept of the first look
    np.testing.assert_array_equal(again.read(4), found.read(4))
    shard(tmp_path / "a-001.tar", members(1, start=7))  # another shard under the same name
    assert list(opened(tmp_path).names)[3:] == ["a-001/utt007.flac"]


def test_shards_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(SpeefeareError, match="unpack it"):
        opened(tmp_path / "x.tar.gz")
    (tmp_path / "y.tar").write_bytes(b"nonsense" * 200)
    with pytest.raises(SpeefeareError, match="cannot be read"):
        opened(tmp_path / "y.tar")
    with pytest.raises(SpeefeareError, match="no shard .*z-001"):
        shard(tmp_path / "z-000.tar", members(1))
        opened(tmp_path / "z-{000..001}.tar")


def test_a_packed_set_holds_what_was_packed_and_appears_whole(tmp_path: Path) -> None:
    tones_in(tmp_path / "speech", ["a/one.wav", "b/one.wav", "c.wav"])
    put(tmp_path / "speech" / "silent.wav", np.zeros(4000, np.float32))
    put(tmp_path / "speech" / "short.wav", tone(1, 100))
    put(tmp_path / "speech" / "loud.wav", 3 * tone(9), subtype="FLOAT")
    source = SpeechSource(path=str(tmp_path / "speech"))
    packed, left_out = pack_source(source, tmp_path / "packed", RATE)
    assert set(left_out) == {"silent.wav", "short.wav"}
    assert set(packed.names) == {"a/one.wav", "b/one.wav", "c.wav", "loud.wav"}
    index = list(packed.names).index("c.wav")
    np.testing.assert_allclose(packed.read(index, 10, 100), tone(2, 4200)[10:110], atol=2**-15)
    assert float(np.abs(packed.read(list(packed.names).index("loud.wav"))).max()) == pytest.approx(1.0, abs=1e-4)
    assert layout_of(tmp_path / "packed") == "packed"

    def cancel(fraction: float, words: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack_source(SpeechSource(path=str(tmp_path / "speech"), match="c.wav"), tmp_path / "packed", RATE, cancel)
    assert len(opened_packed(tmp_path / "packed").names) == 4, "what was there before is still there"
    assert not list((tmp_path / "packed").glob(".*"))


def opened_packed(folder: Path) -> OpenSpeech:
    return open_speech(SpeechSource(path=str(folder)), (), RATE)


def test_a_full_disk_leaves_the_set_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from speefeare_core.training.speech import packed as packing

    tones_in(tmp_path / "speech", ["a.wav", "b.wav"])
    pack_source(SpeechSource(path=str(tmp_path / "speech")), tmp_path / "set", RATE)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packing, "_to_npy", full)
    with pytest.raises(SpeefeareError, match="cannot be written: No space left on device"):
        pack_source(SpeechSource(path=str(tmp_path / "speech"), match="a.wav"), tmp_path / "set", RATE)
    assert len(opened_packed(tmp_path / "set").names) == 2
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["audio.npy", "index.json"]


def test_more_speech_takes_no_more_memory(tmp_path: Path) -> None:
    for number in range(24):
        put(tmp_path / "speech" / f"{number:02d}.wav", tone(number, 100_000), subtype="PCM_16")

    def most(match: str) -> int:
        tracemalloc.start()
        pack_source(SpeechSource(path=str(tmp_path / "speech"), match=match), tmp_path / "set", RATE)
        pool = open_data((), tmp_path / "set", RATE)
        for index in range(len(pool)):
            pool.read(index, 1000, 2000)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    most("00.wav")  # imports
    assert most("*.wav") < 1.5 * most("0[0-3].wav")


@pytest.mark.parametrize("damage", ["index", "audio", "short"])
def test_a_broken_packed_set_is_refused(tmp_path: Path, damage: str) -> None:
    tones_in(tmp_path / "speech", ["a.wav"])
    pack_source(SpeechSource(path=str(tmp_path / "speech")), tmp_path / "set", RATE)
    index, audio = tmp_path / "set" / "index.json", tmp_path / "set" / "audio.npy"
    if damage == "index":
        index.write_text("{}")
    elif damage == "audio":
        audio.write_bytes(b"nonsense")
    else:
        index.write_text(json.dumps({"rate_hz": RATE, "clips": [["a.wav", 0, 5000]]}))
    with pytest.raises(SpeefeareError, match="no packed speech set"):
        opened_packed(tmp_path / "set")


def test_a_run_draws_from_what_the_recipe_names_or_from_all_that_is_given(tmp_path: Path) -> None:
    tones_in(tmp_path / "wavs", ["x.wav"])
    for name in ("one", "two"):
        pack_source(SpeechSource(path=str(tmp_path / "wavs")), tmp_path / "sets" / name, RATE)
    (tmp_path / "sets" / "notes.json").write_text("{}")
    everything = open_data((), tmp_path / "sets", RATE)
    assert [everything.name(index) for index in range(len(everything))] == ["one/x.wav", "two/x.wav"]
    both = open_data((), (tmp_path / "sets" / "two", tmp_path / "wavs"), RATE)
    assert [both.name(index) for index in range(2)] == ["two/x.wav", "wavs/x.wav"]
    assert len(open_data((SpeechSource("two"),), tmp_path / "sets", RATE)) == 1
    assert len(open_data((SpeechSource("two"),), (tmp_path / "wavs", tmp_path / "sets"), RATE)) == 1
    assert len(open_data((SpeechSource("two"),), tmp_path / "sets" / "two", RATE)) == 1
    with pytest.raises(SpeefeareError, match="no speech at .*three"):
        open_data((SpeechSource("three"),), tmp_path / "sets", RATE)
    with pytest.raises(SpeefeareError, match=f"packed at {RATE} Hz and the recipe wants 16000 Hz"):
        open_data((), tmp_path / "sets", 16000)


def test_headers_are_asked_once_and_again_when_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from speefeare_core.training.speech import known_files

    monkeypatch.setattr(known_files, "WORTH_KEEPING", 2)
    tones_in(tmp_path, ["x.wav", "y.wav"])
    asked: list[Path] = []
    real = known_files.facts_of
    monkeypatch.setattr(known_files, "facts_of", lambda path: asked.append(path) or real(path))
    assert [int(n) for n in opened(tmp_path).lengths] == [4000, 4100]
    assert [int(n) for n in opened(tmp_path).lengths] == [4000, 4100]
    assert len(asked) == 2
    put(tmp_path / "x.wav", tone(5, 999))
    assert [int(n) for n in opened(tmp_path).lengths] == [999, 4100]
    assert len(asked) == 3
    for kept in known_files._file(str(tmp_path.resolve())).parent.iterdir():
        kept.write_text("nonsense")
    assert len(opened(tmp_path).names) == 2


def test_data_open_without_torch() -> None:
    code = (
        "import sys, speefeare_core.training.speech.opening, speefeare_core.training.sampler,"
        " speefeare_core.training.loader, speefeare_core.training.held_out, speefeare_core.dataset_doctor.examine;"
        " print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
