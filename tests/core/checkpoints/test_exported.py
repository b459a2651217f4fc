"""Exported pairs: what was written computes the same as what it was made of; wrong descriptions are sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from speefeare_core import load_codec
from speefeare_core.cli import main
from speefeare_core.codec import Codec
from speefeare_core.codecs import exporting
from speefeare_core.codecs.dac import DacCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.dac_model import DacConfig
from tests.core.small_seanet import small_encodec
from tests.core.small_soundstream import small_codec, voice_like
from tests.core.small_subframe import random_codec
from tests.core.test_dac import lively


def _dac() -> Codec:
    sizes = {"channels": 4, "latent_dim": 16, "decoder_channels": 32, "books": 5, "book_size": 64}
    return DacCodec(lively(DacConfig(strides=(2, 5, 8), decoder_strides=(8, 5, 2), **sizes)), name="small-dac")


FAMILIES: dict[str, Callable[[], Codec]] = {
    "soundstream": small_codec,
    "denoising": lambda: small_codec(denoise_switch=True).with_denoise(True),
    "encodec": small_encodec,
    "dac": _dac,
    "linear": lambda: load_codec("linear-16k", "cpu"),
    "subframe": random_codec,
    "transform": lambda: load_codec("neural-transform-16k", "cpu"),
}


def voice(codec: Codec, batch: int = 1, samples: int = 9001) -> torch.Tensor:
    return voice_like(batch, samples).repeat(1, codec.info.channels, 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pair_computes_the_same(tmp_path: Path, family: str) -> None:
    codec = FAMILIES[family]()
    written = load_codec(exporting.write_onnx(codec, tmp_path / "pair"), "cpu")
    assert (written.info.family, written.info.depth) == ("exported", codec.info.depth)
    assert written.info.delay_samples == codec.info.delay_samples
    hop = codec.info.hop_samples
    for samples in (16 * hop, 640 - 640 % hop, 16000 - 16000 % hop, *([9001] if family != "encodec" else [])):
        found = exporting.parity(codec, written, voice(codec, samples=samples))
        assert found.tokens > 0 and found.token_agreement == 1.0
        assert found.largest_audio_error < 1e-5
        assert found.largest_latent_error is not None and found.largest_latent_error < 1e-4
    assert codec.encode(voice(codec)).codes[:, 0].unique().numel() > 3  # agreement means something


def test_a_batch_and_single_books(tmp_path: Path) -> None:
    codec = small_codec()
    written = load_codec(exporting.write_onnx(codec, tmp_path / "pair") / "codec.yaml", "cpu")
    audio = voice(codec, batch=3)
    encoded = codec.encode(audio)
    assert torch.equal(written.encode(audio).codes, encoded.codes)
    torch.testing.assert_close(written.decode(encoded, 2), codec.decode(encoded, 2), atol=1e-5, rtol=0)
    assert not torch.equal(written.decode(encoded, books=[1]), written.decode(encoded, books=[0]))


def test_native_files_come_back(tmp_path: Path) -> None:
    codec = small_codec()
    written = load_codec(exporting.write_native(codec, tmp_path / "own.safetensors"), "cpu")
    found = exporting.parity(codec, written, voice(codec))
    assert (found.token_agreement, found.largest_audio_error, found.largest_latent_error) == (1.0, 0.0, 0.0)


def test_half_the_size(tmp_path: Path) -> None:
    codec = small_codec()
    whole = exporting.write_native(codec, tmp_path / "whole.safetensors")
    half = exporting.write_native(codec, tmp_path / "half.safetensors", half=True)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    found = exporting.parity(codec, load_codec(half, "cpu"), voice(codec))
    assert found.token_agreement > 0.95 and 0 < found.largest_audio_error < 1e-2


def test_what_16_bits_cannot_hold_stays() -> None:
    large = torch.tensor([1.0, 7e4])
    assert exporting._halved(large) is large
    assert exporting._halved(large[:1]).dtype == torch.float16


def test_parity_sees_a_difference(tmp_path: Path) -> None:
    found = exporting.parity(small_codec(0), small_codec(1), voice(small_codec()))
    assert found.token_agreement < 0.9 and found.largest_audio_error > 1e-3


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["export", "linear-16k", str(out), "--to", "onnx", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parity"]["token_agreement"] == 1.0 and told["parity"]["tokens"] > 1000
    assert told["parity"]["largest_audio_error"] < 1e-5
    assert {Path(file).name for file in told["files"]} == {"codec.yaml", "encoder.onnx", "decoder.onnx"}
    assert main(["info", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["family"] == "exported"
    assert main(["export", "linear-16k", str(out), "--to", "onnx"]) == 2
    assert "there already" in capsys.readouterr().err
    assert main(["export", "linear-16k", str(tmp_path / "h"), "--to", "onnx", "--half"]) == 2
    assert "--half goes with" in capsys.readouterr().err
    assert main(["export", "mulaw:", str(tmp_path / "m"), "--to", "onnx"]) == 2
    assert "cannot be exported to ONNX" in capsys.readouterr().err


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exporting.write_onnx(small_codec(), tmp_path_factory.mktemp("pair"))


WRONG = {
    "rate_hz should be": {"rate_hz": "fast"},
    "hop_samples should be": {"hop_samples": 0},
    "books should list": {"books": [True]},
    "encoder is missing": {"encoder": None},
    "should lie beside it": {"encoder": {"file": "../encoder.onnx", "input": "audio", "codes": "codes"}},
    "decoder needs": {"decoder": {"file": "decoder.onnx"}},
    "There is no file": {"decoder": {"file": "absent.onnx", "input": "codes", "output": "audio"}},
    "opening them may unpickle": {"decoder": {"file": "decoder.pt2", "input": "codes", "output": "audio"}},
    "has no input sound": {"encoder": {"file": "encoder.onnx", "input": "sound", "codes": "codes"}},
    "depth should be": {"depth": "deep"},
    "delay_samples should be": {"delay_samples": -3},
    "no ONNX file that can be run": {"encoder": {"file": "codec.yaml.onnx", "input": "audio", "codes": "codes"}},
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_descriptions(tmp_path: Path, pair: Path, words: str) -> None:
    for file in pair.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "codec.yaml.onnx").write_bytes(b"no graph")
    told = yaml.safe_load((pair / "codec.yaml").read_text()) | WRONG[words]
    (tmp_path / "codec.yaml").write_text(yaml.safe_dump(told))
    with pytest.raises(SpeefeareError, match=words):
        load_codec(tmp_path, "cpu")


def test_books_that_disagree_are_found_when_it_runs(tmp_path: Path, pair: Path) -> None:
    for file in pair.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    told = yaml.safe_load((pair / "codec.yaml").read_text()) | {"books": [32, 32], "depth": "full"}
    (tmp_path / "codec.yaml").write_text(yaml.safe_dump(told))
    codec = load_codec(tmp_path, "cpu")
    with pytest.raises(SpeefeareError, match=r"says 2 books .* correct codec\.yaml"):
        codec.encode(voice(codec))


def test_a_lone_part_or_configuration_says_what_is_lacking(tmp_path: Path, pair: Path) -> None:
    with pytest.raises(SpeefeareError, match="describe encoder and decoder in a codec.yaml"):
        load_codec(pair / "encoder.onnx")
    (tmp_path / "config.yaml").write_text("a: 1\n")
    with pytest.raises(SpeefeareError, match="configuration without the weights"):
        load_codec(tmp_path / "config.yaml")
