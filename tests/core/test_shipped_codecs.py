"""The shipped codecs as they lie in resources: small, streaming exactly, the neural one better than the linear one."""

from __future__ import annotations

import json

import pytest
import torch

from speefeare_core import Codec, Framer, load_codec
from speefeare_core.audio import read
from speefeare_core.evaluation.metrics import METRICS
from speefeare_core.resources import default_codec, resource, shipped_codecs
from speefeare_core.training.recipe import read_recipe, shipped_recipes

OWN = ("linear-16k", "neural-transform-16k", "subframe-16k")


@pytest.fixture(scope="module")
def speech() -> torch.Tensor:
    """Four seconds of a voice in no training set, [1, 1, T]."""
    samples = read(resource("samples", "sense_and_sensibility.flac"), 16000, channels=1).samples
    return torch.from_numpy(samples[None, :, 8000:72000].copy())


@pytest.fixture(scope="module", params=OWN)
def codec(request: pytest.FixtureRequest) -> Codec:
    return load_codec(request.param, "cpu")


@pytest.mark.parametrize("name", shipped_codecs())
def test_a_shipped_codec_is_small_and_has_a_card(name: str) -> None:
    weights = shipped_codecs()[name]
    assert weights.stat().st_size < 6_000_000
    card = json.loads(weights.with_name("card.json").read_text(encoding="utf-8"))
    assert card["name"] == name == load_codec(name, "cpu").info.name
    assert (weights.with_name("card.md")).read_text(encoding="utf-8").startswith(f"# {name}")


def test_the_default_codec_streams_at_12_depths_within_40_ms() -> None:
    info = load_codec(default_codec(), "cpu").info
    assert (info.rate_hz, info.frame_rate_hz, info.depth) == (16000, 50, 12)
    assert info.causal
    assert info.streamable
    assert info.bitrate_kbps() == 6.0
    assert (info.hop_samples + info.stream_delay_samples) / info.rate_hz <= 0.040


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 10])
def test_the_stream_equals_the_whole_file(codec: Codec, speech: torch.Tensor, frames: int) -> None:
    assert_streams_like_the_whole(codec, speech, list(torch.split(speech, frames * codec.info.hop_samples, dim=-1)))


@pytest.mark.parametrize("sizes", [(441,), (1, 1000, 37), (160, 2000, 3)])
def test_ragged_blocks_through_a_framer_equal_the_whole_file(
    codec: Codec, speech: torch.Tensor, sizes: tuple[int, ...]
) -> None:
    framer, pieces, at, turn = Framer(codec.info.hop_samples), [], 0, 0
    while at < speech.shape[-1]:
        block = speech[0, :, at : at + sizes[turn % len(sizes)]].numpy()
        at, turn = at + block.shape[-1], turn + 1
        whole = framer.push(block)
        if whole.shape[-1]:
            pieces.append(torch.from_numpy(whole)[None])
    assert_streams_like_the_whole(codec, speech, pieces)


def assert_streams_like_the_whole(codec: Codec, speech: torch.Tensor, pieces: list[torch.Tensor]) -> None:
    encoded = codec.encode(speech)
    decoded = codec.decode(encoded)
    stream = codec.stream()
    steps = [stream.step(piece) for piece in pieces]
    codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
    audio = torch.cat([step.audio for step in steps], dim=-1)
    lag = codec.info.stream_delay_samples
    assert codes.shape[-1] == speech.shape[-1] // codec.info.hop_samples
    assert torch.equal(codes, encoded.codes[..., : codes.shape[-1]])
    torch.testing.assert_close(audio[..., lag:], decoded[..., : audio.shape[-1] - lag], atol=1e-6, rtol=0)


def test_both_write_the_same_codes(speech: torch.Tensor) -> None:
    linear, neural = load_codec("linear-16k", "cpu"), load_codec("neural-transform-16k", "cpu")
    same = (linear.encode(speech).codes == neural.encode(speech).codes).float().mean()
    assert float(same) > 0.98  # the neural file is rounded once more


@pytest.mark.parametrize("metric", ["pesq_wb", "stoi", "mel_distance"])
@pytest.mark.parametrize("depth", [8, 16, 24])
def test_the_network_is_better_than_no_network(speech: torch.Tensor, depth: int, metric: str) -> None:
    values = []
    for name in ("linear-16k", "neural-transform-16k"):
        codec = load_codec(name, "cpu")
        decoded = codec.decode(codec.encode(speech), depth)
        values.append(METRICS[metric].measure(speech[0, 0].numpy(), decoded[0, 0].numpy(), 16000).value)
    linear, neural = values
    assert linear is not None
    assert neural is not None
    better = neural > linear if METRICS[metric].higher_is_better else neural < linear
    assert better, values


@pytest.mark.parametrize("metric", ["pesq_wb", "stoi", "mel_distance"])
@pytest.mark.parametrize("depth", [4, 6, 12])
def test_the_default_is_better_than_the_neural_transform_codec(speech: torch.Tensor, depth: int, metric: str) -> None:
    values = []
    for name in ("neural-transform-16k", default_codec()):
        codec = load_codec(name, "cpu")
        assert codec.info.bitrate_kbps(depth) == depth / 2
        decoded = codec.decode(codec.encode(speech), depth)
        values.append(METRICS[metric].measure(speech[0, 0].numpy(), decoded[0, 0].numpy(), 16000).value)
    before, now = values
    assert before is not None
    assert now is not None
    assert now > before if METRICS[metric].higher_is_better else now < before, values


ZOO = sorted(set(shipped_codecs()) - set(OWN))


def test_the_zoo_has_every_family_with_a_small_recipe() -> None:
    recipes = {name: read_recipe(name) for name in shipped_recipes()}
    small = {name: recipe.family for name, recipe in recipes.items() if recipe.column == "small"}
    assert {name: load_codec(name, "cpu").info.family for name in ZOO} == small


@pytest.mark.parametrize("name", ZOO)
def test_a_codec_of_the_zoo_talks_and_its_card_was_measured(speech: torch.Tensor, name: str) -> None:
    codec = load_codec(name, "cpu")
    original = speech[..., : speech.shape[-1] // codec.info.hop_samples * codec.info.hop_samples]
    encoded = codec.encode(original)
    found = {}
    for depth in (1, codec.info.depth) if codec.info.books else (None,):
        decoded = codec.decode(encoded, depth)[0, 0].numpy()
        found[depth] = METRICS["mel_distance"].measure(original[0, 0].numpy(), decoded, 16000).value
    best = min(value for value in found.values() if value is not None)
    assert best < 14  # dB; silence: about 40
    for book, sizes in zip(encoded.codes[0] if codec.info.books else (), codec.info.books, strict=True):
        assert book.unique().numel() > 20, sizes
    card = json.loads(shipped_codecs()[name].with_name("card.json").read_text(encoding="utf-8"))
    assert card["mel_distance_ratio"] > 3
    assert "Not measured yet" not in shipped_codecs()[name].with_name("card.md").read_text(encoding="utf-8")
