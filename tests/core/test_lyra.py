"""Lyra v2 on its real weights: the official quantiser's indices, exact streaming, copyable state, packets."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from speefeare_core import audio as audio_files
from speefeare_core import load_codec
from speefeare_core.codecs.lyra import LyraCodec
from speefeare_core.codecs.lyra_packets import PACKET_BYTES, pack, unpack
from speefeare_core.codecs.lyra_tflite import make_interpreter
from speefeare_core.errors import SpeefeareError
from tests.core.lyra_folder import lyra_folder


@pytest.fixture(scope="module")
def folder() -> Path:
    return lyra_folder()


@pytest.fixture(scope="module")
def codec(folder: Path) -> LyraCodec:
    found = load_codec(folder, device="cpu")
    assert isinstance(found, LyraCodec)
    return found


@pytest.fixture(scope="module")
def speech(folder: Path) -> Tensor:
    samples = audio_files.read(folder / "sample1_16kHz.wav").samples
    return torch.from_numpy(samples[None, :, 8_000 : 8_000 + 60 * 320 - 77])


def test_info_says_46_books_at_9_2_kbps(codec: LyraCodec) -> None:
    assert codec.info.depth == 46
    assert [round(codec.info.bitrate_kbps(depth), 3) for depth in (16, 30, 46)] == [3.2, 6.0, 9.2]
    assert codec.info.parameters > 1_000_000
    assert type(codec.info).from_dict(codec.info.to_dict()) == codec.info


@pytest.mark.parametrize("depth", [1, 16, 46])
def test_indices_and_sums_are_the_official_quantisers(
    codec: LyraCodec, folder: Path, speech: Tensor, depth: int
) -> None:
    quantizer = make_interpreter((folder / "quantizer.tflite").read_bytes(), "quantizer.tflite")
    encode, decode = quantizer.get_signature_runner("encode"), quantizer.get_signature_runner("decode")
    encoded = codec.encode(speech, depth)
    assert encoded.latents is not None
    sums = codec.quantized_latents(encoded, depth)
    for frame in range(encoded.codes.shape[-1]):
        found = encode(input_frames=encoded.latents[:, :, frame].numpy()[None], num_quantizers=np.int32(depth))[
            "output_0"
        ]
        assert found.reshape(-1)[:depth].tolist() == encoded.codes[0, :, frame].tolist()
        official = decode(encoding_indices=np.where(np.arange(46)[:, None, None] < depth, found, -1).astype(np.int32))
        assert np.array_equal(official["output_0"].reshape(-1), sums[0, :, frame].numpy())


def test_output_is_sample_aligned_and_better_with_depth(codec: LyraCodec, speech: Tensor) -> None:
    encoded = codec.encode(speech)
    assert encoded.length_samples == speech.shape[-1]
    spectra = []
    window = torch.hann_window(512)
    wanted = torch.stft(speech[0], 512, 256, window=window, return_complex=True).abs().clamp(min=1e-4).log()
    for depth in (1, 16, 46):
        out = codec.decode(encoded, depth)
        assert out.shape == speech.shape
        found = torch.stft(out[0], 512, 256, window=window, return_complex=True).abs().clamp(min=1e-4).log()
        spectra.append(float((found - wanted).abs().mean()))
    assert spectra == sorted(spectra, reverse=True)
    lags = np.correlate(out[0, 0].numpy(), speech[0, 0].numpy(), "full")
    assert int(np.abs(lags).argmax()) - (speech.shape[-1] - 1) == 0


@pytest.mark.parametrize("depth", [3, 46])
def test_depth_at_encoding_equals_depth_at_decoding(codec: LyraCodec, speech: Tensor, depth: int) -> None:
    shallow = codec.encode(speech, depth)
    assert shallow.codes.shape[1] == depth
    assert torch.equal(codec.decode(shallow), codec.decode(codec.encode(speech), depth))


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 60])
def test_streaming_equals_offline_to_the_bit(codec: LyraCodec, speech: Tensor, frames: int) -> None:
    encoded = codec.encode(speech)
    padded = torch.nn.functional.pad(speech, (0, 77))
    stream = codec.stream()
    steps = [stream.step(block) for block in padded.split(frames * 320, dim=-1)]
    assert torch.equal(torch.cat([step.codes for step in steps if step.codes is not None], -1), encoded.codes)
    assert torch.equal(torch.cat([step.audio for step in steps], -1)[..., :-77], codec.decode(encoded))


def test_rows_of_a_batch_do_not_touch_each_other(codec: LyraCodec, speech: Tensor) -> None:
    both = torch.cat([speech, speech.flip(-1) * 0.5])
    encoded = codec.encode(both)
    out = codec.decode(encoded)
    stream = codec.stream(batch=2).step(torch.nn.functional.pad(both, (0, 77)))
    for row in range(2):
        alone = codec.encode(both[row : row + 1])
        assert torch.equal(encoded.codes[row], alone.codes[0])
        assert torch.equal(out[row], codec.decode(alone)[0])
    assert torch.equal(stream.audio[..., :-77], out)


@pytest.mark.parametrize("frames_before", [5, 50])
def test_a_copied_state_goes_on_to_the_bit(codec: LyraCodec, speech: Tensor, frames_before: int) -> None:
    padded = torch.nn.functional.pad(speech, (0, 77))
    before, after = padded[..., : frames_before * 320], padded[..., frames_before * 320 :]
    first = codec.stream()
    first.step(before)
    state = first.get_state()
    wanted = first.step(after)
    second = codec.stream()
    second.step(after)  # something else entirely
    second.set_state(state)
    found = second.step(after)
    assert torch.equal(found.audio, wanted.audio)
    assert torch.equal(found.latents, wanted.latents)  # type: ignore[arg-type]
    second.set_state(state)
    assert torch.equal(second.step(after).audio, wanted.audio)


def test_reset_is_a_fresh_stream_and_depth_may_change(codec: LyraCodec, speech: Tensor) -> None:
    stream = codec.stream(depth=4)
    frames = speech[..., : 20 * 320]
    first = stream.step(frames).audio
    stream.reset()
    assert torch.equal(stream.step(frames).audio, first)
    stream.reset()
    stream.depth = 46
    assert not torch.equal(stream.step(frames).audio, first)
    with pytest.raises(SpeefeareError, match="Depth 47 does not exist"):
        stream.depth = 47


@pytest.mark.parametrize("books", sorted(PACKET_BYTES))
def test_packets_hold_every_code(books: int) -> None:
    codes = np.random.default_rng(0).integers(0, 16, (books, 11))
    packets = pack(codes)
    assert len(packets) == 11 * PACKET_BYTES[books]
    assert np.array_equal(unpack(packets, books), codes)


def test_the_first_quantiser_is_in_the_most_significant_bits() -> None:
    codes = np.zeros((16, 1), np.int64)
    codes[0], codes[1], codes[15] = 0xA, 0x3, 0x7
    assert pack(codes).hex() == "a300000000000007"


def test_packets_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpeefeareError, match="16, 30 or 46"):
        pack(np.zeros((17, 1), np.int64))
    with pytest.raises(SpeefeareError, match="between 0 and 15"):
        pack(np.full((16, 1), 16))
    with pytest.raises(SpeefeareError, match="no whole number"):
        unpack(bytes(9), 16)


def test_a_missing_runtime_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(SpeefeareError, match="pip install"):
        load_codec(folder, device="cpu")


def test_a_damaged_file_is_named(folder: Path, tmp_path: Path) -> None:
    for file in folder.glob("*.tflite"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 5000 if "quantizer" in file.name else None])
    with pytest.raises(SpeefeareError, match=r"quantizer\.tflite"):
        load_codec(tmp_path, device="cpu")
