"""Vocos for EnCodec's codes: the EnCodec inside, beside or missing, depths and their conditions, long recordings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from speefeare_core import blocks
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.checkpoints.official import Official
from speefeare_core.codec import Encoded
from speefeare_core.codecs import vocos as vocos_codec
from speefeare_core.codecs import vocos_files
from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.codecs.vocos import VocosCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.vocos import VocosConfig, VocosModel
from tests.core.small_seanet import small_encodec
from tests.core.small_soundstream import voice_like

CONFIG = VocosConfig(input_dim=16, dim=16, inner_dim=24, layers=2, conditions=2, n_fft=160, hop_samples=40)


@pytest.fixture(scope="module")
def encodec() -> EncodecCodec:
    with torch.random.fork_rng():
        return small_encodec(5, rate_hz=24_000, books=4)


@pytest.fixture(scope="module")
def codec(encodec: EncodecCodec) -> VocosCodec:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = VocosModel(CONFIG, 3, 32, (1, 3))
        for name, weight in model.decoder.named_parameters():
            if weight.ndim > 1 and "norm" not in name:
                torch.nn.init.normal_(weight, std=1 / (weight[0].numel() ** 0.5))
            elif "shift" in name:
                torch.nn.init.normal_(weight)
    model.requires_grad_(False)
    model.codebooks.copy_(torch.stack([encodec.module.quantizer.layer(book).codebook for book in range(3)]))
    return VocosCodec(model, encodec, name="small", licence="MIT")


def official(codec: VocosCodec, inside: bool = False) -> dict[str, Tensor]:
    """The tensors under the published names."""
    state = codec.vocos.state_dict()
    named = {name.removeprefix("decoder."): tensor for name, tensor in state.items() if name != "codebooks"}
    named["feature_extractor.codebook_weights"] = codec.vocos.codebooks.reshape(-1, CONFIG.input_dim)
    return named | ({f"feature_extractor.encodec.{name}": t for name, t in published(codec).items()} if inside else {})


def published(codec: VocosCodec) -> dict[str, Tensor]:
    """EnCodec's tensors under the names of its package."""
    assert codec.encodec is not None
    named = {}
    for name, tensor in codec.encodec.module.state_dict().items():
        if name.startswith("quantizer."):
            name = name.replace("quantizer.", "quantizer.vq.").replace(".codebook", "._codebook.embed")
        elif ".conv." in name:
            module = codec.encodec.module.get_submodule(name.rsplit(".", 1)[0])
            kind = "convtr" if isinstance(module, torch.nn.ConvTranspose1d) else "conv"
            name = name.replace(".conv.", f".{kind}.{kind}.")
        named[name] = tensor.contiguous()
    return named


# With books of 32 entries at 75 frames a second: 1 and 3 books.
YAML = {
    "feature_extractor": {"class_path": "vocos.EncodecFeatures", "init_args": {"bandwidths": [0.375, 1.125]}},
    "head": {"init_args": {"hop_length": 40, "padding": "same"}},
}


def test_from_one_file_with_encodec_inside(codec: VocosCodec) -> None:
    loaded = VocosCodec.from_official(Official(Path("v.bin"), "vocos", "official", official(codec, inside=True), YAML))
    audio = voice_like(2, 3_001)
    encoded = loaded.encode(audio)
    assert loaded.vocos.condition_books == (1, 3)
    assert torch.equal(encoded.codes, codec.encode(audio).codes)
    assert torch.equal(loaded.decode(encoded), codec.decode(encoded))


@pytest.mark.parametrize("where", ["encodec_24khz.safetensors", "EnCodec/model.safetensors"])
def test_encodec_is_found_beside_it(codec: VocosCodec, tmp_path: Path, where: str) -> None:
    (tmp_path / where).parent.mkdir(exist_ok=True)
    save_file(published(codec), tmp_path / where)
    (tmp_path / "notes about encodec.txt").write_text("no weights")
    loaded = VocosCodec.from_official(Official(tmp_path / "v.bin", "vocos", "official", official(codec), YAML))
    audio = voice_like(1, 2_001)
    assert torch.equal(loaded.decode(loaded.encode(audio)), codec.decode(codec.encode(audio)))
    assert any(Path(where).parts[0] in note for note in loaded.info.notes)


def test_encodec_is_found_next_to_its_folder(codec: VocosCodec, tmp_path: Path) -> None:
    for name in ("vocos-encodec-24khz", "encodec-24khz", "encodec-0-damaged"):
        (tmp_path / name).mkdir()
    (tmp_path / "encodec-0-damaged" / "encodec.th").write_bytes(b"cut off")
    found = Official(tmp_path / "vocos-encodec-24khz", "vocos", "official", official(codec), YAML)
    assert vocos_files.encodec_for(found) == (None, ())
    save_file(published(codec), tmp_path / "encodec-24khz" / "model.safetensors")
    loaded = VocosCodec.from_official(found)
    assert not loaded.info.needs
    assert loaded.encode(voice_like(1, 999)).codes.shape[1] == 3


def test_a_damaged_encodec_beside_it_is_named(codec: VocosCodec, tmp_path: Path) -> None:
    (tmp_path / "encodec_24khz-d7cc33bc.th").write_bytes(b"not weights")
    with pytest.raises(SpeefeareError, match="encodec_24khz-d7cc33bc.th"):
        VocosCodec.from_official(Official(tmp_path / "v.bin", "vocos", "official", official(codec), YAML))


