"""Our reader of torch files gives what torch gives, and runs nothing."""

from __future__ import annotations

import argparse
import collections
import io
import pathlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core.checkpoints.containers import open_container
from speefeare_core.checkpoints.stored import TorchStored
from speefeare_core.checkpoints.wrappers import plain, unwrap
from speefeare_core.errors import SpeefeareError

DTYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8),
    *(torch.uint8, torch.bool, torch.complex64, torch.complex128, torch.uint16, torch.uint32, torch.float8_e4m3fn),
]


def tree(tmp_path: Path, value: Any, **options: Any) -> Any:
    torch.save(value, tmp_path / "file.pt", **options)
    return open_container(tmp_path / "file.pt").tree


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_every_dtype_view_and_shape(tmp_path: Path, zipped: bool) -> None:
    base = torch.arange(60)
    values = {str(dtype): base.to(dtype) for dtype in DTYPES}
    whole = torch.arange(24.0).reshape(2, 3, 4)
    values |= {
        "view": whole[:, 1:, ::2],
        "same storage": whole,
        "transposed": whole.transpose(0, 2),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(3)),
    }
    read = tree(tmp_path, values, _use_new_zipfile_serialization=zipped)
    assert read.keys() == values.keys()
    for name, expected in values.items():
        got = read[name].load()
        assert got.dtype == expected.dtype and got.shape == expected.shape, name
        if got.dtype == torch.float8_e4m3fn:
            got, expected = got.view(torch.uint8), expected.view(torch.uint8)
        assert torch.equal(got, expected.detach())
    assert read["view"].load().stride() == values["view"].stride()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_trainers_leave_around_tensors(tmp_path: Path, protocol: int) -> None:
    buffer = io.BytesIO(b"abc")
    value = {
        "namespace": argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath("a/b")),
        "ordered": collections.OrderedDict(a=1),
        "default": collections.defaultdict(list, {"k": [1]}),
        "set": {1},
        "bytes": b"xyz",
        "number": np.float32(1.5),
        "array": np.arange(4).reshape(2, 2),
        "device": torch.device("cpu"),
        "dtype": torch.float16,
        "size": torch.Size([1, 2]),
        "buffer": buffer,
        "big": 10**30,
        "none": None,
        "nested": [({"x": (1, 2.5, True)},)],
    }
    read = plain(tree(tmp_path, value, pickle_protocol=protocol))
    assert read == {
        "namespace": {"lr": 0.1, "path": "a/b"},
        "ordered": {"a": 1},
        "default": {"k": [1]},
        "set": [1],
        "bytes": "3 bytes",
        "number": 1.5,
        "array": [[0, 1], [2, 3]],
        "device": "cpu",
        "dtype": "torch.float16",
        "size": [1, 2],
        "buffer": None,
        "big": 10**30,
        "none": None,
        "nested": [[{"x": [1, 2.5, True]}]],
    }


def test_object_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match="numpy object array"):
        tree(tmp_path, {"a": np.array([{}], dtype=object)})


def test_a_state_dict_of_a_module_with_entries_that_are_no_tensors(tmp_path: Path) -> None:
    state = torch.nn.Linear(2, 3).state_dict()
    state["semantic_model.cache"] = io.BytesIO(b"x")
    torch.save(state, tmp_path / "file.pt")
    contents = unwrap(open_container(tmp_path / "file.pt"))
    assert contents.tensors.keys() == {"weight", "bias"}


def test_tensors_are_mapped_and_ours_to_change(tmp_path: Path) -> None:
    read = tree(tmp_path, {"a": torch.zeros(4)})
    tensor = read["a"].load()
    tensor += 1
    before = (tmp_path / "file.pt").read_bytes()
    assert torch.equal(torch.load(tmp_path / "file.pt")["a"], torch.zeros(4))
    assert (tmp_path / "file.pt").read_bytes() == before


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_looking_reads_no_values(tmp_path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"a": torch.zeros(4_000_000)}, tmp_path / "file.pt", _use_new_zipfile_serialization=zipped)

    def no(self: TorchStored) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(TorchStored, "load", no)
    assert open_container(tmp_path / "file.pt").tree["a"].shape == (4_000_000,)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_cut_off(tmp_path: Path, zipped: bool, part: float) -> None:
    path = tmp_path / "file.pt"
    torch.save({"a": torch.arange(500.0), "b": torch.zeros(3)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(SpeefeareError, match="damaged or cut off"):
        open_container(path)
