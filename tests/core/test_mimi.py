"""Mimi: streaming equal to offline far past the transformers' context, depths and books, files, training."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import renamed
from speefeare_core.codecs import mimi as mimi_module
from speefeare_core.codecs.mimi import SILENCE_FRAMES, MimiCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.mimi import MimiConfig, MimiModel
from speefeare_core.nn.rows import rows_layout
from speefeare_core.stream import Framer
from tests.core.small_mimi import small_codec, small_config
from tests.core.small_soundstream import voice_like

FRAMES = 90  # 180 steps of the transformers, which see 12 and remember 80


@pytest.fixture(scope="module")
def codec() -> MimiCodec:
    return small_codec()


def test_default_is_the_published_model() -> None:
    with torch.device("meta"):
        codec = MimiCodec(MimiModel(MimiConfig()))
    info = codec.info
    assert (info.rate_hz, info.hop_samples, info.frame_rate_hz, info.latent_dim) == (24_000, 1920, 12.5, 512)
    assert info.depth == 32 and info.bitrate_kbps(8) == pytest.approx(1.1)
    assert [book.role for book in info.books] == ["semantic"] + ["acoustic"] * 31 and info.depth_mode == "split"
    assert info.causal and info.streamable and info.delay_samples == info.stream_delay_samples == 0
    weights = sum(weight.numel() for weight in codec.module.parameters())
    assert round(weights / 1e6, 1) == 79.3


@pytest.mark.parametrize("changes", [{}, {"n_residual_layers": 2, "frame_stride": 3, "books": 9, "semantic_books": 2}])
@pytest.mark.parametrize("batch", [1, 3])
def test_streaming_equals_offline_for_every_chunking(batch: int, changes: dict[str, object]) -> None:
    codec = small_codec(**changes)
    hop = codec.info.hop_samples
    audio = voice_like(batch, FRAMES * hop, seed=9)
    encoded = codec.encode(audio)
    decoded = codec.decode(encoded)
    assert all(book.unique().numel() >= 8 for book in encoded.codes.transpose(0, 1)) and decoded.std() > 0.01
    for frames in (1, 2, 3, 7, FRAMES):
        stream = codec.stream(batch)
        steps = [stream.step(block) for block in audio.split(frames * hop, dim=-1)]
        assert torch.equal(torch.cat([step.codes for step in steps if step.codes is not None], dim=-1), encoded.codes)
        torch.testing.assert_close(torch.cat([step.audio for step in steps], dim=-1), decoded, atol=1e-5, rtol=0)


def test_inference_equals_the_differentiable_network(codec: MimiCodec) -> None:
    audio = voice_like(2, 40 * codec.info.hop_samples)
    encoded = codec.encode(audio)
    assert encoded.latents is not None
    torch.testing.assert_close(codec.module.encode(audio), encoded.latents, atol=1e-5, rtol=1e-5)
    latents = codec.quantized_latents(encoded)
    torch.testing.assert_close(codec.module.decode(latents), codec.decode(encoded), atol=1e-5, rtol=0)


def test_ragged_blocks_through_a_framer(codec: MimiCodec) -> None:
    hop, rng = codec.info.hop_samples, np.random.default_rng(0)
    audio = voice_like(1, FRAMES * hop - 11)
    encoded = codec.encode(audio)
    framer, stream, at = Framer(hop), codec.stream(), 0
    codes: list[Tensor] = []
    while at < audio.shape[-1]:
        size = int(rng.integers(1, 3 * hop))
        frames = framer.push(audio[0, :, at : at + size].numpy())
        at += size
        if frames.shape[1]:
            codes.append(stream.encode(torch.from_numpy(frames)[None])[0])
    rest = framer.flush()
    codes.append(stream.encode(torch.from_numpy(rest)[None])[0])
    assert torch.equal(torch.cat(codes, dim=-1), encoded.codes)


def test_state_can_be_copied_to_another_stream(codec: MimiCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(2, 60 * hop)
    first = codec.stream(batch=2)
    first.step(audio[..., : 30 * hop])
    state = first.get_state()
    expected = first.step(audio[..., 30 * hop :])
    other = codec.stream(batch=2)
    for _ in range(2):  # the second time from the same copy: going on must not have changed it
        other.set_state(state)
        got = other.step(audio[..., 30 * hop :])
        assert torch.equal(got.audio, expected.audio)
        assert got.codes is not None and expected.codes is not None and torch.equal(got.codes, expected.codes)


def test_a_stream_after_silence_is_a_recording_after_silence(codec: MimiCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(1, 20 * hop)
    late = torch.nn.functional.pad(audio, (SILENCE_FRAMES * hop, 0))
    encoded = codec.encode(late)
    stream = codec.stream(start="silence")
    for _ in range(2):
        steps = [stream.step(block) for block in audio.split(hop, dim=-1)]
        codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
        assert torch.equal(codes, encoded.codes[..., SILENCE_FRAMES:])
        expected = codec.decode(encoded)[..., SILENCE_FRAMES * hop :]
        torch.testing.assert_close(torch.cat([step.audio for step in steps], dim=-1), expected, atol=1e-5, rtol=0)
        stream.reset()


def test_nothing_looks_ahead(codec: MimiCodec) -> None:
    hop = codec.info.hop_samples
    audio = voice_like(1, 30 * hop)
    changed = audio.clone()
    changed[..., 20 * hop :] = 0.5
    before, after = codec.encode(audio).codes, codec.encode(changed).codes
    assert torch.equal(before[..., :20], after[..., :20]) and not torch.equal(before, after)


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_a_file_gives_the_same_codes_whatever_the_block(
    codec: MimiCodec, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    audio = voice_like(2, FRAMES * codec.info.hop_samples - 17)
    encoded = codec.encode(audio)
    decoded = codec.decode(encoded)
    assert encoded.codes.shape[-1] == FRAMES and decoded.shape == audio.shape
    monkeypatch.setattr(mimi_module, "CPU_BLOCK_FRAMES", block)
    again = codec.encode(audio)
    assert torch.equal(again.codes, encoded.codes)
    torch.testing.assert_close(codec.decode(again), decoded, atol=1e-5, rtol=0)


def test_depths_and_books(codec: MimiCodec) -> None:
    audio = voice_like(1, 30 * codec.info.hop_samples)
    encoded = codec.encode(audio)
    for depth, decoded in codec.decode_depths(encoded):
        assert torch.equal(decoded, codec.decode(codec.encode(audio, depth)))
        assert torch.equal(decoded, codec.decode(encoded, books=range(depth)))
    semantic, acoustic = codec.decode(encoded, books=[0]), codec.decode(encoded, books=[1, 2, 3, 4])
    assert torch.equal(semantic, codec.decode(encoded, 1)) and not torch.allclose(acoustic, codec.decode(encoded))
    stream = codec.stream()
    stream.choose_books([1, 2, 3, 4])
    torch.testing.assert_close(stream.decode(encoded.codes), acoustic, atol=1e-5, rtol=0)
    stream.reset()
    stream.choose_books(None)
    stream.depth = 1
    torch.testing.assert_close(stream.decode(encoded.codes), semantic, atol=1e-5, rtol=0)
    with pytest.raises(SpeefeareError, match="books"):
        stream.choose_books([5])


def test_native_file_round_trip(codec: MimiCodec, tmp_path: Path) -> None:
    native.save(codec.to_native(), tmp_path / "model.safetensors")
    loaded = load_codec(tmp_path / "model.safetensors", device="cpu")
    audio = voice_like(1, 12 * codec.info.hop_samples)
    assert isinstance(loaded, MimiCodec) and loaded.module.config == codec.module.config
    assert torch.equal(loaded.encode(audio).codes, codec.encode(audio).codes)
    assert torch.equal(loaded.decode(loaded.encode(audio)), codec.decode(codec.encode(audio)))
    assert loaded.info.licence == "CC-BY-4.0"


def test_config_survives_json() -> None:
    config = small_config(context=99)
    assert MimiConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "wrong",
    [{"books": 1}, {"semantic_books": 0}, {"context": 0}, {"pad_mode": "reflect"}, {"lstm": 2}, {"heads": 1.5}],
)  # fmt: skip
def test_config_refuses_what_cannot_work(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Mimi"):
        MimiConfig.from_dict(wrong)


THEIR_NAMES = (
    (r"^quantizer\.semantic\.", "quantizer.rvq_first."),
    (r"^quantizer\.acoustic\.", "quantizer.rvq_rest."),
    (r"^(quantizer\..*)\.(in|out)_proj\.", r"\1.\2put_proj."),
    (r"^(encoder|decoder)\.(.*)\.conv\.", r"\1.\2.conv.conv."),
    (r"_transformer\.", "_transformer.transformer."),
    (r"(\d)\.in_proj\.weight", r"\1.self_attn.in_proj_weight"),
    (r"(\d)\.out_proj\.weight", r"\1.self_attn.out_proj.weight"),
    (r"\.scale([12])$", r".layer_scale_\1.scale"),
    (r"^downsample\.", "downsample.conv.conv.conv."),
    (r"^upsample\.", "upsample.convtr.convtr.convtr."),
)


def official(codec: MimiCodec, **config: object) -> Official:
    """The codec under moshi's names, its entries as sums and usages."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in renamed(codec.module.state_dict(), THEIR_NAMES).items():
        if name.endswith(".codebook"):
            stem = name.removesuffix("codebook") + "_codebook."
            usage = torch.rand(tensor.shape[0]) + 0.5
            tensors |= {stem + "embedding_sum": tensor * usage[:, None], stem + "cluster_usage": usage}
            tensors[stem + "_initialized"] = torch.ones(1)
        else:
            tensors[name] = tensor[..., None] if name.endswith("put_proj.weight") else tensor
    return Official(Path("tokenizer.safetensors"), "mimi", "official", tensors, dict(config))