def test_books_that_do_not_fit_are_refused(codec: VocosCodec, tmp_path: Path) -> None:
    found = Official(tmp_path / "v.bin", "vocos", "official", official(codec), YAML)
    with pytest.raises(SpeefeareError, match="books of 1024"):
        VocosCodec.from_official(found)


def test_without_encodec_it_decodes_and_says_what_it_needs_to_encode(codec: VocosCodec) -> None:
    alone = VocosCodec(codec.vocos, None, name="alone")
    encoded = codec.encode(voice_like(1, 2_000))
    assert torch.equal(alone.decode(encoded, 2), codec.decode(encoded, 2))
    assert alone.info.needs and any("decodes only" in note for note in alone.info.notes)
    with pytest.raises(SpeefeareError, match="encodec_24khz-d7cc33bc.th"):
        alone.encode(voice_like(1, 2_000))


def test_another_encodec_is_refused(codec: VocosCodec) -> None:
    with torch.random.fork_rng():
        others = [
            small_encodec(1, rate_hz=24_000, book_size=16),
            small_encodec(1, rate_hz=24_000, books=2),
            small_encodec(),
        ]
    for other in others:
        with pytest.raises(SpeefeareError, match="not the EnCodec at 24 kHz"):
            VocosCodec(codec.vocos, other)


def test_the_vocoder_of_mel_spectra_is_refused_in_words(codec: VocosCodec) -> None:
    mel = official(codec) | {"feature_extractor.mel_spec.spectrogram.window": torch.ones(4)}
    with pytest.raises(SpeefeareError, match="without codes"):
        VocosCodec.from_official(Official(Path("mel"), "vocos", "official", mel, {}))


@pytest.mark.parametrize(
    "dropped", ["head.istft.window", "backbone.convnext.1.gamma", "feature_extractor.codebook_weights"]
)
def test_a_file_that_is_cut_off_is_refused(codec: VocosCodec, dropped: str) -> None:
    tensors = official(codec, inside=True)
    del tensors[dropped]
    with pytest.raises(SpeefeareError, match=r"v\.bin"):
        VocosCodec.from_official(Official(Path("v.bin"), "vocos", "official", tensors, YAML))


def test_depth_is_an_argument_and_books_may_be_chosen(codec: VocosCodec) -> None:
    audio = voice_like(3, 2_001)
    encoded = codec.encode(audio)
    sounds = dict(codec.decode_depths(encoded))
    assert list(sounds) == [1, 2, 3] and all(sound.shape == audio.shape for sound in sounds.values())
    for depth, sound in sounds.items():
        assert torch.equal(codec.decode(codec.encode(audio, depth)), sound)
        assert torch.equal(codec.decode(encoded, books=range(depth)), sound)
    assert not torch.equal(codec.decode(encoded, books=[1]), sounds[2])


def test_a_depth_between_is_told_to_the_decoder_as_the_next_larger(codec: VocosCodec) -> None:
    model = codec.vocos
    assert [model.condition_of(depth) for depth in (1, 2, 3)] == [0, 1, 1]
    encoded = codec.encode(voice_like(1, 2_000))
    two = model.features(encoded.codes, (0, 1))
    assert torch.equal(codec.decode(encoded, 2), model.decoder(two, 1))
    assert not torch.equal(codec.decode(encoded, 2), model.decoder(two, 0))


def test_long_recordings_are_the_whole(codec: VocosCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = voice_like(2, 12_345)
    encoded, whole = codec.encode(audio), codec.decode(codec.encode(audio))
    joined = blocks.join(codec, blocks.encode(codec, torch.split(audio, 1_111, dim=-1)))
    assert torch.equal(joined.codes, encoded.codes)
    monkeypatch.setattr(vocos_codec, "BLOCK_FRAMES", 50)
    torch.testing.assert_close(codec.decode(encoded), whole, atol=1e-5, rtol=0)
    decoder = blocks.decoder(codec, batch=2)
    parts = [decoder.push(piece) for piece in blocks.split(codec.info, encoded, 77)]
    torch.testing.assert_close(torch.cat([*parts, decoder.finish()], dim=-1), whole, atol=1e-5, rtol=0)
    assert (blocks.way_of(codec), blocks.is_exact(codec)) == ("blocks", True)
    assert blocks.way_of(VocosCodec(codec.vocos, None)) == "blocks"


def test_native_file_carries_both(codec: VocosCodec, tmp_path: Path) -> None:
    native.save(codec.to_native(), tmp_path / "small.safetensors")
    again = load_codec(tmp_path / "small.safetensors", device="cpu")
    audio = voice_like(1, 2_345)
    assert (again.info.name, again.info.licence, again.info.depth) == ("small", "MIT", 3)
    assert torch.equal(again.decode(again.encode(audio)), codec.decode(codec.encode(audio)))
    native.save(VocosCodec(codec.vocos, None, name="alone").to_native(), tmp_path / "alone.safetensors")
    alone = load_codec(tmp_path / "alone.safetensors", device="cpu")
    codes = codec.encode(audio).code_groups
    assert torch.equal(alone.decode(Encoded(codes, None, 2_345)), codec.decode(codec.encode(audio)))


def test_books_and_decoder_learn() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VocosModel(CONFIG, 3, 8, (1, 3))
        codes = torch.randint(8, (2, 3, 30))
    for depth in (1, 2, 3):
        model(codes[:, :depth]).square().mean().backward()
    dead = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not dead


def test_conditions_that_do_not_fit_are_refused() -> None:
    for condition_books in ((1,), (3, 1), (1, 1)):
        with pytest.raises(ValueError, match="conditions"):
            VocosModel(CONFIG, 3, 8, condition_books)
