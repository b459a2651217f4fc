"""encode, decode, roundtrip, info and evaluate: the library's results to the bit, long files, odd files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from speefeare_core import audio, load_codec, token_file
from speefeare_core.audio import Audio
from speefeare_core.cli import long_files, main
from tests.core.speech import speech_like


def call(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    """Run one command that must succeed, and give back its JSON."""
    code = main([*map(str, argv), "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    data = json.loads(shown.out)
    assert isinstance(data, dict)
    return data


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(1.1)[None], 16_000))
    return path


@pytest.mark.parametrize("depth", [None, 2])
def test_encode_and_decode_equal_the_library_to_the_bit(
    tiny: Path, speech: Path, depth: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    depth_words = [] if depth is None else ["--depth", depth]
    tokens = call(capsys, "encode", speech, "--codec", tiny, *depth_words)["file"]
    out = call(capsys, "decode", tokens)["file"]
    codec = load_codec(tiny)
    encoded = codec.encode(torch.from_numpy(audio.read(speech).samples[None]), depth)
    assert torch.equal(token_file.read(tokens)[1].codes, encoded.codes)
    assert np.array_equal(audio.read(out).samples, codec.decode(encoded)[0].numpy())
    again = call(capsys, "roundtrip", speech, "--codec", tiny, *depth_words)
    assert np.array_equal(audio.read(again["file"]).samples, audio.read(out).samples)
    assert again["bitrate_kbps"] == codec.info.bitrate_kbps(depth)


def test_depth_at_decoding(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = call(capsys, "encode", speech, "--codec", tiny)["file"]
    shallow = call(capsys, "decode", tokens, speech.with_name("shallow.wav"), "--depth", 1)
    codec = load_codec(tiny)
    encoded = codec.encode(torch.from_numpy(audio.read(speech).samples[None]))
    assert np.array_equal(audio.read(shallow["file"]).samples, codec.decode(encoded, 1)[0].numpy())


@pytest.mark.parametrize("block_s", [0.001, 0.013, 0.5])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_streamed_blocks_give_the_same_codes_and_audio(
    tiny: Path, tmp_path: Path, block_s: float, rate_hz: int
) -> None:
    path = tmp_path / "odd.wav"
    audio.write(path, Audio(speech_like(0.7131, rate_hz)[None], rate_hz))
    codec = load_codec(tiny)
    samples = audio.read(path, 16_000, 1).samples
    offline = codec.encode(torch.from_numpy(samples[None]))
    streamed = long_files.encode_file(codec, path, None, lambda done: None, whole_s=0, block_s=block_s)
    assert streamed.length_samples == offline.length_samples
    assert torch.equal(streamed.codes, offline.codes)
    wanted = codec.decode(offline, 3)[0].numpy()
    decoded = np.concatenate(list(long_files.decode_blocks(codec, streamed, 3, whole_s=0, block_s=block_s)), axis=1)
    assert decoded.shape == wanted.shape
    assert np.allclose(decoded, wanted, atol=1e-5)
    through = np.concatenate(
        list(long_files.roundtrip_blocks(codec, path, 3, lambda done: None, whole_s=0, block_s=block_s)), axis=1
    )
    assert through.shape == wanted.shape
    assert np.allclose(through, wanted, atol=1e-5)


def test_a_long_file_never_lies_whole_in_memory(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.wav"
    audio.write(path, Audio(np.tile(speech_like(2.0), 62)[None], 16_000))  # 124 s, more than WHOLE_S
    monkeypatch.setattr(audio, "read", lambda *args: pytest.fail("the whole file was read"))
    done = call(capsys, "roundtrip", path, "--codec", tiny)
    assert done["length_samples"] == 62 * 32_000
    tokens = call(capsys, "encode", path, "--codec", tiny)
    assert tokens["length_samples"] == 62 * 32_000
    assert call(capsys, "decode", tokens["file"])["length_samples"] == 62 * 32_000


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_any_rate_works(tiny: Path, tmp_path: Path, rate_hz: int, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.wav"
    audio.write(path, Audio(speech_like(0.5, rate_hz)[None], rate_hz))
    done = call(capsys, "roundtrip", path, "--codec", tiny)
    assert abs(done["length_samples"] - 8_000) <= 1
    found, wanted = audio.read(done["file"]).samples[0], audio.read(path, 16_000).samples[0]
    assert np.corrcoef(found, wanted)[0, 1] > 0.5


@pytest.mark.parametrize(
    ("ending", "subtype"),
    [("wav", "PCM_U8"), ("wav", "PCM_24"), ("wav", "PCM_32"), ("wav", "DOUBLE"), ("flac", "PCM_24"), ("ogg", "VORBIS")],
)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_encoding_and_channel_count_works(
    tiny: Path, tmp_path: Path, ending: str, subtype: str, channels: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"in.{ending}"
    soundfile.write(path, np.repeat(speech_like(0.4)[:, None], channels, axis=1), 16_000, subtype=subtype)
    done = call(capsys, "roundtrip", path, "--codec", tiny)
    assert (audio.probe(done["file"]).channels, done["length_samples"]) == (1, 6_400)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 192_000])
def test_ten_milliseconds_work(tiny: Path, tmp_path: Path, rate_hz: int, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "short.wav"
    audio.write(path, Audio(np.full((1, rate_hz // 100), 0.1, np.float32), rate_hz))
    tokens = call(capsys, "encode", path, "--codec", tiny)
    assert call(capsys, "decode", tokens["file"])["length_samples"] == tokens["length_samples"] == 160


def test_info_knows_codecs_sounds_and_tokens(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codec = call(capsys, "info", "--codec", tiny)
    assert (codec["kind"], codec["bitrates_kbps"]) == ("codec", [1.0, 2.0, 3.0, 4.0])
    assert call(capsys, "info", tiny) == codec
    assert call(capsys, "info", "opus:12")["name"] == "opus-12"
    assert call(capsys, "info", speech)["kind"] == "sound"
    tokens = call(capsys, "encode", speech, "--codec", tiny)["file"]
    found = call(capsys, "info", tokens)
    assert (found["kind"], found["depth"], found["codec"]) == ("tokens", 4, "tiny")
    for argv in (["info", "--codec", str(tiny)], ["info", str(speech)], ["info", tokens]):
        assert main(argv) == 0
        assert capsys.readouterr().out.strip()


def test_evaluate_prints_the_table_and_writes_it(
    tiny: Path, speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = ["evaluate", speech, "--codec", tiny, "--codec", "opus:12", "--depths", "1,3-4", "--metrics", "si_sdr,stoi"]
    data = call(capsys, *wish, "--output", tmp_path / "table.md")["evaluations"]
    assert [[row["depth"] for row in one["rows"]] for one in data] == [[1, 3, 4], [0]]
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| tiny | 3 | 3.00 |" in table
    assert "| opus-12 | – | 12.00 |" in table
    folder = tmp_path / "sounds"
    folder.mkdir()
    speech.rename(folder / "a.wav")
    one = call(capsys, "evaluate", folder, "--codec", tiny, "--depths", 4, "--metrics", "si_sdr")
    assert one["evaluations"][0]["files"] == [str(folder / "a.wav")]
