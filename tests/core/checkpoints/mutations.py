"""Small originals of every container, and ways to damage a file, all decided by a seed."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import torch
import yaml
from safetensors.torch import save_file

from speefeare_core import token_file
from speefeare_core.checkpoints import native
from speefeare_core.codecs import exporting
from tests.core.checkpoints.signatures import official
from tests.core.small_snac import small_snac
from tests.core.small_soundstream import small_codec, voice_like
from tests.core.test_dac import lively

LARGE = (1 << 63) - 1, 1 << 62, 1 << 40, (1 << 32) - 1, 1 << 31, 0x7FFF, 0, (1 << 64) - 1


def originals(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Name → (the file to damage, what is opened)."""
    state = lively().state_dict()
    dac = {"state_dict": state, "metadata": {"kwargs": {"sample_rate": 16000}, "logs": [0.5, None, "x"]}}
    made: dict[str, tuple[Path, Path]] = {}

    def place(name: str, file: str) -> Path:
        path = folder / name / file
        path.parent.mkdir()
        made[name] = (path, path)
        return path

    torch.save(dac, place("torch zip", "weights.pth"))
    torch.save(dac, place("torch legacy", "weights.pth"), _use_new_zipfile_serialization=False)
    save_file(state, place("safetensors", "weights.safetensors"))
    (folder / "safetensors" / "config.json").write_text('{"sample_rate": 16000}')
    codec = small_codec()
    exporting.write_native(codec, place("native", "model.safetensors"))
    audio = voice_like(1, 4000)
    token_file.write(place("tokens", "tokens.safetensors"), codec.encode(audio), codec.info, "soundstream")
    lightning = {
        "state_dict": official("wavtokenizer"),
        "pytorch-lightning_version": "2.0",
        "hyper_parameters": {"a": 1},
    }
    torch.save(lightning, place("trainer", "model.ckpt"))
    told = {
        "model": {"init_args": {"sample_rate": 24000, "head": {"n_fft": 1280, "hop_length": 320}}},
        "list": [1, "x"],
    }
    beside = folder / "trainer" / "model.yaml"
    beside.write_text(yaml.safe_dump(told))
    made["yaml"] = (beside, folder / "trainer" / "model.ckpt")
    snac = small_snac()
    config = snac.module.config
    torch.save(snac.module.state_dict(), place("snac", "pytorch_model.bin"))
    kwargs = {
        "sampling_rate": config.rate_hz, "encoder_dim": config.channels, "encoder_rates": list(config.strides),
        "decoder_dim": config.decoder_channels, "decoder_rates": list(config.decoder_strides),
        "attn_window_size": config.attention_window or None, "codebook_size": config.book_size,
        "codebook_dim": config.book_dim, "vq_strides": list(config.book_strides),
        "noise": config.noise, "depthwise": config.depthwise, "latent_dim": None,
    }  # fmt: skip
    beside = folder / "snac" / "config.json"
    beside.write_text(json.dumps(kwargs))
    made["json"] = (beside, folder / "snac" / "pytorch_model.bin")
    exporting.write_onnx(codec, folder / "pair")
    made["codec.yaml"] = (folder / "pair" / "codec.yaml", folder / "pair")
    index = {"weight_map": dict.fromkeys(("a", "b"), "model.safetensors")}
    (folder / "native" / "model.safetensors.index.json").write_text(json.dumps(index))
    made["index"] = (folder / "native" / "model.safetensors.index.json", folder / "native")
    assert native.read_metadata(made["native"][0])["family"] == "soundstream"
    return made


def damage(content: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """One or a few damages."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        draw.choice(_WAYS)(data, others, draw)
    return bytes(data)


def _place(data: bytearray, draw: random.Random) -> int:
    """Mostly near the ends, where headers are."""
    size = max(1, len(data))
    near = min(size, 4096)
    return draw.choice((draw.randrange(size), draw.randrange(near), size - 1 - draw.randrange(near)))


def _flip(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    for _ in range(draw.choice((1, 2, 16))):
        if data:
            data[_place(data, draw)] ^= 1 << draw.randrange(8)


def _cut(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    del data[_place(data, draw) :]


def _remove(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    start = _place(data, draw)
    del data[start : start + draw.choice((1, 4, 64, 1000))]


def _swap(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    a, b, n = _place(data, draw), _place(data, draw), draw.choice((1, 8, 100))
    data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]


def _lie(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    start = draw.choice((0, _place(data, draw)))
    form = draw.choice(("<Q", ">Q", "<I", "<H"))
    number = draw.choice(LARGE) & ((1 << (8 * struct.calcsize(form))) - 1)
    data[start : start + struct.calcsize(form)] = struct.pack(form, number)


def _digits(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    """Another number in a text."""
    places = [index for index, byte in enumerate(data[:20000]) if 48 <= byte <= 57]
    if places:
        start = draw.choice(places)
        data[start : start + 1] = draw.choice(
            (b"0", b"-1", b"99999999", b"1e400", b"NaN", b"[]", b'"x"', b"999999999999999")
        )


def _nest(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    other = draw.choice(others)
    start = draw.choice((0, len(data), _place(data, draw)))
    data[start:start] = other[: draw.choice((16, 500, len(other)))]


def _repeat(data: bytearray, others: list[bytes], draw: random.Random) -> None:
    start = _place(data, draw)
    data[start:start] = data[start : start + draw.choice((1, 30, 2000))] * draw.choice((1, 3))


_WAYS: tuple[Callable[[bytearray, list[bytes], random.Random], None], ...] = (
    *(_flip, _flip, _cut, _remove, _swap, _lie, _lie, _digits, _digits, _nest, _repeat),
)
