"""Real families through the command line: streamed equals whole, a process of its own equals the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from speefeare_core import audio, load_codec, token_file
from speefeare_core.audio import Audio
from speefeare_core.checkpoints import native
from speefeare_core.cli import long_files, main
from speefeare_core.resources import default_codec, resource
from tests.core.lyra_folder import lyra_folder
from tests.core.small_soundstream import small_codec
from tests.core.speech import speech_like


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(1.3)[None], 16_000))
    return path


@pytest.fixture
def soundstream(tmp_path: Path) -> Path:
    path = tmp_path / "soundstream.safetensors"
    native.save(small_codec().to_native(), path)
    return path


@pytest.mark.parametrize("family", ["soundstream", "lyra"])
@pytest.mark.parametrize("block_s", [0.007, 0.25])
def test_streamed_files_equal_whole_ones(family: str, block_s: float, soundstream: Path, speech: Path) -> None:
    codec = load_codec(soundstream if family == "soundstream" else lyra_folder(), "cpu")
    whole = codec.encode(torch.from_numpy(audio.read(speech, codec.info.rate_hz, 1).samples[None]))
    streamed = long_files.encode_file(codec, speech, None, lambda done: None, whole_s=0, block_s=block_s)
    assert torch.equal(streamed.codes, whole.codes)
    wanted = codec.decode(whole, 3)[0].numpy()
    blocks = long_files.roundtrip_blocks(codec, speech, 3, lambda done: None, whole_s=0, block_s=block_s)
    found = np.concatenate(list(blocks), axis=1)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-5


def test_another_process_writes_the_librarys_bits(soundstream: Path, speech: Path) -> None:
    for argv in (
        ["encode", str(speech), "--codec", str(soundstream)],
        ["decode", str(speech.with_suffix(".safetensors"))],
    ):
        target = [str(speech.with_name("out.wav"))] if argv[0] == "decode" else []
        command = [sys.executable, "-m", "speefeare_core.cli", *argv, *target, "--device", "cpu"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    codec = load_codec(soundstream, "cpu")
    encoded = codec.encode(torch.from_numpy(audio.read(speech, codec.info.rate_hz, 1).samples[None]))
    assert torch.equal(token_file.read(speech.with_suffix(".safetensors"))[1].codes, encoded.codes)
    assert np.array_equal(audio.read(speech.with_name("out.wav")).samples, codec.decode(encoded)[0].numpy())


def test_tokens_of_the_default_codec_name_it(tmp_path: Path) -> None:
    """Another default, some day, must not be taken to decode them."""
    sample = resource("samples", "sense_and_sensibility.flac")
    assert main(["encode", str(sample), str(tmp_path / "tokens.safetensors"), "--codec", "default"]) == 0
    with safe_open(tmp_path / "tokens.safetensors", framework="numpy") as file:
        assert file.metadata()["source"] == default_codec().parent.name
