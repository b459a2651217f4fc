"""EnCodec: streams that begin as a file or in silence, ragged ends, segments, depth, files, training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from speefeare_core import blocks
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.checkpoints.official import Official
from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.codecs.encodec_stream import EncodecStream
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.encodec import EncodecConfig, EncodecModel
from tests.core.small_seanet import SEGMENTS, SIZES, liven, small_encodec, stereo
from tests.core.small_soundstream import RATE_HZ, voice_like

FRAMES = 42


@pytest.fixture(scope="module")
def codec() -> EncodecCodec:
    return small_encodec()


@pytest.fixture(scope="module")
def segmented() -> EncodecCodec:
    return small_encodec(3, **SEGMENTS)


def streamed(stream: EncodecStream, audio: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, latents and sound of whole frames in pieces and the ragged rest."""
    hop = stream.info.hop_samples
    whole = audio.shape[-1] // hop * hop
    codes, latents, sound = [], [], []
    for block in audio[..., :whole].split(frames * hop, dim=-1) if whole else ():
        step = stream.step(block)
        assert step.codes is not None and step.latents is not None
        codes.append(step.codes)
        latents.append(step.latents)
        sound.append(step.audio)
    last, last_latents = stream.finish_encode(audio[..., whole:])
    if last is not None and last_latents is not None:
        codes.append(last)
        latents.append(last_latents)
        sound.append(stream.decode(last))
    rest = stream.finish_decode()
    if rest is not None:
        sound.append(rest)
    return torch.cat(codes, dim=-1), torch.cat(latents, dim=-1), torch.cat(sound, dim=-1)


