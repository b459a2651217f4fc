"""X-Codec: the frozen teacher, lengths, depth, files, gradients, and what is said where transformers is missing."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from speefeare_core import load_codec, token_file
from speefeare_core.checkpoints import native
from speefeare_core.codecs.xcodec import XCodec, _network
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.xcodec import XCodecConfig, XCodecModel
from speefeare_core.teachers.semantic import SemanticTeacher, new_spelling, options_of

TEACHER = (
    ("conv_dim", (8,) * 7), ("hidden_size", 64), ("intermediate_size", 32), ("num_attention_heads", 1),
    ("num_conv_pos_embedding_groups", 4), ("num_conv_pos_embeddings", 8), ("num_hidden_layers", 2),
)  # fmt: skip


@pytest.fixture(scope="module", params=["hubert", "wavlm"])
def codec(request: pytest.FixtureRequest) -> XCodec:
    config = XCodecConfig(
        channels=4, acoustic_dim=16, decoder_channels=32, semantic_widths=(64, 64), books=3, book_size=32,
        teacher=request.param, teacher_options=TEACHER,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _network(config)
        with torch.no_grad():
            for module in model.encoder.modules():
                if isinstance(module, nn.Conv1d):
                    module.weight.normal_(0, 0.8 / module.weight[0].numel() ** 0.5)
            found = model.encode(sound(1, 8000))
            model.fc_prior.bias -= found.mean(dim=(0, 2))
            for index in range(3):
                model.quantizer.layer(index).codebook.normal_(0, float(found.std(dim=2).mean()) * 0.7**index)
    return XCodec(model.requires_grad_(False), name="small xcodec")


def sound(batch: int, length: int) -> Tensor:
    draw = torch.Generator().manual_seed(3)
    time = torch.arange(length) / 16_000
    voice = 0.3 * torch.sin(2 * torch.pi * 200 * time * (1 + 3 * time))
    return (voice * (time % 0.2 > 0.05) + 0.05 * torch.randn(batch, length, generator=draw))[:, None]


def test_default_is_the_published_model() -> None:
    with torch.device("meta"):
        model = XCodecModel(XCodecConfig(), nn.Identity(), 768)
    info = XCodec(model).info
    assert info.frame_rate_hz == 50 and info.depth == 8 and info.latent_dim == 1024
    assert [info.bitrate_kbps(depth) for depth in (1, 2, 3, 4, 8)] == [0.5, 1.0, 1.5, 2.0, 4.0]
    assert {book.role for book in info.books} == {"mixed"} and info.look_ahead_samples is None
    assert "HuBERT to encode" in info.needs[0]


@pytest.mark.parametrize("length", [1, 79, 320, 399, 400, 641, 4000, 4001])
def test_every_length_comes_back(codec: XCodec, length: int) -> None:
    encoded = codec.encode(sound(2, length))
    assert encoded.codes.shape == (2, 3, codec.frames_for(max(length, 320)))
    assert codec.decode(encoded).shape == (2, 1, length)


def test_the_teacher_stays_as_it_is(codec: XCodec) -> None:
    teacher = codec.module.teacher
    assert isinstance(teacher, SemanticTeacher)
    codec.module.train()
    assert not any(part.training for part in teacher.modules())
    codec.module.eval()
    heard = teacher(sound(1, 3200))
    assert heard.shape == (1, 64, 10) and not heard.requires_grad
    assert torch.equal(heard, teacher(sound(1, 3200)))


def test_options_follow_from_the_weights(codec: XCodec) -> None:
    teacher = codec.module.teacher
    assert isinstance(teacher, SemanticTeacher)
    tensors = teacher.model.state_dict()
    kind, options = options_of(tensors)
    assert kind == teacher.kind
    given = {name: getattr(teacher.model.config, name) for name in options}
    assert bool(given.pop("mask_time_prob")) is bool(options.pop("mask_time_prob"))
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()} == options
    old = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in tensors.items()
    }
    assert old.keys() != tensors.keys() == new_spelling(old).keys()


def test_depth_is_an_argument(codec: XCodec) -> None:
    audio = sound(1, 8000)
    encoded = codec.encode(audio)
    assert all(book.unique().numel() >= 6 for book in encoded.codes[0])
    for depth in (1, 2, 3):
        assert torch.equal(codec.encode(audio, depth).codes, encoded.codes[:, :depth])
        assert torch.equal(codec.decode(encoded, depth), codec.decode(encoded, books=range(depth)))
    assert not torch.equal(codec.decode(encoded, books=[2]), codec.decode(encoded, 1))
    assert codec.block_context is not None and not codec.block_context.exact


def test_native_file_and_tokens(codec: XCodec, tmp_path: Path) -> None:
    encoded = codec.encode(sound(1, 4001))
    native.save(codec.to_native(), tmp_path / "model.safetensors")
    again = load_codec(tmp_path / "model.safetensors", device="cpu")
    token_file.write(tmp_path / "tokens.safetensors", encoded, codec.info)
    told, read = token_file.read(tmp_path / "tokens.safetensors")
    told.check_fits(again.info)
    assert torch.equal(again.encode(sound(1, 4001)).codes, read.codes)
    assert torch.equal(again.decode(read), codec.decode(encoded))


def test_gradients_reach_every_weight_but_the_teachers(codec: XCodec) -> None:
    model = copy.deepcopy(codec.module).train()
    for name, weight in model.named_parameters():
        weight.requires_grad_(not name.startswith("teacher."))
    out = model(sound(2, 3200))
    assert out.audio.shape == (2, 1, 3200) and out.semantic.shape == out.heard.shape
    (out.audio.square().mean() + (out.semantic - out.heard).square().mean() + out.quantized.commitment_loss).backward()
    lost = {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert {name for name in lost if not name.startswith("teacher.")} == set()
    assert lost >= {name for name, _ in model.named_parameters() if name.startswith("teacher.")}


def test_without_transformers_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hubert.configuration_hubert", "hubert.modeling_hubert"):
        monkeypatch.setitem(sys.modules, f"transformers.models.{name}", None)
    with pytest.raises(SpeefeareError, match=r"HuBERT.*pip install .*xcodec"):
        SemanticTeacher("hubert", {})
    with pytest.raises(ValueError, match="parrot"):
        SemanticTeacher("parrot", {})


@pytest.mark.parametrize("wrong", [{"strides": (8, 5)}, {"semantic_widths": (8,)}, {"books": 0}, {"book_size": 1}])
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="X-Codec"):
        XCodecConfig(**wrong)
