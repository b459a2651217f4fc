"""SpeechTokenizer: roles of its books, depth, lengths, long recordings, files, distillation."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speefeare_core import blocks
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.checkpoints.official import Official
from speefeare_core.codecs.speechtokenizer import SpeechTokenizerCodec
from speefeare_core.errors import SpeefeareError
from tests.core.small_seanet import small_speechtokenizer
from tests.core.small_soundstream import voice_like


@pytest.fixture(scope="module")
def codec() -> SpeechTokenizerCodec:
    return small_speechtokenizer()


def test_the_first_book_speaks_of_content(codec: SpeechTokenizerCodec) -> None:
    assert [book.role for book in codec.info.books] == ["semantic", "acoustic", "acoustic", "acoustic"]
    assert codec.info.look_ahead_samples is None and not codec.info.streamable
    with pytest.raises(SpeefeareError, match="cannot stream"):
        codec.stream()


@pytest.mark.parametrize("activation", ["ELU", "Snake"])
def test_depth_books_and_lengths(activation: str) -> None:
    codec = small_speechtokenizer(1, activation=activation)
    for samples in (1, 41, 2000, 6007):
        audio = voice_like(2, samples)
        encoded = codec.encode(audio)
        assert encoded.codes.shape == (2, 4, -(-samples // 40))
        assert codec.decode(encoded).shape == audio.shape
    for depth, decoded in codec.decode_depths(encoded):
        assert torch.equal(decoded, codec.decode(encoded, books=range(depth)))
        assert torch.equal(codec.encode(audio, depth).codes, encoded.codes[:, :depth])
    assert not torch.equal(codec.decode(encoded, books=[1, 2, 3]), decoded)
    assert codec.quantized_latents(encoded, 1).shape == (2, 16, 151)


def test_blocks_with_context_are_nearly_the_file() -> None:
    codec = small_speechtokenizer(2)
    audio = voice_like(1, 40 * 200 * 75)
    assert codec.block_context is not None and not codec.block_context.exact
    pieces = list(blocks.encode(codec, audio.split(8000, dim=-1)))
    joined = blocks.join(codec, pieces)
    whole = codec.encode(audio)
    assert joined.codes.shape == whole.codes.shape
    assert float((joined.codes == whole.codes).double().mean()) > 0.99


@pytest.mark.parametrize("taught", [12, None])
def test_a_native_file_gives_the_same_codes(tmp_path: Path, taught: int | None) -> None:
    codec = small_speechtokenizer(3, semantic_dimension=taught)
    path = tmp_path / "small.safetensors"
    native.save(codec.to_native(), path)
    loaded = load_codec(path, device="cpu")
    audio = voice_like(1, 3000)
    assert torch.equal(loaded.encode(audio).codes, codec.encode(audio).codes)
    assert [book.role for book in loaded.info.books][:2] == ["semantic", "acoustic"]


def test_a_config_of_another_model_is_refused(codec: SpeechTokenizerCodec) -> None:
    tensors = {
        name.replace(".conv.", ".conv.conv.")
        .replace("quantizer.layers", "quantizer.vq.layers")
        .replace("codebook", "_codebook.embed"): tensor
        for name, tensor in codec.module.state_dict().items()
    }
    good = Official(Path("folder"), "speechtokenizer", "official", tensors, {"n_q": 4, "sample_rate": 8000})
    assert SpeechTokenizerCodec.from_official(good).info.rate_hz == 8000
    for config in ({"n_q": 8}, {"activation": "Snake"}, {"dimension": 1024}):
        with pytest.raises(SpeefeareError, match="two different models"):
            SpeechTokenizerCodec.from_official(Official(Path("folder"), "speechtokenizer", "official", tensors, config))


def test_the_first_book_hands_the_teachers_gradient_to_the_encoder(codec: SpeechTokenizerCodec) -> None:
    model = SpeechTokenizerCodec.from_native(codec.to_native()).module.requires_grad_(True)
    out = model(voice_like(2, 803))
    assert out.audio.shape == (2, 1, 803) and out.semantic is not None and out.semantic.shape == (2, 21, 12)
    out.semantic.square().mean().backward()
    assert model.transform is not None and model.transform.weight.grad is not None
    first = next(model.encoder.parameters()).grad
    assert first is not None and float(first.abs().sum()) > 0
    assert all(weight.grad is None for weight in model.decoder.parameters())
