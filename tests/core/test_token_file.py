"""Token files: what goes in comes out, and every other file is refused in one sentence."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from speefeare_core import token_file
from speefeare_core.codec import BookInfo, Encoded
from speefeare_core.errors import SpeefeareError
from tests.core.speech import speech_like
from tests.core.tiny_codec import TinyCodec, tiny_file

SOUND = torch.from_numpy(speech_like(0.3))[None, None]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    codec = TinyCodec()
    path = tmp_path / "speech.safetensors"
    token_file.write(path, codec.encode(SOUND, 3), codec.info, "tiny-source")
    return path


def metadata_of(path: Path) -> dict[str, str]:
    head = path.read_bytes()
    size = int.from_bytes(head[:8], "little")
    found = json.loads(head[8 : 8 + size])["__metadata__"]
    assert isinstance(found, dict)
    return found


def test_codes_length_and_words_come_back(written: Path) -> None:
    codec = TinyCodec()
    info, encoded = token_file.read(written)
    wanted = codec.encode(SOUND, 3)
    assert torch.equal(encoded.codes, wanted.codes)
    assert torch.equal(codec.decode(encoded), codec.decode(wanted))
    assert (info.codec, info.source, info.depth, info.rate_hz) == ("tiny", "tiny-source", 3, 16_000)
    assert info.length_samples == SOUND.shape[-1]
    assert info == token_file.read_info(written)
    info.check_fits(codec.info)


def test_the_layout_is_the_documented_one(written: Path) -> None:
    tensors = load_file(written)
    assert list(tensors) == ["codes"]
    assert tensors["codes"].dtype == torch.int32
    assert tensors["codes"].shape == (3, TinyCodec().frames_for(SOUND.shape[-1]))
    metadata = metadata_of(written)
    assert metadata["speefeare_tokens"] == "1"
    assert json.loads(metadata["books"]) == [[16, 250.0]] * 4


def test_books_at_different_rates_are_one_tensor_each(tmp_path: Path) -> None:
    books = (BookInfo(8, 25.0), BookInfo(8, 50.0), BookInfo(32, 50.0))
    info = dataclasses.replace(TinyCodec().info, books=books)
    slow, fast = torch.randint(0, 8, (1, 1, 5)), torch.randint(0, 8, (1, 2, 10))
    scale = torch.rand(1, 3)
    token_file.write(tmp_path / "a.safetensors", Encoded((slow, fast), None, 999, {"scale": scale}), info)
    assert sorted(load_file(tmp_path / "a.safetensors")) == ["codes_0", "codes_1", "side.scale"]
    found, encoded = token_file.read(tmp_path / "a.safetensors")
    assert torch.equal(encoded.code_groups[0], slow)
    assert torch.equal(encoded.code_groups[1], fast)
    assert torch.equal(encoded.side["scale"], scale)
    assert (found.depth, found.frames) == (3, 10)


def test_a_codec_without_codes_keeps_its_latents(tmp_path: Path) -> None:
    info = dataclasses.replace(TinyCodec().info, books=(), depth_mode="none")
    latents = torch.randn(1, 6, 9)
    token_file.write(tmp_path / "a.safetensors", Encoded((), latents, 500), info)
    found, encoded = token_file.read(tmp_path / "a.safetensors")
    assert encoded.latents is not None and torch.equal(encoded.latents, latents)
    assert (found.depth, found.frames, found.content) == (0, 9, "continuous latents × 9 frames")


def test_a_file_that_was_renamed_is_the_same_codec(written: Path) -> None:
    token_file.read_info(written).check_fits(dataclasses.replace(TinyCodec().info, name="renamed"))


def test_vocos_decodes_codes_of_encodec_and_not_the_other_way_round(tmp_path: Path) -> None:
    encodec = dataclasses.replace(TinyCodec().info, family="encodec")
    codes = torch.zeros(1, 2, 5, dtype=torch.int64)
    info = token_file.write(tmp_path / "a.safetensors", Encoded((codes,), None, 300), encodec)
    vocos = dataclasses.replace(encodec, family="vocos", books=encodec.books[:2])
    info.check_fits(vocos)
    with pytest.raises(SpeefeareError, match="another codec"):  # too few books
        info.check_fits(dataclasses.replace(vocos, books=encodec.books[:1]))
    with pytest.raises(SpeefeareError, match="another codec"):
        token_file.write(tmp_path / "b.safetensors", Encoded((codes,), None, 300), vocos).check_fits(encodec)


def test_another_codec_is_named(written: Path) -> None:
    info = token_file.read_info(written)
    with pytest.raises(SpeefeareError, match=r"made with tiny.*--codec tiny-source"):
        info.check_fits(dataclasses.replace(TinyCodec().info, family="other"))
    with pytest.raises(SpeefeareError, match="another codec"):
        info.check_fits(TinyCodec(size=32).info)


def test_codes_that_the_codec_does_not_have_are_refused(written: Path) -> None:
    tensors, metadata = load_file(written), metadata_of(written)
    for bad in (16, -1):
        tensors["codes"][1, 2] = bad
        save_file(tensors, written, metadata)
        with pytest.raises(SpeefeareError, match="codes that tiny does not have"):
            token_file.read(written)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("codec", None),
        ("books", None),
        ("rate_hz", "0"),
        ("rate_hz", "fast"),
        ("length_samples", "-1"),
        ("books", "[[1"),
    ],
)
def test_incomplete_metadata_is_one_sentence(written: Path, key: str, value: str | None) -> None:
    metadata = {**metadata_of(written), key: value or ""}
    if value is None:
        del metadata[key]
    save_file(load_file(written), written, metadata)
    with pytest.raises(SpeefeareError, match="incomplete token metadata"):
        token_file.read(written)


def test_a_newer_version_is_said(written: Path) -> None:
    save_file(load_file(written), written, {**metadata_of(written), "speefeare_tokens": "2"})
    with pytest.raises(SpeefeareError, match="version 2"):
        token_file.read(written)


def test_foreign_and_damaged_files_are_refused(written: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(written.read_bytes()[:-10])
    codec_file = tiny_file(tmp_path)
    picture = tmp_path / "picture.safetensors"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    empty = tmp_path / "empty.safetensors"
    empty.touch()
    for path in (cut, codec_file, picture, empty, tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(SpeefeareError, match="token"):
            token_file.read(path)
        assert not token_file.is_token_file(path)
    assert token_file.is_token_file(written)


def test_targets_that_cannot_be_are_refused_and_leave_nothing(written: Path, tmp_path: Path) -> None:
    _, encoded = token_file.read(written)
    with pytest.raises(SpeefeareError, match=r"end in \.safetensors"):
        token_file.write(tmp_path / "a.npy", encoded, TinyCodec().info)
    with pytest.raises(SpeefeareError, match="cannot be written"):
        token_file.write(tmp_path / "nowhere" / "a.safetensors", encoded, TinyCodec().info)
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(SpeefeareError, match="cannot be written"):
        token_file.write(tmp_path / "folder.safetensors", encoded, TinyCodec().info)
    assert not list(tmp_path.glob(".*.part"))
