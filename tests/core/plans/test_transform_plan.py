"""Plans of the codecs on a lapped transform: the plain stream's codes and sound, to the bit."""

from typing import Any

import pytest
import torch

from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec
from speefeare_core.codecs.linear import LinearCodec
from speefeare_core.codecs.transform import TransformCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform
from speefeare_core.nn.transform_net import TransformConfig, TransformNet
from speefeare_core.plans import make_plan
from speefeare_core.plans.check import check_signal
from speefeare_core.plans.modes import MODES
from speefeare_core.stream import StreamStep
from tests.core.small_subframe import random_codec

SIZES: dict[str, Any] = {"rate_hz": 1600, "hop_samples": 32, "dim": 12, "books": 4, "book_size": 16}


def small(encoder_network: bool) -> Codec:
    """A network that has moved away from its beginning, where everything new adds nothing."""
    torch.manual_seed(3)
    config = TransformConfig(
        **SIZES, width=16, hidden=24, kernel=3, encoder_network=encoder_network, repair_strength=(0.5,)
    )
    network = TransformNet(config).eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        if "norm" not in name:
            weight.add_(0.1 * torch.randn_like(weight))
    network.mean.normal_(std=0.1)
    return TransformCodec(network)


def linear() -> Codec:
    torch.manual_seed(4)
    network = LinearTransform(LinearConfig(**SIZES)).eval().requires_grad_(False)
    network.mean.normal_(std=0.1)
    return LinearCodec(network)


def both(codec: Codec, frames: int, steps: int = 8) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Codes, latents and audio of the plain stream and of the plan, the depth changing on the way."""
    streams = [codec.stream(depth=2, start="silence"), codec.plan_stream(frames, 2, "float32")]
    found: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    hop = codec.info.hop_samples * frames
    for index, block in enumerate(torch.split(4.0 * check_signal(codec, frames * steps), hop, dim=-1)):
        for stream, results in zip(streams, found, strict=True):
            assert stream is not None
            stream.depth = 1 + index % codec.info.depth
            results.extend(parts(stream.step(block)))
    return found


def parts(step: StreamStep) -> list[torch.Tensor]:
    assert step.codes is not None and step.latents is not None
    return [step.codes, step.latents, step.audio]


def assert_equal(pair: tuple[list[torch.Tensor], list[torch.Tensor]]) -> None:
    for plain, ours in zip(*pair, strict=True):
        assert plain.shape == ours.shape and plain.dtype == ours.dtype
        if plain.dtype == torch.int64:
            assert torch.equal(plain, ours)
        else:
            assert float((plain - ours).abs().max()) <= 1e-6 * max(1.0, float(plain.abs().max())), plain.abs().max()


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("kind", ["decoder network", "both networks", "linear", "subframe"])
def test_plan_is_the_plain_stream(kind: str, frames: int) -> None:
    codec = {"linear": linear, "subframe": random_codec}.get(kind, lambda: small(kind == "both networks"))()
    pair = both(codec, frames, 12)
    assert len({tuple(codes.flatten().tolist()) for codes in pair[0][::3]}) > 6  # the codes depend on the input
    assert_equal(pair)


@pytest.mark.parametrize("source", ["neural-transform-16k", "linear-16k"])
def test_shipped_codecs(source: str) -> None:
    codec = load_codec(source)
    for frames in (1, 3):
        assert_equal(both(codec, frames))
    for mode in MODES:
        report = make_plan(codec, 1, mode=mode.key).report
        assert report.compiled and report.build_s < 20
        assert report.tokens_same is not None
        assert report.tokens_same == 1.0 if mode.key != "bfloat16" else report.tokens_same > 0.9
        assert report.audio_error < (1e-6 if mode.exact else 0.1)


@pytest.mark.parametrize("codec", [small(True), random_codec()], ids=["transform", "subframe"])
def test_state_goes_from_one_to_the_other_and_back(codec: Codec) -> None:
    hop = codec.info.hop_samples
    blocks = torch.split(check_signal(codec, 9), hop, dim=-1)
    whole = codec.stream(start="silence")
    wanted = [whole.step(block) for block in blocks]
    plain, plan = codec.stream(start="silence"), codec.plan_stream(1, None, "float32")
    assert plan is not None
    for index, block in enumerate(blocks):
        before, after = (plain, plan) if index % 2 else (plan, plain)
        step = before.step(block)
        assert_equal((parts(step), parts(wanted[index])))
        after.set_state(before.get_state())
    plan.reset()
    assert_equal((parts(plan.step(blocks[0])), parts(wanted[0])))


def test_what_a_step_gives_is_not_overwritten_by_the_next() -> None:
    plan = small(False).plan_stream(1, None, "float32")
    assert plan is not None
    block = torch.rand(1, 1, plan.info.hop_samples)
    plan.step(block)
    first = plan.step(block)
    kept = [part.clone() for part in parts(first)]
    plan.step(-3 * block)
    for before, now in zip(kept, parts(first), strict=True):
        assert torch.equal(before, now)


def test_other_sizes_are_refused() -> None:
    plan = small(False).plan_stream(2, None, "float32")
    assert plan is not None
    hop = plan.info.hop_samples
    for shape in ((1, 1, hop), (2, 1, 2 * hop)):
        with pytest.raises(SpeefeareError, match=f"takes {2 * hop} samples of one signal"):
            plan.encode(torch.zeros(shape))
    with pytest.raises(SpeefeareError, match="takes 2 frames"):
        plan.decode(torch.zeros(1, 4, 3, dtype=torch.int64))