# -- streams ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("rest", [0, 1, 17])
@pytest.mark.parametrize("switches", [{}, {"pad_mode": "constant", "n_residual_layers": 2, "true_skip": True}])
def test_a_stream_from_the_beginning_of_a_file_is_the_file(switches: dict[str, object], rest: int, batch: int) -> None:
    codec = small_encodec(1, **switches)
    audio = voice_like(batch, FRAMES * codec.info.hop_samples + rest, seed=9)
    encoded = codec.encode(audio)
    decoded = codec.decode(encoded)
    assert all(book.unique().numel() >= 8 for book in encoded.codes.transpose(0, 1))
    for frames in (1, 2, 3, 7, FRAMES):
        codes, latents, sound = streamed(codec.stream(batch), audio, frames)
        assert torch.equal(codes, encoded.codes)
        torch.testing.assert_close(latents, encoded.latents, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(sound[..., : audio.shape[-1]], decoded, atol=1e-5, rtol=0)


def test_it_waits_for_as_many_frames_as_are_mirrored_and_no_longer(codec: EncodecCodec) -> None:
    hop = codec.info.hop_samples
    stream = codec.stream()
    audio = voice_like(1, 20 * hop)
    counts = []
    for block in audio.split(hop, dim=-1):
        codes, _ = stream.encode(block)
        counts.append(codes.shape[-1])
    assert counts == [0] * 6 + [7] + [1] * 13


@pytest.mark.parametrize("samples", [1, 39, 40, 41, 100, 240, 279, 280, 281])
def test_clips_shorter_than_what_is_waited_for(codec: EncodecCodec, samples: int) -> None:
    audio = voice_like(2, samples, seed=4)
    encoded = codec.encode(audio)
    codes, _, sound = streamed(codec.stream(2), audio, 1)
    assert torch.equal(codes, encoded.codes) and codes.shape[-1] == -(-samples // 40)
    torch.testing.assert_close(sound[..., :samples], codec.decode(encoded), atol=1e-5, rtol=0)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_stream_from_silence_answers_at_once_and_is_the_file_after_silence(codec: EncodecCodec, batch: int) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(batch, FRAMES * hop, seed=9)
    silence = torch.zeros(batch, 1, RATE_HZ)
    encoded = codec.encode(torch.cat([silence, audio], dim=-1))
    decoded = codec.decode(encoded)[..., RATE_HZ:]
    for frames in (1, 2, 7, FRAMES):
        stream = codec.stream(batch, start="silence")
        steps = [stream.step(block) for block in audio.split(frames * hop, dim=-1)]
        assert [step.audio.shape[-1] for step in steps][:2] == [frames * hop] * min(2, len(steps))
        codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
        assert torch.equal(codes, encoded.codes[..., RATE_HZ // hop :])
        torch.testing.assert_close(torch.cat([step.audio for step in steps], dim=-1), decoded, atol=1e-5, rtol=0)
        assert stream.finish_encode() == (None, None) and stream.finish_decode() is None


def test_a_stream_from_silence_ends_ragged_as_a_file(codec: EncodecCodec) -> None:
    audio = voice_like(1, 5 * codec.info.hop_samples + 11)
    encoded = codec.encode(torch.cat([torch.zeros(1, 1, RATE_HZ), audio], dim=-1))
    codes, _, _ = streamed(codec.stream(start="silence"), audio, 2)
    assert torch.equal(codes, encoded.codes[..., RATE_HZ // codec.info.hop_samples :])


@pytest.mark.parametrize("before", [2, 11])  # while it waits, and after
@pytest.mark.parametrize("start", ["file", "silence"])
def test_the_state_can_be_copied(codec: EncodecCodec, before: int, start: str) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(2, 20 * hop)
    first = codec.stream(2, start=start)  # type: ignore[arg-type]
    first.step(audio[..., : before * hop])
    state = first.get_state()
    expected = first.step(audio[..., before * hop :])
    other = codec.stream(2, start=start)  # type: ignore[arg-type]
    for _ in range(2):  # the second time from the same copy: going on must not have changed it
        other.set_state(state)
        got = other.step(audio[..., before * hop :])
        assert got.codes is not None and expected.codes is not None
        assert torch.equal(got.audio, expected.audio) and torch.equal(got.codes, expected.codes)
    other.reset()
    again = other.step(audio[..., : before * hop])
    assert torch.equal(again.audio, codec.stream(2, start=start).step(audio[..., : before * hop]).audio)  # type: ignore[arg-type]


def test_depth_and_books_of_a_stream(codec: EncodecCodec) -> None:
    audio = voice_like(1, 20 * codec.info.hop_samples)
    encoded = codec.encode(audio)
    stream = codec.stream(depth=2)
    torch.testing.assert_close(stream.step(audio).audio, codec.decode(encoded, 2), atol=1e-5, rtol=0)
    stream = codec.stream()
    stream.choose_books([3, 1])
    torch.testing.assert_close(stream.decode(encoded.codes), codec.decode(encoded, books=[1, 3]), atol=1e-5, rtol=0)
    with pytest.raises(SpeefeareError, match="books 0 to 3"):
        stream.choose_books([4])
    with pytest.raises(SpeefeareError, match="batch of 1"):
        stream.decode(encoded.codes.expand(2, -1, -1))


@pytest.mark.parametrize("switches", [{"causal": False}, SEGMENTS, {"trim_right_ratio": 0.5}])
def test_what_looks_ahead_says_so(switches: dict[str, object]) -> None:
    codec = small_encodec(2, **switches)
    assert not codec.info.streamable
    assert (codec.info.look_ahead_samples == 0) == codec.info.causal  # of the encoder
    with pytest.raises(SpeefeareError, match="cannot stream"):
        codec.stream()


def test_the_look_ahead_is_what_a_frame_depends_on() -> None:
    codec = small_encodec(2, causal=False)
    hop, ahead = codec.info.hop_samples, codec.info.look_ahead_samples
    assert ahead is not None
    audio = voice_like(1, 60 * hop)
    latents = codec.encode(audio).latents
    assert latents is not None
    for change, same in ((ahead, True), (ahead - 1, False)):  # the first sample after, and the last before
        other = audio.clone()
        other[..., 20 * hop + change :] = 0.5
        changed = codec.encode(other).latents
        assert changed is not None
        assert torch.equal(changed[..., :20], latents[..., :20]) == same


# -- segments ---------------------------------------------------------------------------------------------------


def test_segments_are_coded_alone(segmented: EncodecCodec) -> None:
    audio = stereo(2, 3 * 760 + 123)
    encoded = segmented.encode(audio)
    assert encoded.codes.shape[-1] == 3 * 20 + 4 == segmented.frames_for(audio.shape[-1])
    assert encoded.side["scale"].shape == (2, 64)
    for index in range(4):
        alone = segmented.encode(audio[..., index * 760 : index * 760 + 800][..., :800])
        frames = slice(20 * index, 20 * index + 20)
        assert torch.equal(alone.codes[..., :20], encoded.codes[..., frames])
        torch.testing.assert_close(alone.side["scale"][:, 0], encoded.side["scale"][:, 20 * index])
    assert segmented.info.frame_rate_hz == pytest.approx(20 * RATE_HZ / 760)
    assert segmented.info.bitrate_kbps() == pytest.approx(4 * 5 * 20 * RATE_HZ / 760 / 1000)


def test_a_louder_recording_has_the_same_codes_and_a_louder_sound(segmented: EncodecCodec) -> None:
    audio = stereo(1, 1500)
    quiet, loud = segmented.encode(audio), segmented.encode(4 * audio)
    assert torch.equal(quiet.codes, loud.codes)
    torch.testing.assert_close(4 * segmented.decode(quiet), segmented.decode(loud), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("samples", [1, 799, 800, 801, 765, 1560, 2403, 2403 + 760])
def test_segments_in_ragged_pieces_are_the_file(segmented: EncodecCodec, samples: int) -> None:
    audio = stereo(2, samples, seed=2)
    encoded = segmented.encode(audio)
    decoded = segmented.decode(encoded)
    assert decoded.shape == audio.shape and torch.isfinite(decoded).all()
    for size in (130, 800, 5000):
        pieces = list(blocks.encode(segmented, audio.split(size, dim=-1)))
        joined = blocks.join(segmented, pieces)
        assert joined.length_samples == samples
        assert torch.equal(joined.codes, encoded.codes)
        torch.testing.assert_close(joined.side["scale"], encoded.side["scale"])
        sound = torch.cat(list(blocks.decode(segmented, joined, piece_s=0.05)), dim=-1)
        assert torch.equal(sound, decoded)


def test_what_two_segments_share_is_faded(segmented: EncodecCodec) -> None:
    encoded = segmented.encode(stereo(1, 1500))
    parts = [segmented.decode_segment(part, (0, 1, 2, 3)) for part in _segments_of(encoded)]
    decoded = segmented.decode(encoded)
    torch.testing.assert_close(decoded[..., :760], parts[0][..., :760])
    torch.testing.assert_close(decoded[..., 800:], parts[1][..., 40 : 1500 - 760])
    low = torch.minimum(parts[0][..., 760:800], parts[1][..., :40]) - 1e-6
    high = torch.maximum(parts[0][..., 760:800], parts[1][..., :40]) + 1e-6
    assert bool(((decoded[..., 760:800] >= low) & (decoded[..., 760:800] <= high)).all())


def _segments_of(encoded: object) -> list[object]:
    from speefeare_core.codec import Encoded

    assert isinstance(encoded, Encoded)
    return [
        Encoded((encoded.codes[..., at : at + 20],), None, 0, {"scale": encoded.side["scale"][:, at : at + 20]})
        for at in range(0, encoded.codes.shape[-1], 20)
    ]


# -- depth, lengths, devices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small_encodec, lambda: small_encodec(3, **SEGMENTS)])
def test_depth_and_books(make: Callable[[], EncodecCodec]) -> None:
    codec = make()
    audio = stereo(1, 1700)[:, : codec.info.channels]
    encoded = codec.encode(audio)
    assert torch.equal(codec.encode(audio, depth=2).codes, encoded.codes[:, :2])
    for depth, decoded in codec.decode_depths(encoded):
        assert torch.equal(decoded, codec.decode(encoded, books=range(depth)))
    assert not torch.equal(codec.decode(encoded, books=[1]), codec.decode(encoded, 1))
    latents = codec.quantized_latents(encoded, 2)
    assert latents.shape == (1, codec.info.latent_dim, encoded.codes.shape[-1])


@pytest.mark.parametrize("switches", [{}, {"causal": False, "lstm": 1}])
def test_every_length_comes_back(switches: dict[str, object]) -> None:
    codec = small_encodec(5, **switches)
    for samples in (1, 7, 39, 40, 41, 523, 4001):
        encoded = codec.encode(voice_like(1, samples))
        assert encoded.codes.shape[-1] == -(-samples // 40)
        assert codec.decode(encoded).shape == (1, 1, samples)


# -- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, SEGMENTS, {"causal": False, "pad_mode": "constant"}])
def test_a_native_file_gives_the_same_codes(tmp_path: Path, switches: dict[str, object]) -> None:
    codec = small_encodec(2, **switches)
    path = tmp_path / "small.safetensors"
    native.save(codec.to_native(), path)
    loaded = load_codec(path, device="cpu")
    audio = stereo(1, 2000)[:, : codec.info.channels]
    assert torch.equal(loaded.encode(audio).codes, codec.encode(audio).codes)
    assert torch.equal(loaded.decode(loaded.encode(audio)), codec.decode(codec.encode(audio)))
    assert loaded.info.notes == codec.info.notes and loaded.info.licence == "MIT"


def official_tensors(codec: EncodecCodec) -> dict[str, Tensor]:
    """Under the names of the encodec package."""
    out = {}
    for name, tensor in codec.module.state_dict().items():
        name = name.replace(".conv.", ".conv.conv.").replace(".norm.", ".conv.norm.")
        if "quantizer" in name:
            name = name.replace("layers", "vq.layers").replace("codebook", "_codebook.embed")
        out[name] = tensor
    return out


def test_an_audiocraft_file_must_say_its_rate(codec: EncodecCodec) -> None:
    found = Official(
        Path("compression_state_dict.bin"), "encodec", "audiocraft", official_tensors(codec), {"seanet": {}}
    )
    with pytest.raises(SpeefeareError, match="sample_rate"):
        EncodecCodec.from_official(found)


def test_a_bare_file_of_audiocrafts_shape_says_what_was_assumed() -> None:
    codec = small_encodec(2, true_skip=True)
    found = Official(Path("state.th"), "encodec", "official", official_tensors(codec))
    loaded = EncodecCodec.from_official(found)
    assert loaded.info.rate_hz == 16000 and any("does not say its sample rate" in note for note in loaded.info.notes)


def test_a_file_that_lacks_layers_is_refused(codec: EncodecCodec) -> None:
    tensors = official_tensors(codec)
    cut = {name: tensor for name, tensor in tensors.items() if not name.startswith("decoder.model.0.")}
    with pytest.raises(SpeefeareError, match=r"lacks decoder.model.0.conv.bias"):
        EncodecCodec.from_official(Official(Path("a.th"), "encodec", "official", cut))
    cut = {name: tensor for name, tensor in tensors.items() if "quantizer" not in name}
    with pytest.raises(SpeefeareError, match="no codebooks"):
        EncodecCodec.from_official(Official(Path("a.th"), "encodec", "official", cut))
    cut = {name: tensor for name, tensor in tensors.items() if "encoder.model" not in name}
    with pytest.raises(SpeefeareError, match="its encoder"):
        EncodecCodec.from_official(Official(Path("a.th"), "encodec", "official", cut))


# -- training -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, SEGMENTS])
def test_it_learns(switches: dict[str, object]) -> None:
    torch.manual_seed(0)
    model = EncodecModel(EncodecConfig(**(SIZES | switches))).train()  # type: ignore[arg-type]
    liven(model)
    audio = stereo(4, 803)[:, : model.config.channels]
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    history = []
    for _ in range(15):
        made = model(audio, model.quantizer.sample_depths(4))
        assert made.audio.shape == audio.shape
        loss = (made.audio - audio).abs().mean() + 0.1 * made.quantized.commitment_loss
        optimiser.zero_grad()
        loss.backward()
        assert all(weight.grad is not None for weight in model.parameters())
        optimiser.step()
        history.append(loss.item())
    assert sum(history[-5:]) < 0.9 * sum(history[:5])