def settings(codec: MimiCodec) -> dict[str, object]:
    sizes = codec.module.config
    return {
        "sample_rate": sizes.rate_hz,
        "seanet": {"dilation_base": 2, "pad_mode": "constant"},
        "transformer": {"num_heads": sizes.heads, "context": sizes.context, "max_period": 10000},
    }


def test_sizes_follow_from_the_tensors(codec: MimiCodec) -> None:
    loaded = MimiCodec.from_official(official(codec, **settings(codec)))
    assert loaded.module.config == codec.module.config
    audio = voice_like(1, 20 * codec.info.hop_samples)
    assert torch.equal(loaded.encode(audio).codes, codec.encode(audio).codes)
    # The config.json beside a published tokenizer is that of a language model.
    assert MimiCodec.from_official(official(codec, dim=4096, mimi_name="x")).info.rate_hz == 24_000


def test_an_incomplete_file_is_refused_in_words(codec: MimiCodec) -> None:
    for missing in ("downsample.conv.conv.conv.weight", "encoder_transformer.transformer.layers.1.norm1.bias"):
        found = official(codec, **settings(codec))
        del found.tensors[missing]
        with pytest.raises(SpeefeareError, match="tokenizer.safetensors"):
            MimiCodec.from_official(found)
    strange = Official(Path("folder"), "mimi", "transformers", {}, {"use_causal_conv": False})
    with pytest.raises(SpeefeareError, match="use_causal_conv"):
        MimiCodec.from_official(strange)


