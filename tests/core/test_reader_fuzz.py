"""Readers meet 2,000 damaged files and hundreds of malicious ones: an answer or a sentence, quickly, nothing is run."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import random
import resource
import signal
import struct
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import FrameType

import pytest
import torch

from speefeare_core import load_codec, token_file
from speefeare_core.checkpoints.sniff import sniff
from speefeare_core.errors import SpeefeareError
from tests.core.checkpoints import malicious
from tests.core.checkpoints.mutations import damage, originals

KINDS = (
    *("torch zip", "torch legacy", "safetensors", "native", "tokens", "trainer", "yaml", "snac", "json", "codec.yaml"),
    "index",
)
FILES_EACH = 184  # 2,024 in all
WATCHDOG_S = 5.0  # of this process's own work, so that a busy machine is no hang
SPARE_BYTES = 3 << 30


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    return originals(tmp_path_factory.mktemp("originals"))


@contextlib.contextmanager
def watched(what: str) -> Iterator[None]:
    """Fails where the work inside takes more than five seconds, or asks for gigabytes."""

    def bark(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"{what} took more than {WATCHDOG_S:g} s")

    before = signal.signal(signal.SIGVTALRM, bark)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + SPARE_BYTES, hard))
    signal.setitimer(signal.ITIMER_VIRTUAL, WATCHDOG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def open_it(kind: str, path: Path) -> None:
    if kind == "tokens":
        token_file.read(path)
    else:
        load_codec(path, "cpu")


def test_the_originals_open(files: dict[str, tuple[Path, Path]]) -> None:
    assert set(files) == set(KINDS)
    for kind, (_, opened) in files.items():
        if kind in ("trainer", "yaml"):  # a few tensors of a large network: known, then refused for what is missing
            assert sniff(opened).family == "wavtokenizer"
        elif kind != "index":
            open_it(kind, opened)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_sentences(kind: str, files: dict[str, tuple[Path, Path]]) -> None:
    file, opened = files[kind]
    whole = file.read_bytes()
    others = [path.read_bytes()[:20_000] for path, _ in files.values()]
    refused = 0
    try:
        for number in range(FILES_EACH):
            draw = random.Random(f"{kind} {number}")
            file.write_bytes(damage(whole, others, draw))
            with watched(f"file {number} of {kind}"):
                try:
                    open_it(kind, opened)
                except SpeefeareError as error:
                    refused += 1
                    said = str(error)
                    assert said.endswith((".", ")")) and len(said) < 2000, said
    finally:
        file.write_bytes(whole)
    assert refused > FILES_EACH // 5


@pytest.mark.parametrize("inside", ["plain", "zip", "after legacy header", "nested in zip"])
def test_nothing_is_run(tmp_path: Path, inside: str) -> None:
    canary = tmp_path / "canary"
    contents = malicious.by_hand(canary)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        contents |= {f"{name} {protocol}": code for name, code in malicious.by_reduce(canary, protocol).items()}
    for name, content in contents.items():
        path = tmp_path / "codec.pt"
        if inside == "zip":
            malicious.in_zip(path, content)
        elif inside == "nested in zip":
            with zipfile.ZipFile(path, "w") as archive:
                packed = io.BytesIO()
                torch.save({"a": torch.zeros(1)}, packed)
                archive.writestr("archive/data.pkl", content)
                archive.writestr("archive/inner.pt", packed.getvalue())
                archive.writestr("archive/data/0", content)
        elif inside == "after legacy header":
            header = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
            path.write_bytes(b"".join(pickle.dumps(value, 2) for value in header) + content)
        else:
            path.write_bytes(content)
        with watched(name), pytest.raises(SpeefeareError) as caught:
            load_codec(path, "cpu")
        assert not canary.exists(), name
        assert "nothing in it was run" in str(caught.value) or "damaged" in str(caught.value), (name, caught.value)


def test_the_malicious_files_would_run_if_they_were_unpickled(tmp_path: Path) -> None:
    ran = []
    for name in ("GLOBAL REDUCE", "INST", "OBJ", "STACK_GLOBAL", "NEWOBJ", "BUILD", "os.system"):
        canary = tmp_path / f"canary {name}"
        with contextlib.suppress(Exception):
            pickle.loads(malicious.by_hand(canary)[name])
        ran += [name] if canary.exists() else []
    assert set(ran) == {"GLOBAL REDUCE", "INST", "OBJ", "STACK_GLOBAL", "BUILD", "os.system"}


def _safetensors(header: dict[str, object], length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(64)


def _torch(stream: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/data.pkl", stream)
        archive.writestr("a/data/0", bytes(64))
    return packed.getvalue()


def _tensor(shape: bytes, stride: bytes) -> bytes:
    """A state dict of one tensor whose shape and stride are these pickled tuples."""
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x10tQ"
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00" + shape + stride + b"\x89}tR"
    return b"\x80\x02}X\x01\x00\x00\x00w" + made + b"s."


HUGE = b"\x8a\x06\x00\x00\x00\x00\x00\x20"  # 2^45
LIES = {
    "header of terabytes": _safetensors({}, 1 << 42),
    "tensor of terabytes": _safetensors({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}),
    "shape of terabytes": _safetensors({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 64]}}),
    "bytes of terabytes": _torch(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 42) + b"x."),
    "string of terabytes": _torch(b"\x80\x04\x8d" + struct.pack("<Q", 1 << 42) + b"x."),
    "memo of billions": _torch(b"\x80\x02Nr\xff\xff\xff\x7f."),
    "large frame": _torch(b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N."),
    "bytearray of terabytes": _torch(b"\x80\x02cbuiltins\nbytearray\n" + HUGE + b"\x85R."),
    "range as a list": _torch(b"\x80\x02cbuiltins\nlist\ncbuiltins\nrange\n" + HUGE + b"\x85R\x85R."),
    "tensor repeated by stride 0": _torch(_tensor(HUGE + b"\x85", b"K\x00\x85")),
    "tensor beyond its storage": _torch(_tensor(HUGE + b"\x85", b"K\x01\x85")),
    "negative size": _torch(_tensor(b"J\xff\xff\xff\xff\x85", b"K\x01\x85")),
    "tuples in tuples": _torch(b"\x80\x02}" + b"N" + b"2\x86" * 60 + b"Ns."),
    "lists in lists": _torch(b"\x80\x02}X\x01\x00\x00\x00a" + b"]q\x01" + b"]q\x02h\x01ah\x01aq\x01" * 2000 + b"s."),
    "deep lists": _torch(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."),
    "a list in itself": _torch(b"\x80\x02}X\x01\x00\x00\x00a]q\x01h\x01as."),
    "digits": _torch(b"I" + b"9" * 100_000 + b"\n."),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_about_size(lie: str, tmp_path: Path) -> None:
    (tmp_path / "file.pt").write_bytes(LIES[lie])
    with watched(lie), pytest.raises(SpeefeareError):
        load_codec(tmp_path / "file.pt", "cpu")


def test_a_packed_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a/data.pkl", "w") as entry:
            for _ in range(70):
                entry.write(bytes(1 << 20))
    with watched("bomb"), pytest.raises(SpeefeareError, match="more than a checkpoint"):
        load_codec(tmp_path / "file.pt", "cpu")


def _aliases() -> str:
    """Nine lists, each of nine times the one before."""
    rows = [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in pairwise("abcdefghij")]
    return "\n".join(["a: &a [x]", *rows, ""])


BOMBS = {
    "aliases": _aliases(),
    "depth": "a: " + "[" * 5000,
    "tags": "a: !!python/object/apply:os.system ['true']\n",
    "new": "a: !new:os.system ['true']\n",
    "merge": "a: &a {<<: *a}\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_yaml_is_plain_data(bomb: str, tmp_path: Path) -> None:
    (tmp_path / "codec.yaml").write_text(BOMBS[bomb] + "encoder: {}\ndecoder: {}\n")
    with watched(bomb), pytest.raises(SpeefeareError):
        load_codec(tmp_path, "cpu")
