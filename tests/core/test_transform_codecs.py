"""The linear, the neural transform and the sub-frame codec: fitted on synthetic voices, tiny, whole file and stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.checkpoints import native
from speefeare_core.codecs.lapped import LappedCodec
from speefeare_core.codecs.linear import LinearCodec
from speefeare_core.codecs.subframe import SubframeCodec
from speefeare_core.codecs.transform import TransformCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform
from speefeare_core.nn.subframe_net import SubframeConfig
from speefeare_core.nn.transform_net import TransformConfig, TransformNet
from tests.core.small_subframe import learn

HOP, BOOKS = 32, 4


def voices(seconds: float) -> torch.Tensor:
    """Gliding harmonic tones with noise, [T] at 8 kHz."""
    torch.manual_seed(0)
    time = torch.arange(round(seconds * 8000)) / 8000
    phase = 2 * torch.pi * torch.cumsum(120 + 40 * torch.sin(3 * time), 0) / 8000
    tones = torch.stack([torch.sin(k * phase) / k for k in range(1, 12)]).sum(0)
    return 0.1 * tones * (0.6 + 0.4 * torch.sin(9 * time)) + 0.003 * torch.randn(time.shape[0])


@pytest.fixture(scope="module")
def linear() -> LinearTransform:
    network = LinearTransform(LinearConfig(rate_hz=8000, hop_samples=HOP, dim=16, books=BOOKS, book_size=32))
    network.fit(voices(20.0))
    return network


def neural(linear: LinearTransform, bend: float = 0.0) -> TransformNet:
    torch.manual_seed(1)
    sizes = linear.config.to_dict()
    network = TransformNet(TransformConfig(**sizes, width=24, hidden=32, kernel=3, decoder_dilations=(1, 2)))
    network.start_linear(linear)
    if bend:
        for name in ("encoder_gain", "encoder_shift", "decoder_gain", "decoder_shift"):
            torch.nn.init.normal_(network.get_submodule(name).get_parameter("weight"), std=bend)
        for name, weight in network.named_parameters():
            if name.endswith("narrow.weight"):
                torch.nn.init.normal_(weight, std=0.3)
    return network


@pytest.fixture(scope="module")
def learnt(linear: LinearTransform) -> tuple[SubframeCodec, list[float]]:
    return learn(LinearCodec(linear), voices(20.0), 150)


@pytest.fixture(scope="module", params=["linear", "transform", "subframe"])
def codec(request: pytest.FixtureRequest, linear: LinearTransform) -> LappedCodec:
    if request.param == "subframe":
        student: SubframeCodec = request.getfixturevalue("learnt")[0]
        return student
    made = LinearCodec(linear) if request.param == "linear" else TransformCodec(neural(linear, bend=0.02))
    made.module.eval().requires_grad_(False)
    return made


def si_sdr_db(target: torch.Tensor, decoded: torch.Tensor) -> float:
    target, decoded = target.flatten(), decoded.flatten()
    along = (target @ decoded) / (target @ target) * target
    return float(10 * torch.log10(along.square().sum() / (decoded - along).square().sum()))


def test_each_book_makes_the_linear_codec_better(linear: LinearTransform) -> None:
    codec, audio = LinearCodec(linear), voices(20.0)[None, None, 32000:48000]
    heard = [si_sdr_db(audio, decoded) for _, decoded in codec.decode_depths(codec.encode(audio))]
    assert heard == sorted(heard)
    assert heard[0] > 3.0
    assert heard[-1] > 9.0


def test_a_fresh_neural_codec_is_the_linear_one(linear: LinearTransform) -> None:
    audio = voices(1.0)[None, None]
    plain, fresh = LinearCodec(linear), TransformCodec(neural(linear).eval())
    ours, theirs = fresh.encode(audio), plain.encode(audio)
    assert torch.equal(ours.codes, theirs.codes)
    torch.testing.assert_close(fresh.decode(ours), plain.decode(theirs), atol=1e-5, rtol=0)


def test_without_an_encoder_network_the_codes_stay_those_of_the_linear_codec(linear: LinearTransform) -> None:
    bent = neural(linear, bend=0.02)
    sizes = dict(bent.config.to_dict(), encoder_network=False)
    network = TransformNet(TransformConfig.from_dict(sizes))
    network.load_state_dict({k: v for k, v in bent.state_dict().items() if k in network.state_dict()})
    audio = voices(1.0)[None, None]
    ours, theirs = TransformCodec(network.eval()), LinearCodec(linear)
    assert torch.equal(ours.encode(audio).codes, theirs.encode(audio).codes)
    assert not torch.allclose(ours.decode(ours.encode(audio)), theirs.decode(theirs.encode(audio)), atol=1e-3)


def test_no_strength_at_a_depth_leaves_the_linear_decoder(linear: LinearTransform) -> None:
    bent = neural(linear, bend=0.02)
    network = TransformNet(TransformConfig.from_dict(bent.config.to_dict() | {"repair_strength": [1.0, 0.0]}))
    network.load_state_dict(bent.state_dict())
    latents = torch.randn(1, 16, 9)
    outs = [
        made.decode(latents, torch.tensor([depth]), made.decoder_silence(1))[0]
        for made, depth in ((network, 1), (bent, 1), (network, 2), (linear, 2))
    ]
    torch.testing.assert_close(outs[0], outs[1])
    torch.testing.assert_close(outs[2], outs[3], atol=1e-5, rtol=1e-5)


def test_a_sub_frame_codec_learns_what_its_teacher_does(
    linear: LinearTransform, learnt: tuple[SubframeCodec, list[float]]
) -> None:
    (student, off), teacher, audio = learnt, LinearCodec(linear), voices(20.0)[None, None, 32000:48000]
    assert off[0] > 0.8 and sum(off[-20:]) / 20 < 0.25  # of the latents' variance
    wanted, ours = teacher.encode(audio), student.encode(audio)
    assert wanted.latents is not None and ours.latents is not None
    frames = min(wanted.latents.shape[-1], ours.latents.shape[-1])
    apart = (wanted.latents - ours.latents)[..., :frames].square().mean() / wanted.latents.var()
    assert float(apart) < 0.25
    heard = student.quantized_latents(ours)
    assert si_sdr_db(teacher.decode_latents(heard, audio.shape[-1]), student.decode(ours)) > 5.0
    assert student.info.delay_samples == HOP // 4 < teacher.info.delay_samples


@pytest.mark.parametrize("length", [1, 31, 32, 33, 1000, 20000])
def test_the_decoded_length_is_the_original_one(codec: LappedCodec, length: int) -> None:
    audio = voices(3.0)[None, None, :length]
    assert codec.decode(codec.encode(audio)).shape == audio.shape


def test_the_delay_is_compensated(codec: LappedCodec) -> None:
    audio = voices(2.0)[None, None]
    decoded = codec.decode(codec.encode(audio))
    spectrum = torch.fft.rfft(audio[0, 0], n=32768).conj() * torch.fft.rfft(decoded[0, 0], n=32768)
    assert int(torch.fft.irfft(spectrum).argmax()) == 0


@pytest.mark.parametrize("depth", [1, 3])
def test_decoding_at_a_depth_equals_encoding_at_it(codec: LappedCodec, depth: int) -> None:
    audio = voices(1.0)[None, None]
    everything, part = codec.encode(audio), codec.encode(audio, depth)
    assert torch.equal(part.codes, everything.codes[:, :depth])
    assert torch.equal(codec.decode(everything, depth), codec.decode(part, depth))


@pytest.mark.parametrize("blocks", [[1] * 30, [7, 1, 2, 20], [30]])
def test_the_stream_is_the_whole_file_for_every_chunking(codec: LappedCodec, blocks: list[int]) -> None:
    audio = voices(1.0)[None, None, : 30 * HOP]
    encoded = codec.encode(audio)
    decoded = codec.decode(encoded, 2)
    stream = codec.stream(depth=2)
    steps = [stream.step(block) for block in torch.split(audio, [n * HOP for n in blocks], dim=-1)]
    codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
    streamed = torch.cat([step.audio for step in steps], dim=-1)
    lag = codec.info.stream_delay_samples
    assert torch.equal(codes, encoded.codes[..., :30])
    torch.testing.assert_close(streamed[..., lag:], decoded[..., : 30 * HOP - lag], atol=1e-6, rtol=0)


def test_streams_share_nothing_and_a_state_can_be_taken_back(codec: LappedCodec) -> None:
    audio = voices(1.0)[None, None, : 12 * HOP]
    first, second = codec.stream(), codec.stream()
    expected = first.step(audio[..., : 6 * HOP]), first.step(audio[..., 6 * HOP :])
    second.step(torch.rand(1, 1, 3 * HOP))
    second.reset()
    second.step(audio[..., : 6 * HOP])
    kept = second.get_state()
    second.step(torch.rand(1, 1, 5 * HOP))
    second.set_state(kept)
    assert torch.equal(second.step(audio[..., 6 * HOP :]).audio, expected[1].audio)


def test_a_long_file_in_blocks_equals_one_pass(codec: LappedCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = voices(2.0)[None, None]
    whole = codec.encode(audio)
    expected = codec.decode(whole)
    monkeypatch.setattr("speefeare_core.codecs.lapped.BLOCK_FRAMES", 7)
    pieces = codec.encode(audio)
    assert torch.equal(pieces.codes, whole.codes)
    torch.testing.assert_close(codec.decode(pieces), expected, atol=1e-6, rtol=0)


def test_a_saved_codec_loads_and_sounds_the_same(codec: LappedCodec, tmp_path: Path) -> None:
    native.save(codec.to_native(), tmp_path / "model.safetensors")
    loaded = load_codec(tmp_path, "cpu")
    assert (loaded.info.family, loaded.info.books) == (codec.info.family, codec.info.books)
    native.save(loaded.to_native(), tmp_path / "again.safetensors")  # type: ignore[attr-defined]
    again = load_codec(tmp_path / "again.safetensors", "cpu")
    audio = voices(1.0)[None, None]
    encoded = loaded.encode(audio)
    assert torch.equal(again.encode(audio).codes, encoded.codes)
    assert abs(si_sdr_db(audio, loaded.decode(encoded)) - si_sdr_db(audio, codec.decode(codec.encode(audio)))) < 0.5


def test_a_file_that_does_not_fit_its_description_is_named(linear: LinearTransform, tmp_path: Path) -> None:
    data = LinearCodec(linear).to_native()
    broken = native.NativeFile(data.family, data.name, {**data.config, "dim": 8}, data.tensors)
    native.save(broken, tmp_path / "odd.safetensors")
    with pytest.raises(SpeefeareError, match=r"odd\.safetensors does not fit its own description"):
        load_codec(tmp_path / "odd.safetensors", "cpu")


def test_a_stream_refuses_another_batch(codec: LappedCodec) -> None:
    with pytest.raises(SpeefeareError, match="made for a batch of 2, not 1"):
        codec.stream(batch=2).step(torch.zeros(1, 1, HOP))


@pytest.mark.parametrize("wrong", [{"dim": 400}, {"power": 0.0}, {"books": 0}, {"book_size": True}])
def test_sizes_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LinearConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"subframes": 3}, {"fine_width": 0}, {"encoder_dilations": (1, 0)}, {"books": True}])
def test_sizes_of_a_sub_frame_codec_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="hop_samples" if "subframes" in wrong else next(iter(wrong))):
        SubframeConfig(**wrong)
