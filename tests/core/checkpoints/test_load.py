"""load_codec: names of the catalog, families by prefix, false descriptions, and what the card tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from speefeare_core import catalog, load_codec
from speefeare_core.checkpoints.budget import TooLarge, within_budget
from speefeare_core.cli import main
from speefeare_core.codecs import exporting
from speefeare_core.errors import SpeefeareError
from tests.core.small_snac import small_snac
from tests.core.test_dac import lively


@pytest.fixture
def dac(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": lively().state_dict(), "metadata": {"kwargs": {"sample_rate": 16000}}}, path)
    return path


@pytest.mark.parametrize("name", ["weights.pt", "weights.th", "weights.ckpt", "weights.bin", "weights.PTH", "weights"])
def test_info_shows_the_card_and_the_evidence(dac: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = dac.rename(dac.with_name(name))
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert (
        "(dac)" in said and f"{name}: torch zip, dac." in said and "It holds quantizer.quantizers.0.in_proj.*" in said
    )


def test_names_of_the_catalog_go_through_the_catalog(
    tmp_path: Path, dac: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = catalog.read_catalog()[0].name
    with pytest.raises(SpeefeareError, match=f"speefeare catalog download {known}"):
        load_codec(known)
    with pytest.raises(SpeefeareError, match="speefeare catalog download hf:owner/name"):
        load_codec("hf:owner/name")
    monkeypatch.setattr(catalog, "local_path", lambda source: dac)
    assert load_codec(known, "cpu").info.family == "dac"
    assert load_codec("hf:owner/name", "cpu").info.family == "dac"


def test_a_file_comes_before_the_catalog(dac: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalog.read_catalog()[0].name
    dac.rename(dac.with_name(known))
    monkeypatch.chdir(dac.parent)
    assert load_codec(known, "cpu").info.family == "dac"


def test_names_for_people(dac: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = dac.read_bytes()
    folder = tmp_path / "models--descript--dac_16khz" / "snapshots" / "0a1b"
    folder.mkdir(parents=True)
    for place, name in (
        (tmp_path / "dac ä.pth", "dac ä"),
        (tmp_path / "weights.pth", tmp_path.name),
        (folder / "weights.pth", "dac_16khz"),
    ):
        place.write_bytes(content)
        assert load_codec(place, "cpu").info.name == name
    monkeypatch.chdir(folder)
    assert load_codec(".", "cpu").info.name == "dac_16khz"


@pytest.mark.parametrize("method", ["exists", "is_file"])
def test_places_that_may_not_be_looked_into(dac: Path, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(SpeefeareError, match="weights.pth cannot be read: Permission denied."):
        load_codec(dac, "cpu")


def test_a_device_that_is_not_there_is_told_before_the_weights_are_read(dac: Path) -> None:
    dac.write_bytes(dac.read_bytes()[:100])
    with pytest.raises(SpeefeareError, match="device nonsense is not available"):
        load_codec(dac, "nonsense")


def test_tensors_that_are_missing_are_listed(dac: Path) -> None:
    state = lively().state_dict()
    del state["decoder.model.0.bias"]
    torch.save({"state_dict": state, "metadata": {"kwargs": {"sample_rate": 16000}}}, dac)
    with pytest.raises(SpeefeareError, match=r"lacks decoder\.model\.0\.bias"):
        load_codec(dac)


@pytest.mark.parametrize("sizes", [{"encoder_dim": 1 << 20}, {"decoder_dim": 1 << 22}, {"codebook_size": 1 << 33}])
def test_a_description_of_a_giant_is_refused_before_it_is_built(tmp_path: Path, sizes: dict[str, int]) -> None:
    codec = small_snac()
    config = codec.module.config
    kwargs = {
        "sampling_rate": config.rate_hz, "encoder_dim": config.channels, "encoder_rates": list(config.strides),
        "decoder_dim": config.decoder_channels, "decoder_rates": list(config.decoder_strides),
        "attn_window_size": None, "codebook_size": config.book_size, "codebook_dim": config.book_dim,
        "vq_strides": list(config.book_strides), "noise": True, "depthwise": True, "latent_dim": None,
    }  # fmt: skip
    torch.save(codec.module.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(kwargs))
    assert load_codec(tmp_path, "cpu").info.family == "snac"
    (tmp_path / "config.json").write_text(json.dumps(kwargs | sizes))
    with pytest.raises(SpeefeareError):
        load_codec(tmp_path, "cpu")


def test_the_budget() -> None:
    with within_budget(0):
        assert nn.Linear(100, 100).weight.shape == (100, 100)
    for make in (
        lambda: nn.Linear(1 << 20, 1 << 20),
        lambda: nn.ModuleList(nn.Linear(1000, 1000) for _ in range(99999)),
    ):
        with within_budget(0), pytest.raises(TooLarge):
            make()


def test_an_official_checkpoint_is_written_as_our_own_and_loads_the_same(dac: Path, tmp_path: Path) -> None:
    codec = load_codec(dac, "cpu")
    again = load_codec(exporting.write_native(codec, tmp_path / "own.safetensors"), "cpu")
    audio = torch.randn(1, 1, 8000, generator=torch.Generator().manual_seed(0)) * 0.1
    assert torch.equal(again.encode(audio).codes, codec.encode(audio).codes)
    assert "It holds" not in " ".join(again.info.notes)  # what was said of the other file
