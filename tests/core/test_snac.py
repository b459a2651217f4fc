"""SNAC: books of several rates, rows equal to modules, noise that repeats, blocks, depth, files, gradients."""

from __future__ import annotations

import copy
import itertools
import math
from pathlib import Path

import pytest
import torch

from speefeare_core import blocks, load_codec, token_file
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.official import Official
from speefeare_core.codec import Encoded
from speefeare_core.codecs.snac import SnacCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn import snac_rows
from speefeare_core.nn.local_attention import LocalAttention
from speefeare_core.nn.snac import SnacConfig, SnacModel
from speefeare_core.nn.snac_rows import windows
from tests.core.small_snac import KINDS, small_snac, sound


@pytest.fixture(scope="module", params=KINDS)
def codec(request: pytest.FixtureRequest) -> SnacCodec:
    return small_snac(request.param)


def plainly(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """By the modules, as with gradients."""
    with torch.enable_grad():
        out: torch.Tensor = module(x.clone().requires_grad_())
    return out.detach()


# -- structure -------------------------------------------------------------------------------------


def test_default_is_the_published_model() -> None:
    codec = SnacCodec(SnacModel(SnacConfig()))
    info = codec.info
    assert info.rate_hz == 24000 and info.hop_samples == 512 and info.latent_dim == 768
    assert [book.frame_rate_hz for book in info.books] == [46.875 / 4, 46.875 / 2, 46.875]
    assert info.bitrate_kbps() == pytest.approx(0.984, abs=1e-3)
    assert 19.5e6 < info.parameters < 20.2e6
    assert not info.streamable and info.look_ahead_samples is not None
    assert any("noise" in note for note in info.notes)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"strides": (2, 0)}, "strides"),
        ({"strides": [2]}, "strides"),
        ({"decoder_strides": (8, 8, 4)}, "same rate"),
        ({"book_strides": (4, 3, 1)}, "multiple"),
        ({"attention_window": 32, "channels": 5}, "64"),
        ({"noise": 1}, "noise"),
        ({"decoder_channels": 100}, "halved"),
        ({"book_dim": 0}, "book_dim"),
        ({"attention_window": -1}, "attention_window"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        SnacConfig(**wrong)


# -- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [1, 5, 31, 64, 100])
@pytest.mark.parametrize("cuts", [1, 3, 7, 1000])
@pytest.mark.parametrize("margin", [1, 4, 50])
def test_windows_bring_their_surroundings(total: int, cuts: int, margin: int) -> None:
    rows = torch.arange(1.0, total + 1)[:, None].expand(-1, 2)
    padded = torch.cat([torch.zeros(margin, 2), rows, torch.zeros(margin, 2)])
    at = 0
    for window, first, count in windows(rows.split(cuts), total, 16, margin):
        assert first == at - margin
        assert torch.equal(window, padded[at : at + count + 2 * margin])
        at += count
    assert at == total


@pytest.mark.parametrize("elements", [1 << 10, 1 << 13, 1 << 17])
def test_rows_are_the_modules(codec: SnacCodec, elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snac_rows, "WINDOW_ELEMENTS", elements)
    model, unit = codec.module, codec.module.config.unit_frames * codec.info.hop_samples
    audio = sound(2, 3 * unit)
    latents = model.encoder(audio)
    expected = plainly(model.encoder, audio)
    torch.testing.assert_close(latents, expected, atol=1e-5, rtol=1e-5)
    assert expected.std() > 0.05
    torch.testing.assert_close(model.decoder(latents), plainly(model.decoder, latents), atol=1e-5, rtol=1e-5)


def test_alphas_near_zero_and_negative(codec: SnacCodec) -> None:
    model = copy.deepcopy(codec.module)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("alpha"):
                weight.view(-1)[0] = 0.0
                weight.view(-1)[1] = -0.7
                weight.view(-1)[2] = 1e-5
    audio = sound(1, 2 * model.config.unit_frames * model.config.hop_samples)
    latents = model.encoder(audio)
    torch.testing.assert_close(latents, plainly(model.encoder, audio), atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(model.decoder(latents), plainly(model.decoder, latents), atol=2e-5, rtol=1e-4)


def test_rows_follow_the_weights() -> None:
    model = copy.deepcopy(small_snac().module)
    audio = sound(1, 2048)
    before = model.encoder(audio)
    with torch.no_grad():
        model.encoder.block[1].block[0].block[1].weight.mul_(0.5)
    after = model.encoder(audio)
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(after, plainly(model.encoder, audio), atol=1e-5, rtol=1e-5)


# -- attention -------------------------------------------------------------------------------------


def test_windows_attend_to_themselves_alone() -> None:
    torch.manual_seed(0)
    attention = LocalAttention(128, 8)
    x = torch.randn(2, 128, 24)
    changed = x.clone()
    changed[:, :, 9] += 1
    with torch.no_grad():
        moved = (attention(changed) - attention(x)).abs().amax(dim=(0, 1))
    assert bool((moved[8:16] > 0).all())
    assert float(moved[:8].max()) < 1e-6 and float(moved[16:].max()) < 1e-6
    with pytest.raises(ValueError, match="windows"):
        attention(x[..., :-1])


# -- books of several rates ------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 4001, 8192])
def test_each_rate_is_a_group(codec: SnacCodec, length: int) -> None:
    encoded = codec.encode(sound(2, length))
    config, info = codec.module.config, codec.info
    frames = -(-length // (config.unit_frames * info.hop_samples)) * config.unit_frames
    assert codec.frames_for(length) == frames
    strides = list(dict.fromkeys(config.book_strides))
    assert [group.shape for group in encoded.code_groups] == [
        (2, config.book_strides.count(stride), frames // stride) for stride in strides
    ]
    assert encoded.latents is not None and encoded.latents.shape == (2, info.latent_dim, frames)
    assert encoded.codes.shape == (2, info.depth, frames)
    assert codec.decode(encoded).shape == (2, 1, length)
    assert [book.frame_rate_hz * stride for book, stride in zip(info.books, config.book_strides, strict=True)] == (
        [info.frame_rate_hz] * info.depth
    )


def test_depth_is_an_argument(codec: SnacCodec) -> None:
    audio = sound(1, 8192)
    encoded = codec.encode(audio)
    assert all(book.unique().numel() >= 5 for group in encoded.code_groups for book in group[0])
    sounds = []
    for depth in range(1, codec.info.depth + 1):
        shallow = codec.encode(audio, depth)
        assert sum(group.shape[1] for group in shallow.code_groups) == depth
        for mine, whole in zip(shallow.code_groups, encoded.code_groups, strict=False):
            assert torch.equal(mine, whole[:, : mine.shape[1]])
        sounds.append(codec.decode(encoded, depth))
        assert torch.equal(sounds[-1], codec.decode(shallow))
        assert torch.equal(sounds[-1], codec.decode(encoded, books=range(depth)))
    assert all(float((a - b).abs().max()) > 1e-3 for a, b in itertools.pairwise(sounds))
    alone = codec.decode(encoded, books=[1])
    assert float((alone - sounds[1]).abs().max()) > 1e-3
    quantised = codec.quantized_latents(encoded, 1) + codec.module.quantizer.book(1).decode(codec._rows(encoded)[1])
    torch.testing.assert_close(quantised, codec.quantized_latents(encoded, 2))


def test_tokens_of_several_rates_survive_a_file(codec: SnacCodec, tmp_path: Path) -> None:
    encoded = codec.encode(sound(1, 5001))
    told = token_file.write(tmp_path / "tokens.safetensors", encoded, codec.info)
    assert told.depth == codec.info.depth and told.frames == codec.frames_for(5001)
    info, read = token_file.read(tmp_path / "tokens.safetensors")
    info.check_fits(codec.info)
    assert read.length_samples == 5001 and len(read.code_groups) == len(encoded.code_groups)
    for mine, theirs in zip(read.code_groups, encoded.code_groups, strict=True):
        assert torch.equal(mine, theirs)
    assert torch.equal(codec.decode(read), codec.decode(encoded))


def test_each_of_a_batch_is_what_it_is_alone(codec: SnacCodec) -> None:
    audio = sound(3, 4001)
    together = codec.encode(audio)
    heard = codec.decode(together)
    for row in range(3):
        alone = codec.encode(audio[row : row + 1])
        for mine, theirs in zip(alone.code_groups, together.code_groups, strict=True):
            assert torch.equal(mine, theirs[row : row + 1])
        torch.testing.assert_close(codec.decode(alone), heard[row : row + 1], atol=1e-5, rtol=0)


# -- noise -----------------------------------------------------------------------------------------


def test_noise_repeats_and_can_be_left_out() -> None:
    codec = small_snac()
    encoded = codec.encode(sound(1, 8192))
    quiet = codec.with_noise(False)
    assert torch.equal(codec.decode(encoded), codec.decode(encoded))
    heard, without = codec.decode(encoded), quiet.decode(encoded)
    assert float((heard - without).abs().max()) > 1e-3
    assert any("switched off" in note for note in quiet.info.notes) and "made for tests" in quiet.info.notes
    assert torch.equal(codec.decode(encoded), heard), "one codec must not switch the other"
    ours, theirs = next(codec.module.parameters()), next(quiet.module.parameters())
    assert ours.data_ptr() == theirs.data_ptr(), "the weights are shared"
    torch.testing.assert_close(quiet.with_noise(True).decode(encoded), heard)


def test_noise_is_new_at_each_training_step() -> None:
    model = small_snac().module.train()
    latents = torch.zeros(1, model.config.latent_dim, 8)
    assert not torch.equal(model.decoder(latents), model.decoder(latents))


# -- long recordings -------------------------------------------------------------------------------


def test_blocks_are_the_whole(codec: SnacCodec) -> None:
    """Also across the repetition of the noise, and with windows of attention that the blocks must not split."""
    unit = codec.module.config.unit_frames
    block = (codec.module.config.noise_frames if codec.module.config.noise else 16 * unit) + 3 * unit
    audio = sound(1, 3 * block * codec.info.hop_samples + 1)
    whole = codec.encode(audio)
    context = codec.block_context
    assert context is not None and context.exact
    assert all(frames % unit == 0 for frames in (context.frames, *context.encode, *context.decode))
    small = copy.copy(codec)
    small.block_context = type(context)(block, context.encode, context.decode, exact=True)
    pieces = list(blocks.encode(small, iter(audio.split(3001, dim=-1))))
    assert len(pieces) > 2
    joined = blocks.join(small, pieces)
    for mine, theirs in zip(joined.code_groups, whole.code_groups, strict=True):
        assert torch.equal(mine, theirs)
    decoder = blocks.decoder(small, batch=1)
    heard = torch.cat([*(decoder.push(piece) for piece in pieces), decoder.finish()], dim=-1)
    torch.testing.assert_close(heard, codec.decode(whole), atol=1e-5, rtol=0)


def test_the_context_is_what_frames_depend_on() -> None:
    """One sample beyond the context changes nothing; one within reach does."""
    codec = small_snac()
    context, hop, unit = codec.block_context, codec.info.hop_samples, codec.module.config.unit_frames
    assert context is not None
    first = 40 * unit
    audio = sound(1, 80 * unit * hop)
    plain = codec.module.encoder(audio)[..., first : first + unit]
    for sample, moves in (
        ((first - context.encode[0]) * hop - 1, False),
        ((first + unit + context.encode[1]) * hop, False),
        (first * hop - hop, True),
        ((first + unit) * hop + hop, True),
    ):
        changed = audio.clone()
        changed[..., sample] += 1.0
        moved = float((codec.module.encoder(changed)[..., first : first + unit] - plain).abs().max())
        assert (moved > 1e-6) is moves, (sample, moved)


# -- files -----------------------------------------------------------------------------------------


def test_native_file_and_back(codec: SnacCodec, tmp_path: Path) -> None:
    native.save(codec.to_native(), tmp_path / "model.safetensors")
    again = load_codec(tmp_path / "model.safetensors", device="cpu")
    assert again.info.notes == codec.info.notes and again.info.books == codec.info.books
    encoded = codec.encode(sound(1, 4001))
    for mine, theirs in zip(again.encode(sound(1, 4001)).code_groups, encoded.code_groups, strict=True):
        assert torch.equal(mine, theirs)
    torch.testing.assert_close(again.decode(encoded), codec.decode(encoded), atol=1e-6, rtol=0)


@pytest.mark.parametrize("wrong", [{"vq_strides": [4, 3]}, {"encoder_rates": "x"}, {"latent_dim": 7}])
def test_a_wrong_configuration_is_told_in_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(SpeefeareError, match="config.json"):
        SnacCodec.from_official(Official(Path("somewhere"), "snac", "official", {}, wrong))


def test_missing_tensors_are_listed() -> None:
    config = {"encoder_dim": 4, "encoder_rates": [2], "decoder_dim": 8, "decoder_rates": [2], "attn_window_size": None}
    with pytest.raises(SpeefeareError, match="lacks .*decoder.model"):
        SnacCodec.from_official(Official(Path("somewhere"), "snac", "official", {}, config))


# -- training --------------------------------------------------------------------------------------


def test_gradients_reach_every_weight(codec: SnacCodec) -> None:
    model = copy.deepcopy(codec.module).train().requires_grad_(True)
    unit = model.config.unit_frames * model.config.hop_samples
    out = model(sound(2, 2 * unit), depths=torch.tensor([1, len(model.config.book_strides)]))
    assert out.audio.shape == (2, 1, 2 * unit)
    (out.audio.square().mean() + out.quantized.commitment_loss + out.quantized.codebook_loss).backward()
    lost = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not lost
    assert math.isfinite(out.quantized.codebook_loss.item())


def test_codes_of_another_device_are_moved() -> None:
    codec = small_snac()
    encoded = codec.encode(sound(1, 2048))
    given = Encoded(tuple(group.int() for group in encoded.code_groups), None, 2048)
    assert torch.equal(codec.decode(given), codec.decode(encoded))