def test_every_weight_learns(codec: MimiCodec) -> None:
    model = copy.deepcopy(codec.module).train().requires_grad_(True)
    audio = voice_like(3, 40 * codec.info.hop_samples)
    output = model(audio, torch.tensor([1, 3, 5]))
    assert output.audio.shape == audio.shape
    ((output.audio - audio).square().mean() + output.quantized.commitment_loss).backward()
    silent = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not silent
    torch.optim.SGD(model.parameters(), 1e-3).step()  # the layout for inference is that of the weights themselves
    trained = MimiCodec(model.requires_grad_(False))
    again = MimiModel(model.config)
    again.load_state_dict(model.state_dict())
    assert torch.equal(trained.encode(audio).codes, MimiCodec(again).encode(audio).codes)


def test_the_layout_for_rows_changes_no_value(codec: MimiCodec) -> None:
    plain = copy.deepcopy(codec.module)
    for weight in plain.parameters():
        weight.data = weight.data.contiguous()
    audio = voice_like(1, 10 * codec.info.hop_samples)
    before = MimiCodec(plain).encode(audio)
    names = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    rows_layout(plain)
    assert all(torch.equal(tensor, names[name]) for name, tensor in plain.state_dict().items())
    assert torch.equal(MimiCodec(plain).encode(audio).codes, before.codes)


def test_with_snake_the_stream_and_the_network_say_what_the_codec_says() -> None:
    codec = small_codec(activation="Snake", semantic_books=1)
    audio = voice_like(1, 40 * codec.info.hop_samples, 3)
    encoded = codec.encode(audio)
    decoded = codec.decode(encoded)
    with torch.no_grad():
        torch.testing.assert_close(codec.module.encode(audio), encoded.latents, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(
            codec.module.decode(codec.module.quantizer.decode(encoded.codes)), decoded, atol=1e-4, rtol=1e-3
        )
    stream = codec.stream()
    steps = [stream.step(part) for part in audio.split(7 * codec.info.hop_samples, dim=-1)]
    assert torch.equal(torch.cat([step.codes for step in steps if step.codes is not None], dim=-1), encoded.codes)
    torch.testing.assert_close(torch.cat([step.audio for step in steps], dim=-1), decoded, atol=1e-5, rtol=1e-4)
    assert codec.plan_stream(1, None, "exact") is None
