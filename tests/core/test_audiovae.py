"""AudioVAE: continuous latents, exact streams, two rates, files of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from speefeare_core import blocks, load_codec
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.official import Official
from speefeare_core.codecs.audiovae import AudioVaeCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.audiovae import AudioVaeConfig, AudioVaeModel

ONE = AudioVaeConfig(
    rate_hz=2000,
    out_rate_hz=2000,
    channels=4,
    strides=(2, 5, 4),
    latent_dim=6,
    decoder_channels=16,
    decoder_strides=(4, 5, 2),
)
TWO = AudioVaeConfig(
    rate_hz=2000,
    out_rate_hz=6000,
    channels=4,
    strides=(2, 5, 4),
    latent_dim=6,
    decoder_channels=32,
    decoder_strides=(4, 5, 3, 2),
    late=False,
    condition="scale_bias",
    condition_bounds_hz=(3000, 5000),
)
FRAMES = 21


def lively(config: AudioVaeConfig) -> AudioVaeModel:
    torch.manual_seed(7)
    model = AudioVaeModel(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("alpha"):
                weight.uniform_(0.5, 1.5)
            elif "_embed" in name:
                weight.normal_(float("scale" in name), 0.2)
            elif weight.ndim == 3:
                weight.normal_(0.0, (0.8 if name.startswith("encoder") else 0.5) / weight[0].numel() ** 0.5)
    return model.eval()


@pytest.fixture(scope="module", params=[ONE, TWO], ids=["1", "2"])
def codec(request: pytest.FixtureRequest) -> AudioVaeCodec:
    return AudioVaeCodec(lively(request.param), name="small")


def sound(codec: AudioVaeCodec, frames: float, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return 0.3 * torch.randn(batch, 1, round(frames * codec.info.hop_samples), generator=generator)


def test_what_it_says_of_itself(codec: AudioVaeCodec) -> None:
    info, config = codec.info, codec.module.config
    assert info.books == () and info.depth == 0 and info.depth_mode == "none"
    assert info.rate_hz == config.out_rate_hz and info.frame_rate_hz == 50
    assert info.streamable and info.causal and info.delay_samples == info.stream_delay_samples
    assert (info.delay_samples > 0) == (config.factor > 1)


@pytest.mark.parametrize("length", [1, 119, 120, 121, 1000, 2503])
def test_lengths(codec: AudioVaeCodec, length: int) -> None:
    audio = sound(codec, 70, 3)[..., :length]
    encoded = codec.encode(audio)
    assert encoded.code_groups == () and encoded.latents is not None
    assert encoded.latents.shape == (3, 6, codec.frames_for(length))
    assert codec.decode(encoded).shape == audio.shape
    assert [depth for depth, _ in codec.decode_depths(encoded)] == [0]
    with pytest.raises(SpeefeareError, match="depth"):
        codec.encode(audio, 1)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 7, FRAMES])
def test_streams_equal_the_whole(codec: AudioVaeCodec, batch: int, size: int) -> None:
    audio, delay = sound(codec, FRAMES, batch), codec.info.delay_samples
    encoded = codec.encode(audio)
    assert encoded.latents is not None and float(encoded.latents.std()) > 0.05
    whole = codec.decode(encoded)
    stream = codec.stream(batch)
    steps = [stream.step(piece) for piece in torch.split(audio, size * codec.info.hop_samples, dim=-1)]
    latents, heard = (torch.cat(parts, dim=-1) for parts in zip(*((s.latents, s.audio) for s in steps), strict=True))
    assert all(step.codes is None for step in steps)
    torch.testing.assert_close(latents, encoded.latents[..., :FRAMES], atol=1e-5, rtol=0)
    torch.testing.assert_close(heard[..., delay:], whole[..., : whole.shape[-1] - delay], atol=1e-5, rtol=0)


def test_the_state_is_a_value(codec: AudioVaeCodec) -> None:
    """A copied state goes on alike on another stream, whatever the first one does meanwhile."""
    pieces = torch.split(sound(codec, 9, 2), 3 * codec.info.hop_samples, dim=-1)
    first, second = codec.stream(2), codec.stream(2)
    first.step(pieces[0])
    kept = first.get_state()
    expected = first.step(pieces[1])
    first.step(pieces[2])
    second.set_state(kept)
    again = second.step(pieces[1])
    assert torch.equal(again.audio, expected.audio)
    second.reset()
    assert not torch.allclose(second.step(pieces[1]).audio, expected.audio, atol=1e-4)
    with pytest.raises(SpeefeareError, match="batch"):
        second.step(pieces[0][:1])


def test_long_recordings_by_carried_state(codec: AudioVaeCodec) -> None:
    assert blocks.way_of(codec) == "stream"
    audio = sound(codec, 30.4)
    whole = codec.encode(audio)
    joined = blocks.join(codec, blocks.encode(codec, audio.split(777, dim=-1)))
    assert joined.latents is not None and whole.latents is not None
    torch.testing.assert_close(joined.latents, whole.latents, atol=1e-5, rtol=0)
    decoded = torch.cat(list(blocks.decode(codec, whole, piece_s=0.13)), dim=-1)
    torch.testing.assert_close(decoded, codec.decode(whole), atol=1e-5, rtol=0)


def test_nothing_looks_ahead(codec: AudioVaeCodec) -> None:
    audio = sound(codec, FRAMES)
    changed = audio.clone()
    changed[..., 10 * codec.info.hop_samples :] += 1.0
    before, after = codec.encode(audio).latents, codec.encode(changed).latents
    assert before is not None and after is not None
    torch.testing.assert_close(after[..., :10], before[..., :10], atol=1e-6, rtol=0)
    assert not torch.allclose(after[..., 10:], before[..., 10:], atol=1e-3)


def test_the_rate_condition_chooses_its_row() -> None:
    """Bounds are the last rate of their range."""
    for rate_hz, row in ((2000, 0), (6000, 1), (8000, 1), (10000, 2)):
        strides = {2000: (4, 5, 2), 6000: (4, 5, 3, 2), 8000: (4, 5, 4, 2), 10000: (4, 5, 5, 2)}[rate_hz]
        config = AudioVaeConfig.from_dict(
            {**TWO.to_dict(), "out_rate_hz": rate_hz, "decoder_strides": strides, "condition_bounds_hz": [4000, 8000]}
        )
        assert {part.row for part in AudioVaeModel(config).decoder.sr_cond_model.values()} == {row}


def test_file_of_its_own(codec: AudioVaeCodec, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    native.save(codec.to_native(), path)
    loaded = load_codec(path, device="cpu")
    audio = sound(codec, 6)
    mine, its = codec.encode(audio), loaded.encode(audio)
    assert mine.latents is not None and its.latents is not None
    assert torch.equal(mine.latents, its.latents)
    assert torch.equal(codec.decode(mine), loaded.decode(mine))


def test_official_names_and_what_is_missing() -> None:
    model = lively(TWO)
    tensors = dict(model.state_dict())
    tensors["decoder.sr_bin_boundaries"] = torch.tensor(TWO.condition_bounds_hz, dtype=torch.int32)
    config = {"architecture": "voxcpm2", "audio_vae_config": {"sample_rate": 2000}}
    found = Official(Path("audiovae.pth"), "audiovae", "official", tensors, config)
    loaded = AudioVaeCodec.from_official(found)
    assert loaded.module.config == TWO
    whole = {f"audio_vae.{name}": tensor for name, tensor in tensors.items()}
    assert AudioVaeCodec.from_official(Official(found.path, "audiovae", "official", whole, config)).module.config == TWO
    for lost in ("encoder.fc_mu.weight", "encoder.fc_logvar.bias", "decoder.model.3.block.1.weight"):
        less = {name: tensor for name, tensor in tensors.items() if name != lost}
        with pytest.raises(SpeefeareError, match=r"audiovae\.pth"):
            AudioVaeCodec.from_official(Official(found.path, "audiovae", "official", less, config))


def test_without_a_config_the_rates_follow_from_25_frames() -> None:
    config = AudioVaeConfig(channels=4, decoder_channels=32)
    tensors = dict(AudioVaeModel(config).state_dict())
    loaded = AudioVaeCodec.from_official(Official(Path("audiovae.pth"), "audiovae", "official", tensors))
    assert loaded.module.config == config and loaded.info.rate_hz == 16000
    assert any("25 frames" in note for note in loaded.info.notes)


def test_sizes_that_cannot_work_are_refused() -> None:
    for wrong in ({"out_rate_hz": 4000}, {"condition": "magic"}, {"channels": 0}):
        with pytest.raises(ValueError, match="AudioVAE"):
            AudioVaeConfig.from_dict({**ONE.to_dict(), **wrong})


def test_it_can_be_trained() -> None:
    torch.manual_seed(0)
    model = lively(ONE).train()
    audio = 0.5 * torch.sin(torch.arange(1600) * 0.2)[None, None]
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    errors = []
    for _ in range(25):
        output = model(audio)
        assert not torch.equal(output.latents, output.mean)
        error = (output.audio - audio).square().mean()
        optimiser.zero_grad()
        (error + 1e-3 * output.kl_loss).backward()
        if not errors:
            assert all(weight.grad is not None for weight in model.parameters())
        optimiser.step()
        errors.append(float(error.detach()))
    assert sum(errors[-5:]) < 0.8 * sum(errors[:5])
    assert torch.equal(model(audio, sample=False).latents, model(audio, sample=False).mean)
