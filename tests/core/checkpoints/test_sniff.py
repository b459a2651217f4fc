"""What a checkpoint is, told by what is in it: every layout, its look-alikes, folders, and near misses in words."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from speefeare_core.checkpoints.layouts import LAYOUTS
from speefeare_core.checkpoints.reading import read_official
from speefeare_core.checkpoints.sniff import sniff
from speefeare_core.errors import SpeefeareError
from tests.core.checkpoints.signatures import OFFICIAL, official, tensors

BY_TENSORS = sorted(OFFICIAL)
NEED_CONFIG = {(row.family, row.key) for row in LAYOUTS if row.needs_config}


def refused(path: Path) -> str:
    with pytest.raises(SpeefeareError) as caught:
        sniff(path)
    said = str(caught.value)
    assert str(path) in said or str(path.parent) in said
    assert said.endswith((".", ")")) and "\n" not in said
    return said


@pytest.mark.parametrize("key", BY_TENSORS, ids=lambda key: key[0])
@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy", "wrapped", "module.", "codec."])
def test_every_layout_in_every_container(tmp_path: Path, key: tuple[str, str], form: str) -> None:
    made = official(key[0])
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.anything.pth")
    if form == "safetensors":
        save_file(made, path)
    elif form == "wrapped":
        torch.save({"state_dict": made, "epoch": 3}, path)
    elif form in ("module.", "codec."):
        torch.save({form + name: tensor for name, tensor in made.items()}, path)
    else:
        torch.save(made, path, _use_new_zipfile_serialization=form == "zip")
    if key in NEED_CONFIG:
        assert "configuration is not there" in refused(path)
        (tmp_path / "config.yaml").write_text("a: 1\n")
    found = sniff(path)
    assert (found.family, found.layout, found.file) == (*key, path)
    read = read_official(path)
    assert read.tensors.keys() == made.keys()
    assert all(torch.equal(read.tensors[name], tensor) for name, tensor in made.items())
    assert read.config == ({"a": 1} if key in NEED_CONFIG else {})


def test_the_test_knows_every_layout_that_tensors_tell() -> None:
    rows = {(row.family, row.key) for row in LAYOUTS if row.has and not row.wrapper}
    assert rows == set(OFFICIAL)


@pytest.mark.parametrize("key", BY_TENSORS, ids=lambda key: key[0])
def test_no_checkpoint_fits_two_families(key: tuple[str, str]) -> None:
    names = set(OFFICIAL[key])
    assert {row.family for row in LAYOUTS if row.fits(names)} == {key[0]}


@pytest.mark.parametrize("model_type", sorted({row.model_type for row in LAYOUTS if row.model_type}))
@pytest.mark.parametrize("form", ["one", "bin", "several"])
def test_transformers_folders(tmp_path: Path, model_type: str, form: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type, "n": 3}))
    (tmp_path / "preprocessor_config.json").write_text("{}")
    made = tensors("a.weight", "b.weight")
    if form == "one":
        save_file(made, tmp_path / "model.safetensors")
    elif form == "bin":
        torch.save(made, tmp_path / "pytorch_model.bin")
    else:
        parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        for part, (name, tensor) in zip(parts, made.items(), strict=True):
            save_file({name: tensor}, tmp_path / part)
        index = {"weight_map": dict(zip(made, parts, strict=True))}
        (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    read = read_official(tmp_path)
    assert (read.layout, read.config["n"]) == ("transformers", 3)
    assert torch.equal(read.tensors["b.weight"], made["b.weight"])


def test_a_part_of_several_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "mimi"}')
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')
    assert "lacks model-1.safetensors" in refused(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../etc/passwd"}}')
    assert "lists no files" in refused(tmp_path)


def test_audiocraft_has_its_config_inside(tmp_path: Path) -> None:
    pytest.importorskip("omegaconf")
    from omegaconf import OmegaConf

    config = OmegaConf.create({"sample_rate": 32000, "seanet": {"ratios": [8, 5, 4, 4]}})
    path = tmp_path / "compression_state_dict.bin"
    for told in (OmegaConf.to_yaml(config), config):
        torch.save({"best_state": official("encodec"), "xp.cfg": told, "exported": True}, path)
        read = read_official(path)
        assert (read.family, read.layout) == ("encodec", "audiocraft")
        assert read.config == {"sample_rate": 32000, "seanet": {"ratios": [8, 5, 4, 4]}}
        assert read.extra["exported"] is True
    torch.save({"pretrained": "facebook/encodec_32khz", "exported": True}, path)
    assert "only names another checkpoint (facebook/encodec_32khz)" in refused(path)


def test_dac_keeps_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": official("dac"), "metadata": {"kwargs": {"encoder_rates": [2, 4]}, "tag": "x"}}, path)
    read = read_official(path)
    assert read.config == {"encoder_rates": [2, 4]}
    assert read.extra["metadata"]["tag"] == "x"


def test_dac_and_snac_differ_in_every_spelling_of_weight_norm(tmp_path: Path) -> None:
    for family in ("dac", "snac"):
        for projection in ("in_proj.weight", "in_proj.weight_g", "in_proj.parametrizations.weight.original0"):
            names = [name for name in OFFICIAL[family, "official"] if "in_proj" not in name]
            names.append(f"quantizer.quantizers.0.{projection}")
            assert [row.family for row in LAYOUTS if row.fits(names)] == [family]


def test_two_modules_side_by_side(tmp_path: Path) -> None:
    made = official("bigcodec")
    path = tmp_path / "bigcodec.pt"
    inside = {name.removeprefix("CodecEnc."): t for name, t in made.items() if name.startswith("CodecEnc.")}
    rest = {name.removeprefix("generator."): t for name, t in made.items() if name.startswith("generator.")}
    torch.save({"CodecEnc": inside, "generator": rest}, path)
    assert read_official(path).tensors.keys() == made.keys()


def test_a_training_checkpoint_loses_its_judges_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "SpeechTokenizerTrainer_00001000"
    path = path.with_suffix(".pt")
    save: dict[str, Any] = {
        "generator": official("speechtokenizer"),
        "discriminators": {"mpd": tensors("convs.0.weight")},
        "optim_g": {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-4}]},
        "best_dev_mel_loss": 0.5,
    }
    torch.save(save, path)
    (tmp_path / "config.json").write_text("{}")
    assert "configuration is not there" in refused(path)
    (tmp_path / "config.json").write_text('{"n_q": 8}')
    found = sniff(path)
    assert "A training checkpoint: of it generator is used, not discriminators, optim_g." in found.evidence
    assert read_official(path).tensors.keys() == save["generator"].keys()


def test_judges_among_the_tensors_of_the_codec(tmp_path: Path) -> None:
    made = official("encodec")
    torch.save(made | tensors("discriminators.0.convs.0.weight", "mpd.a"), tmp_path / "a.pt")
    assert "Left in the file, as they belong to training: discriminators, mpd." in sniff(tmp_path / "a.pt").evidence
    assert read_official(tmp_path / "a.pt").tensors.keys() == made.keys()


def test_a_lightning_checkpoint_keeps_the_codec_only(tmp_path: Path) -> None:
    made = official("wavtokenizer")
    path = tmp_path / "wavtokenizer.ckpt"
    judges = tensors("multiperioddisc.discriminators.0.convs.0.weight", "dac.discriminators.0.weight")
    torch.save(
        {"epoch": 1, "pytorch-lightning_version": "1.8", "state_dict": made | judges, "hyper_parameters": {}}, path
    )
    (tmp_path / "wavtokenizer.yaml").write_text("model:\n  init_args: {sample_rate: 24000}\n")
    (tmp_path / "other.yaml").write_text("a: 1\n")
    found = sniff(path)
    assert "Left in the file, as they belong to training: dac, multiperioddisc." in found.evidence
    read = read_official(path)
    assert read.tensors.keys() == made.keys()
    assert read.config == {"model": {"init_args": {"sample_rate": 24000}}}


def test_which_of_several_configurations_is_asked(tmp_path: Path) -> None:
    torch.save(official("xcodec"), tmp_path / "a.pth")
    for name in ("config_hubert.yaml", "config_wavlm.yaml"):
        (tmp_path / name).write_text("generator: {}\n")
    assert "config_hubert.yaml, config_wavlm.yaml; copy the right one beside it as a.yaml" in refused(
        tmp_path / "a.pth"
    )


def test_a_damaged_config_matters_only_where_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"a": ')
    torch.save(official("encodec"), tmp_path / "a.th")
    assert sniff(tmp_path / "a.th").family == "encodec"
    torch.save(official("snac"), tmp_path / "b.bin")
    assert "config.json is no readable JSON" in refused(tmp_path / "b.bin")


def test_a_codec_inside_a_language_model(tmp_path: Path) -> None:
    made = {f"audio_vae.{name}": tensor for name, tensor in official("audiovae").items()}
    merged = tmp_path / "model.safetensors"
    save_file(made | tensors("base_lm.layers.0.mlp.weight", "feat_encoder.in_proj.weight"), merged)
    assert read_official(merged).tensors.keys() == official("audiovae").keys()
    assert "The codec is the part audio_vae of a larger model." in sniff(merged).evidence
    torch.save({"state_dict": official("audiovae")}, tmp_path / "audiovae.pth")
    assert sniff(tmp_path).file == tmp_path / "audiovae.pth"
    save_file(tensors("base_lm.layers.0.mlp.weight", "feat_encoder.in_proj.weight"), merged)
    assert sniff(tmp_path).file == tmp_path / "audiovae.pth"
    assert "without its AudioVAE" in refused(merged)


def test_one_codec_as_two_files_and_two_codecs(tmp_path: Path) -> None:
    torch.save(official("encodec"), tmp_path / "pytorch_model.bin")
    save_file(official("encodec"), tmp_path / "model.safetensors")
    assert sniff(tmp_path).file.name == "model.safetensors"
    torch.save(official("dac"), tmp_path / "weights.pth")
    assert "holds several codecs (model.safetensors, pytorch_model.bin, weights.pth)" in refused(tmp_path)


def test_vocos_with_the_encodec_whose_codes_it_decodes(tmp_path: Path) -> None:
    torch.save(official("vocos"), tmp_path / "pytorch_model.bin")
    torch.save(official("encodec"), tmp_path / "encodec_24khz-d7cc33bc.th")
    assert sniff(tmp_path).family == "vocos"


def test_a_folder_around_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "speechtokenizer_hubert_avg"
    inner.mkdir()
    torch.save(official("speechtokenizer"), inner / "SpeechTokenizer.pt")
    (inner / "config.json").write_text('{"n_q": 8}')
    assert sniff(tmp_path).file == inner / "SpeechTokenizer.pt"


NEAR_MISSES = {
    "language model that EnCodec": tensors("transformer.layers.0.norm1.bias", "emb.0.weight", "linears.0.weight"),
    "HuBERT or WavLM model alone": tensors(
        "feature_extractor.conv_layers.0.conv.weight", "encoder.layers.0.final_layer_norm.bias"
    ),
    "X-Codec2": tensors("CodecEnc.a", "generator.a", "SemanticEncoder_module.a"),
    "Vocos vocoder for mel": tensors("feature_extractor.mel_spec.spectrogram.window", "backbone.convnext.0.gamma"),
    "discriminators of a training": tensors("discriminators.0.convs.0.weight"),
    "optimiser": {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.1}]},
    "it lacks quantizer.vq.layers.0._codebook.embed": tensors("encoder.model.0.conv.conv.weight_g"),
    "plain tensors": tensors("weight"),
    "one tensor": torch.zeros(3),
    "besides the codec (discriminator, optim_d)": {
        "discriminator": tensors("convs.0.weight"),
        "optim_d": {"state": {}, "param_groups": [{"lr": 0.1}]},
    },
    "is a token file": {"codes": torch.zeros(8, 3, dtype=torch.int32)},
    "is a Mimi model as transformers saves it": tensors(
        "quantizer.semantic_residual_vector_quantizer.layers.0.codebook.embed_sum", "downsample.conv.weight"
    ),
    "is an X-Codec model as transformers saves it": tensors(
        "acoustic_encoder.conv1.weight", "semantic_model.encoder.layers.0.a", "quantizer.quantizers.0.codebook.embed"
    ),
    "is a DAC model as transformers saves it": tensors(
        "quantizer.quantizers.0.in_proj.weight", "encoder.block.0.conv1.weight", "decoder.block.0.conv_t1.weight"
    ),
    "is an EnCodec model as transformers saves it": tensors(
        "quantizer.layers.0.codebook.embed", "encoder.layers.0.conv.weight", "decoder.layers.0.conv.weight"
    ),
    "only epoch, step": {"epoch": 3, "step": 5},
    "keeps its configuration as a Python pickle": {"model": tensors("a"), "config": b"\x80\x04N."},
}


@pytest.mark.parametrize("words", NEAR_MISSES)
def test_near_misses(tmp_path: Path, words: str) -> None:
    torch.save(NEAR_MISSES[words], tmp_path / "file.pt")
    assert words in refused(tmp_path / "file.pt")


def _nemo(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("model_config.yaml")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"a\n"))


def _zip(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")


FOREIGN = {
    "a NeMo archive": ("codec.nemo", _nemo),
    "a tar archive": ("codec.tar", _nemo),
    "TorchScript program": ("a.pt", lambda path: torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))),
    "torch.package archive": ("a.pth", lambda path: _zip(path, "a/.data/extern_modules", "a/code.py", "a/data.pkl")),
    "torch.export program": ("a.pt2", lambda path: _zip(path, "a/archive_format", "a/models/model.json")),
    "numpy archive": ("a.npz", lambda path: _zip(path, "a.npy")),
    "none of torch.save": ("a.zip", lambda path: _zip(path, "a.txt")),
    "a gzip archive": ("a.pt", lambda path: path.write_bytes(b"\x1f\x8b" + bytes(64))),
    "a Git LFS pointer": (
        "a.safetensors",
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
    ),
    "a web page": ("a.safetensors", lambda path: path.write_text("<!DOCTYPE html><html>")),
    "is a text file": ("a.pth", lambda path: path.write_text("not the weights, but a letter\n")),
    "is a configuration or other text": ("a.json", lambda path: path.write_text('{"sampling_rate": 24000}')),
    "one TFLite file": ("a.tflite", lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))),
    "a numpy array": ("a.npy", lambda path: path.write_bytes(b"\x93NUMPY" + bytes(64))),
    "is empty": ("a.pt", lambda path: path.write_bytes(b"")),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("words", FOREIGN)
def test_foreign_files(tmp_path: Path, words: str) -> None:
    name, make = FOREIGN[words]
    make(tmp_path / name)
    assert words in refused(tmp_path / name)


def test_code_files_of_dac_are_pickles_of_objects(tmp_path: Path) -> None:
    import numpy as np

    np.save(tmp_path / "a.npy", {"codes": np.zeros(3)}, allow_pickle=True)
    (tmp_path / "a.npy").rename(tmp_path / "a.dac")
    assert "could run code, and were not read" in refused(tmp_path / "a.dac")


def test_folders_without_a_codec(tmp_path: Path) -> None:
    assert "holds no codec" in refused(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "encodec"}')
    assert "has a config.json, but no weights" in refused(tmp_path)
    save_file(tensors("a"), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "hubert"}')
    assert "transformers model of the type hubert" in refused(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "own", "auto_map": {"AutoModel": "code.Model"}}')
    assert "(auto_map), which is never run" in refused(tmp_path)


def test_folders_that_name_code(tmp_path: Path) -> None:
    (tmp_path / "hyperparams.yaml").write_text("model: !new:os.system [true]\n")
    assert "names code to run" in refused(tmp_path)
    assert "names code to run" in refused(tmp_path / "hyperparams.yaml")
    torch.save(tensors("a"), tmp_path / "model.pt")
    assert "names code to run" in refused(tmp_path)
    for name in ("flow.pt", "hift.pt"):
        torch.save(tensors("a"), tmp_path / name)
    assert "CosyVoice folder" in refused(tmp_path)
