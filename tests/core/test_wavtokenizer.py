"""WavTokenizer: files and their yaml, one book, blocks with the codes of the whole, gradients."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from speefeare_core import blocks
from speefeare_core.blocks.overlapped import OverlappedDecoder
from speefeare_core.blocks.seam import measure_seam
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.checkpoints.official import Official
from speefeare_core.codec import BlockContext
from speefeare_core.codecs import wavtokenizer_blocks
from speefeare_core.codecs.wavtokenizer import WavTokenizerCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.wavtokenizer import AttentionBlock, WavTokenizerConfig, WavTokenizerModel
from tests.core.speech import speech_like

CONFIG = WavTokenizerConfig(
    rate_hz=4_000, ratios=(5, 4), n_filters=4, latent_dim=16, book_size=32, dim=64, inner_dim=40, layers=2, n_fft=80
)
YAML = {
    "model": {
        "init_args": {
            "sample_rate": 4_000,
            "feature_extractor": {"init_args": {"dowmsamples": [5, 4], "vq_bins": 32}},
            "backbone": {"init_args": {"dim": 64, "num_layers": 2}},
            "head": {"init_args": {"n_fft": 80, "hop_length": 20, "padding": "same"}},
        }
    }
}


def sound(batch: int, samples: int) -> Tensor:
    return torch.stack([torch.from_numpy(speech_like(samples / 4_000, 4_000, seed)) for seed in range(batch)])[:, None]


@pytest.fixture(scope="module")
def codec() -> WavTokenizerCodec:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = WavTokenizerModel(CONFIG)
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "norm" not in name:
                torch.nn.init.normal_(weight, std=1.2 / (weight[0].numel() ** 0.5))
        with torch.no_grad():
            latents = model.encoder(sound(3, 6_000))
            model.quantizer.fit(latents.transpose(1, 2).reshape(-1, 16))
    model.requires_grad_(False)
    return WavTokenizerCodec(model, name="small", licence="MIT")


def official(codec: WavTokenizerCodec) -> dict[str, Tensor]:
    """The tensors under the published names."""
    named = {}
    for name, tensor in codec.module.state_dict().items():
        name = name.replace("quantizer.layers.0.codebook", "quantizer.vq.layers.0._codebook.embed")
        if name.startswith("encoder."):
            name = name.replace(".conv.", ".conv.conv.")
        inside = name.startswith(("encoder.", "quantizer."))
        named[f"feature_extractor.encodec.{name}" if inside else name.removeprefix("decoder.")] = tensor
    unused = {
        "feature_extractor.encodec.decoder.model.0.conv.conv.bias": torch.zeros(3),
        "multiresdisc.x": torch.ones(2),
    }
    return named | unused


def test_from_the_published_names(codec: WavTokenizerCodec) -> None:
    for config in (YAML, {}):
        found = Official(Path("small.ckpt"), "wavtokenizer", "official", official(codec), config)
        if not config:  # the yaml alone tells the rate
            assert WavTokenizerCodec.from_official(found).info.rate_hz == 24_000
            continue
        loaded = WavTokenizerCodec.from_official(found)
        assert loaded.module.config == CONFIG
        assert any("2 tensors" in note for note in loaded.info.notes)
        audio = sound(2, 3_333)
        encoded = loaded.encode(audio)
        assert torch.equal(encoded.codes, codec.encode(audio).codes)
        assert torch.equal(loaded.decode(encoded), codec.decode(encoded))


def test_a_yaml_of_another_model_is_refused(codec: WavTokenizerCodec) -> None:
    wrong = {"model": {"init_args": {"head": {"init_args": {"n_fft": 2400, "hop_length": 600}}}}}
    with pytest.raises(SpeefeareError, match="hop_length 600, but the weights are of 20"):
        WavTokenizerCodec.from_official(Official(Path("a.ckpt"), "wavtokenizer", "official", official(codec), wrong))


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        ("head.istft.window", "lacks decoder.head.istft.window"),
        ("backbone.pos_net.2.q.weight", "lacks decoder.backbone.pos_net.2.q.weight"),
        ("feature_extractor.encodec.encoder.model.0.conv.conv.weight", "a.ckpt"),
    ],
)
def test_a_file_that_is_cut_off_names_what_is_missing(codec: WavTokenizerCodec, dropped: str, words: str) -> None:
    tensors = official(codec)
    del tensors[dropped]
    with pytest.raises(SpeefeareError, match=words):
        WavTokenizerCodec.from_official(Official(Path("a.ckpt"), "wavtokenizer", "official", tensors, YAML))


def test_several_books_are_refused(codec: WavTokenizerCodec) -> None:
    more = {"feature_extractor.encodec.quantizer.vq.layers.1._codebook.embed": torch.zeros(32, 16)}
    with pytest.raises(SpeefeareError, match="several books"):
        WavTokenizerCodec.from_official(
            Official(Path("a.ckpt"), "wavtokenizer", "official", official(codec) | more, YAML)
        )


@pytest.mark.parametrize("samples", [1, 19, 20, 21, 3_333, 4_000])
def test_lengths_and_rows(codec: WavTokenizerCodec, samples: int) -> None:
    audio = sound(3, samples)
    encoded = codec.encode(audio)
    assert encoded.codes.shape == (3, 1, -(-samples // 20))
    decoded = codec.decode(encoded)
    assert decoded.shape == audio.shape
    alone = codec.encode(audio[1:2])
    assert torch.equal(alone.codes, encoded.codes[1:2])
    torch.testing.assert_close(codec.decode(alone), decoded[1:2], atol=1e-4, rtol=0)  # wild phases
    assert torch.equal(codec.decode(encoded, books=[0]), decoded)


def test_info(codec: WavTokenizerCodec) -> None:
    info = codec.info
    assert (info.depth, info.depth_mode, info.streamable, info.look_ahead_samples) == (1, "none", False, None)
    assert info.bitrate_kbps() == pytest.approx(5 * 200 / 1000)
    assert codec.block_context is not None and not codec.block_context.exact
    with pytest.raises(SpeefeareError, match="cannot stream"):
        codec.stream()
    encoded = codec.encode(sound(1, 1_000))
    latents = codec.quantized_latents(encoded)
    assert encoded.latents is not None and latents.shape == encoded.latents.shape
    assert float((latents - encoded.latents).square().mean()) < float(encoded.latents.var())


def test_long_recordings_have_the_codes_of_the_whole(codec: WavTokenizerCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = sound(2, 9_999)
    whole = codec.encode(audio)
    monkeypatch.setattr(wavtokenizer_blocks, "PIECE_S", 0.1)
    monkeypatch.setattr(wavtokenizer_blocks, "WHOLE_S", 1.0)
    assert torch.equal(codec.encode(audio).codes, whole.codes)
    for size in (333, 4_001, 9_999):
        joined = blocks.join(codec, blocks.encode(codec, torch.split(audio, size, dim=-1)))
        assert torch.equal(joined.codes, whole.codes)
        assert joined.length_samples == 9_999


def test_the_seam_is_measured_and_lies_in_the_decoder_alone(codec: WavTokenizerCodec) -> None:
    assert (blocks.way_of(codec), blocks.is_exact(codec)) == ("blocks", False)
    report = measure_seam(codec, sound(1, 12_000), BlockContext(200, (50, 50), (50, 50), False))
    assert report.seams == 2
    assert set(report.tokens_near) == set(report.tokens_away) == {1.0}
    assert report.audio_max_near > 0


def test_decoding_in_blocks_is_close_and_has_the_length(codec: WavTokenizerCodec) -> None:
    encoded = codec.encode(sound(1, 16_000))
    whole = codec.decode(encoded)
    decoder = OverlappedDecoder(codec, BlockContext(200, (50, 50), (50, 50), False), None, None)
    parts = [decoder.push(piece) for piece in blocks.split(codec.info, encoded, 170)]
    joined = torch.cat([*parts, decoder.finish()], dim=-1)
    assert joined.shape == whole.shape
    difference = joined - whole
    assert not torch.equal(joined, whole)  # the norms see the block alone
    assert float(difference.square().mean().sqrt()) < 0.5 * float(whole.square().mean().sqrt())


def test_attention_is_that_of_the_formula() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        block = AttentionBlock(64).eval()
        x = torch.randn(2, 64, 33)
    with torch.no_grad():
        normed = torch.nn.functional.group_norm(x, 32, block.norm.weight, block.norm.bias, 1e-6)
        scores = torch.einsum("bcq,bck->bqk", block.q(normed), block.k(normed)) / 8.0
        expected = x + block.proj_out(torch.einsum("bqk,bck->bcq", scores.softmax(-1), block.v(normed)))
        torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_native_file(codec: WavTokenizerCodec, tmp_path: Path) -> None:
    native.save(codec.to_native(), tmp_path / "small.safetensors")
    again = load_codec(tmp_path / "small.safetensors", device="cpu")
    audio = sound(1, 2_345)
    assert (again.info.name, again.info.licence) == ("small", "MIT")
    assert torch.equal(again.decode(again.encode(audio)), codec.decode(codec.encode(audio)))


def test_every_weight_learns() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = WavTokenizerModel(CONFIG).train()
        out = model(sound(2, 2_000))
        (out.audio.square().mean() + out.quantized.commitment_loss).backward()
    assert out.audio.shape == (2, 1, 2_000)
    dead = {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()}
    # A bias before a softmax over keys changes every score alike.
    assert dead <= {"decoder.backbone.pos_net.2.k.bias"}


@pytest.mark.parametrize(
    "entry", [{"dim": 40}, {"ratios": ()}, {"padding": "even"}, {"book_size": 1}, {"rate_hz": "x"}]
)
def test_impossible_sizes_are_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(entry))):
        WavTokenizerConfig.from_dict(CONFIG.to_dict() | entry)
    assert WavTokenizerConfig.from_dict(CONFIG.to_dict()) == CONFIG
