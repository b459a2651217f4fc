"""Native checkpoints: written whole, recognised by content, refused in words when damaged or foreign."""

import os
import pickle

import pytest
import torch

from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec, resolve
from speefeare_core.checkpoints.sniff import sniff
from speefeare_core.errors import SpeefeareError


@pytest.fixture
def saved(tmp_path):
    made = native.NativeFile("linear", "n", {"a": [1, 2]}, {"w": torch.arange(6.0).reshape(2, 3)}, "MIT", ("note",))
    path = tmp_path / "model.safetensors"
    native.save(made, path)
    return made, path


def test_round_trip(saved):
    made, path = saved
    back = native.read(path)
    assert (back.family, back.name, back.config) == ("linear", "n", {"a": [1, 2]})
    assert (back.licence, back.notes) == ("MIT", ("note",))
    assert torch.equal(back.tensors["w"], made.tensors["w"])
    assert sniff(path).layout == "native"
    assert sniff(path.parent).layout == "native"
    assert [p.name for p in path.parent.iterdir()] == ["model.safetensors"]


def test_name_does_not_matter_content_does(saved, tmp_path):
    _, path = saved
    other = tmp_path / "weights.bin"
    other.write_bytes(path.read_bytes())
    assert sniff(other).layout == "native"


@pytest.mark.parametrize("keep", [4, 40, -3])
def test_cut_off(saved, keep):
    _, path = saved
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SpeefeareError, match="model.safetensors"):
        load_codec(path, "cpu")


def test_family_that_is_not_known(tmp_path):
    native.save(native.NativeFile("unheard", "n", {}, {"w": torch.zeros(1)}), tmp_path / "m.safetensors")
    with pytest.raises(SpeefeareError, match="family unheard"):
        load_codec(tmp_path / "m.safetensors", "cpu")


def test_config_that_does_not_fit(saved):
    with pytest.raises(SpeefeareError, match="does not fit its own description"):
        load_codec(saved[1], "cpu")


def test_foreign_safetensors(tmp_path):
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(SpeefeareError, match="no codec that this version knows"):
        load_codec(tmp_path / "other.safetensors", "cpu")


def test_unknown_names_folders_and_devices(tmp_path, saved):
    with pytest.raises(SpeefeareError, match="no codec named nonsense"):
        resolve("nonsense")
    with pytest.raises(SpeefeareError, match="There is no codec file or folder"):
        load_codec(tmp_path / "absent.safetensors")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpeefeareError, match="holds no codec"):
        load_codec(tmp_path / "empty")
    (tmp_path / "empty" / "quantizer.tflite").write_bytes(b"x")
    with pytest.raises(SpeefeareError, match=r"lacks soundstream_encoder\.tflite, lyragan\.tflite"):
        load_codec(tmp_path / "empty")


def test_a_header_length_that_begins_like_a_pickle_is_still_a_codec(tmp_path):
    """Safetensors files begin with the length of their header, and every 32nd length begins with the byte 0x80."""
    path = tmp_path / "model.safetensors"
    for extra in range(512):
        native.save(native.NativeFile("tiny", "tiny", {"pad": "x" * extra}, {"seed": torch.zeros(1)}), path)
        if path.read_bytes()[:1] == b"\x80":
            break
    else:
        pytest.fail("no header length begins with 0x80")
    assert sniff(path).layout == "native"


def test_a_saved_file_can_be_read_by_others(saved):
    assert saved[1].stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_of_any_protocol_is_refused_without_a_warning(tmp_path, protocol):
    (tmp_path / "codec.pt").write_bytes(pickle.dumps(Marker(tmp_path / "ran"), protocol))
    with pytest.raises(SpeefeareError, match="it was not loaded and nothing in it was run"):
        sniff(tmp_path / "codec.pt")
    assert not (tmp_path / "ran").exists()


class Marker:
    """Unpickling it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))
