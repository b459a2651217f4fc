"""SoundStream: the paper's structure, streaming equal to offline, depth, lengths, files, training."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Encoded
from speefeare_core.codecs import soundstream as soundstream_module
from speefeare_core.codecs.soundstream import SoundStreamCodec
from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.nn.soundstream import SoundStreamConfig, SoundStreamModel
from speefeare_core.stream import Framer
from speefeare_core.training.recipe import read_recipe
from tests.core.small_soundstream import RATE_HZ, small_codec, small_config, voice_like

FRAMES = 42
SHAPES: list[dict[str, object]] = [
    {},
    {"strides": (2, 4, 5, 8), "channels": 3, "decoder_channels": 5},
    {"strides": (3, 7), "channels": 6, "latent_dim": 9, "books": 12},
    {"strides": (8, 1, 2), "channels": 5, "latent_dim": 33, "book_size": 100, "denoise_switch": True},
]


@pytest.fixture(scope="module")
def codec() -> SoundStreamCodec:
    return small_codec()


def whole_file(codec: SoundStreamCodec, audio: Tensor) -> tuple[Encoded, Tensor]:
    encoded = codec.encode(audio)
    return encoded, codec.decode(encoded)


def assert_varied(codes: Tensor) -> None:
    """Every book speaks: agreement of codes means nothing where they never change."""
    assert all(book.unique().numel() >= 8 for book in codes.transpose(0, 1))


# -- structure ------------------------------------------------------------------------------------------------


def test_default_is_the_paper() -> None:
    model = SoundStreamModel(SoundStreamConfig())
    codec = SoundStreamCodec(model)
    assert codec.info.rate_hz == 24000 and codec.info.hop_samples == 320 and codec.info.frame_rate_hz == 75
    assert codec.info.bitrate_kbps() == pytest.approx(6.0)
    down = [part for part in model.encoder.modules() if isinstance(part, CausalConv1d)]
    assert [part.kernel_size[0] for part in (down[0], down[-1])] == [7, 3]
    strided = [part for part in down if part.stride[0] > 1]
    assert [(part.stride[0], part.kernel_size[0], part.out_channels) for part in strided] == [
        (2, 4, 64), (4, 8, 128), (5, 10, 256), (8, 16, 512),
    ]  # fmt: skip
    assert [part.dilation[0] for part in down if part.kernel_size[0] == 7][1:] == [1, 3, 9] * 4
    up = [part for part in model.decoder.modules() if isinstance(part, CausalConvTranspose1d)]
    assert [(part.stride[0], part.kernel_size[0], part.out_channels) for part in up] == [
        (8, 16, 256), (5, 10, 128), (4, 8, 64), (2, 4, 32),
    ]  # fmt: skip
    assert not any("Norm" in type(part).__name__ for part in model.modules())
    assert any("no official PyTorch weights" in note for note in codec.info.notes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"strides": []}, {"strides": [2, 0]}, {"channels": 2.5}, {"books": 0}, {"book_size": 1}, {"widht": 3},
        {"rate_hz": True}, {"denoise_switch": 1}, {"strides": 4}, {"latent_dim": "64"},
    ],
)  # fmt: skip
def test_config_refuses_what_cannot_work(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="SoundStream"):
        SoundStreamConfig.from_dict(wrong)


def test_config_survives_json() -> None:
    config = small_config(denoise_switch=True)
    assert SoundStreamConfig.from_dict(config.to_dict()) == config


# -- streaming equals offline -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", range(len(SHAPES)))
@pytest.mark.parametrize("batch", [1, 3])
def test_streaming_equals_offline_for_every_chunking(shape: int, batch: int) -> None:
    codec = small_codec(seed=shape, **SHAPES[shape])
    hop = codec.info.hop_samples
    audio = voice_like(batch, FRAMES * hop, seed=9)
    encoded, decoded = whole_file(codec, audio)
    assert_varied(encoded.codes)
    for frames in (1, 2, 3, 7, FRAMES):
        stream = codec.stream(batch)
        steps = [stream.step(block) for block in audio.split(frames * hop, dim=-1)]
        codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
        assert torch.equal(codes, encoded.codes)
        torch.testing.assert_close(torch.cat([step.audio for step in steps], dim=-1), decoded, atol=1e-5, rtol=0)
        latents = torch.cat([step.latents for step in steps if step.latents is not None], dim=-1)
        torch.testing.assert_close(latents, encoded.latents, atol=1e-4, rtol=1e-4)


def test_ragged_blocks_through_a_framer(codec: SoundStreamCodec) -> None:
    hop, rng = codec.info.hop_samples, np.random.default_rng(0)
    audio = voice_like(1, FRAMES * hop - 11)
    encoded, decoded = whole_file(codec, audio)
    framer, stream, at = Framer(hop), codec.stream(), 0
    codes, out = [], []
    while at < audio.shape[-1]:
        size = int(rng.integers(1, 3 * hop))
        frames = framer.push(audio[0, :, at : at + size].numpy())
        at += size
        if at >= audio.shape[-1]:
            frames = np.concatenate([frames, framer.flush()], axis=1)
        if frames.shape[1]:
            step = stream.step(torch.from_numpy(frames)[None])
            codes.append(step.codes)
            out.append(step.audio)
    assert torch.equal(torch.cat([code for code in codes if code is not None], dim=-1), encoded.codes)
    joined = torch.cat(out, dim=-1)[..., : audio.shape[-1]]
    torch.testing.assert_close(joined, decoded, atol=1e-5, rtol=0)


def test_state_can_be_copied_to_another_stream(codec: SoundStreamCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(2, 20 * hop)
    first = codec.stream(batch=2)
    first.step(audio[..., : 7 * hop])
    state = first.get_state()
    expected = first.step(audio[..., 7 * hop :])
    other = codec.stream(batch=2)
    for _ in range(2):  # the second time from the same copy: going on must not have changed it
        other.set_state(state)
        got = other.step(audio[..., 7 * hop :])
        assert torch.equal(got.audio, expected.audio)
        assert got.codes is not None and expected.codes is not None and torch.equal(got.codes, expected.codes)
    other.reset()
    assert torch.equal(other.step(audio[..., : 7 * hop]).audio, codec.stream(batch=2).step(audio[..., : 7 * hop]).audio)


def test_encoder_and_decoder_of_a_stream_work_alone(codec: SoundStreamCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(1, 12 * hop)
    encoded, decoded = whole_file(codec, audio)
    sender, receiver = codec.stream(), codec.stream()
    parts = [receiver.decode(sender.encode(block)[0]) for block in audio.split(3 * hop, dim=-1)]  # type: ignore[arg-type]
    torch.testing.assert_close(torch.cat(parts, dim=-1), decoded, atol=1e-5, rtol=0)
    assert set(sender.state) == {"encoder"} and set(receiver.state) == {"decoder"}
    assert encoded.codes.shape == (1, 4, 12)


def test_depth_of_a_stream_may_change_between_steps(codec: SoundStreamCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(1, 10 * hop)
    stream = codec.stream(depth=2)
    shallow = stream.step(audio)
    assert shallow.codes is not None and shallow.codes.shape[1] == 4  # encoding always uses every book
    torch.testing.assert_close(shallow.audio, codec.decode(codec.encode(audio), depth=2), atol=1e-5, rtol=0)
    stream.depth = 4
    full = stream.step(audio).audio
    assert not torch.equal(full, shallow.audio)


def test_streams_share_weights_but_no_state(codec: SoundStreamCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(1, 6 * hop)
    alone = codec.stream().step(audio).audio
    busy, quiet = codec.stream(), codec.stream()
    busy.step(torch.ones(1, 1, 4 * hop))
    assert torch.equal(quiet.step(audio).audio, alone)


def test_wrong_blocks_are_refused_in_words(codec: SoundStreamCodec) -> None:
    stream = codec.stream()
    with pytest.raises(SpeefeareError, match="whole frames"):
        stream.step(torch.zeros(1, 1, codec.info.hop_samples + 1))
    with pytest.raises(SpeefeareError, match="batch of 1"):
        stream.step(torch.zeros(2, 1, codec.info.hop_samples))


def test_nothing_looks_ahead(codec: SoundStreamCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(1, 30 * hop)
    changed = audio.clone()
    changed[..., 20 * hop :] = 0.5
    before, after = codec.encode(audio).codes, codec.encode(changed).codes
    assert torch.equal(before[..., :20], after[..., :20])
    assert not torch.equal(before[..., 20:], after[..., 20:])


@pytest.mark.parametrize("block_s", [0.04, 0.3, 60.0])
def test_a_file_gives_the_same_codes_whatever_the_block(
    codec: SoundStreamCodec, monkeypatch: pytest.MonkeyPatch, block_s: float
) -> None:
    audio = voice_like(2, 3 * RATE_HZ + 17)
    encoded, decoded = whole_file(codec, audio)
    assert_varied(encoded.codes)
    longest = 0
    inner = codec.module.encoder.step

    def watched(x: Tensor, state: object) -> tuple[Tensor, object]:
        nonlocal longest
        longest = max(longest, x.shape[-1])
        return inner(x, state)

    monkeypatch.setattr(soundstream_module, "CPU_BLOCK_S", block_s)
    monkeypatch.setattr(codec.module.encoder, "step", watched)
    in_blocks = codec.encode(audio)
    assert 0 < longest <= max(block_s * RATE_HZ, codec.info.hop_samples)  # memory is bounded by the block
    assert torch.equal(in_blocks.codes, encoded.codes)
    torch.testing.assert_close(codec.decode(in_blocks), decoded, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        codec.decode(in_blocks, depth=2), codec.decode(codec.encode(audio, depth=2)), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_the_codec_computes_what_the_network_was_trained_as(shape: int) -> None:
    """Blocks with carried state against torch's own convolutions over the whole signal at once."""
    codec = small_codec(seed=shape, **SHAPES[shape])
    audio = voice_like(2, FRAMES * codec.info.hop_samples)
    encoded, decoded = whole_file(codec, audio)
    with torch.no_grad():
        made = codec.module(audio)
        torch.testing.assert_close(encoded.latents, made.latents, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(decoded, codec.module.decoder(codec.quantized_latents(encoded)), atol=1e-5, rtol=0)


# -- depth and length -------------------------------------------------------------------------------------------


def test_decoding_at_a_depth_equals_encoding_at_it(codec: SoundStreamCodec) -> None:
    audio = voice_like(2, 25 * codec.info.hop_samples + 3)
    encoded = codec.encode(audio)
    decoded = dict(codec.decode_depths(encoded))
    assert list(decoded) == [1, 2, 3, 4]
    for depth, at_depth in decoded.items():
        shallow = codec.encode(audio, depth=depth)
        assert shallow.codes.shape[1] == depth
        assert torch.equal(shallow.codes, encoded.codes[:, :depth])
        assert torch.equal(at_depth, codec.decode(encoded, depth=depth))
        assert torch.equal(at_depth, codec.decode(shallow))
    assert all(not torch.equal(one, other) for one, other in pairwise(decoded.values()))


def test_quantised_latents_come_nearer_with_depth(codec: SoundStreamCodec) -> None:
    encoded = codec.encode(voice_like(1, 100 * codec.info.hop_samples, seed=5))
    assert encoded.latents is not None
    errors = [
        (codec.quantized_latents(encoded, depth) - encoded.latents).square().mean().item() for depth in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True) and errors[-1] < errors[0]


@pytest.mark.parametrize("samples", [1, 2, 39, 40, 41, 1000, 1001])
def test_decode_gives_exactly_the_original_length(codec: SoundStreamCodec, samples: int) -> None:
    encoded = codec.encode(voice_like(1, samples))
    assert codec.decode(encoded).shape == (1, 1, samples)
    assert encoded.codes.shape[-1] == -(-samples // codec.info.hop_samples)


def test_a_depth_that_does_not_exist_is_refused(codec: SoundStreamCodec) -> None:
    with pytest.raises(SpeefeareError, match="choose 1 to 4"):
        codec.encode(voice_like(1, 100), depth=5)
    with pytest.raises(SpeefeareError, match="choose 1 to 4"):
        codec.stream(depth=0)


# -- denoising switch -------------------------------------------------------------------------------------------


def test_the_denoising_switch_changes_codes_only_once_it_is_trained() -> None:
    codec = small_codec(seed=3, denoise_switch=True)
    audio = voice_like(1, 40 * codec.info.hop_samples)
    on = codec.with_denoise(True)
    assert torch.equal(on.encode(audio).codes, codec.encode(audio).codes)  # FiLM starts as the identity
    assert codec.module.film is not None
    codec.module.film.gamma[1] *= 0.5
    assert not torch.equal(on.encode(audio).codes, codec.encode(audio).codes)
    step = on.stream().step(audio)
    assert step.codes is not None and torch.equal(step.codes, on.encode(audio).codes)


def test_a_codec_without_the_switch_says_so(codec: SoundStreamCodec) -> None:
    with pytest.raises(SpeefeareError, match="denoising switch"):
        codec.with_denoise(True)


# -- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("denoise_switch", [False, True])
def test_a_native_file_gives_the_same_codes(tmp_path: Path, denoise_switch: bool) -> None:
    codec = small_codec(seed=2, denoise_switch=denoise_switch)
    path = tmp_path / "small.safetensors"
    native.save(codec.to_native(), path)
    loaded = load_codec(path, device="cpu")
    audio = voice_like(1, 60 * codec.info.hop_samples)
    encoded, again = codec.encode(audio), loaded.encode(audio)
    assert_varied(encoded.codes)
    assert torch.equal(again.codes, encoded.codes)
    assert torch.equal(loaded.decode(again), codec.decode(encoded))
    assert loaded.info.name == "small-2" and loaded.info.licence == "MIT" and loaded.info.source == str(path)
    assert loaded.info.notes == codec.info.notes  # and a second round trip adds nothing


@pytest.mark.parametrize("config", [{"books": 3}, {"channels": 8}, {"strides": [2, 4]}, {"no_such": 1}])
def test_a_file_that_contradicts_itself_is_refused(
    codec: SoundStreamCodec, tmp_path: Path, config: dict[str, object]
) -> None:
    data = codec.to_native()
    path = tmp_path / "bad.safetensors"
    native.save(native.NativeFile("soundstream", "bad", data.config | config, data.tensors), path)
    with pytest.raises(SpeefeareError, match="does not fit its own description"):
        load_codec(path, device="cpu")


# -- training ---------------------------------------------------------------------------------------------------


def test_a_tiny_soundstream_learns_with_the_papers_losses() -> None:
    """Reconstruction 1, feature matching 100, adversarial 1; both discriminators; quantiser dropout."""
    torch.manual_seed(0)
    model = SoundStreamModel(small_config(books=3)).train()
    wave = DISCRIMINATORS["multiscale_wave"](channels=4, max_channels=32)
    spectral = DISCRIMINATORS["complex_stft"](window=128, hop=32, channels=2)
    reconstruction = LOSSES["multiscale_mel"](rate_hz=RATE_HZ)
    hinge, matching = LOSSES["hinge"](), LOSSES["feature_matching"]()
    generator_optimiser = torch.optim.Adam(model.parameters(), 3e-3, betas=(0.5, 0.9))
    judge_optimiser = torch.optim.Adam([*wave.parameters(), *spectral.parameters()], 1e-3, betas=(0.5, 0.9))
    audio = voice_like(4, 40 * model.config.hop_samples)
    history = []
    for _ in range(40):
        made = model(audio, model.quantizer.sample_depths(4))
        real, fake = wave(audio) + spectral(audio), wave(made.audio) + spectral(made.audio)
        spectrum = reconstruction(made.audio, audio)
        loss = hinge.generator(fake) + 100 * matching(real, fake) + spectrum + made.quantized.commitment_loss
        generator_optimiser.zero_grad()
        loss.backward()
        generator_optimiser.step()
        judged = wave(made.audio.detach()) + spectral(made.audio.detach())
        judge_optimiser.zero_grad()
        hinge.discriminator(wave(audio) + spectral(audio), judged).backward()
        judge_optimiser.step()
        history.append(spectrum.item())
    assert np.isfinite(history).all()
    assert np.mean(history[-5:]) < 0.7 * np.mean(history[:5])
    codes = SoundStreamCodec(model).encode(audio).codes
    used = [book.unique().numel() for book in codes.transpose(0, 1)]
    # Of 8 seeds the least is 14 in all and 3 in a book: the rounding of the machine decides which entries win.
    assert sum(used) > 12 and min(used) > 2, used


@pytest.mark.parametrize("name", ["soundstream-24k-paper", "soundstream-16k-small"])
def test_the_shipped_recipes_name_networks_losses_and_discriminators_that_exist(name: str) -> None:
    recipe = read_recipe(name)
    assert SoundStreamConfig.from_dict(recipe.network).books == {"paper": 8, "small": 6}[recipe.column]
    weight = {"paper": 1, "small": 0.02}[recipe.column]  # in small the discriminators would else go unheard
    assert [(term.key, term.weight) for term in recipe.losses] == [("multiscale_mel", weight)]
    judges = recipe.adversarial
    assert judges.feature is not None and (judges.generator.weight, judges.feature.weight) == (1, 100)
    for term in judges.discriminators:
        assert isinstance(DISCRIMINATORS[term.key](**term.options), torch.nn.Module)
