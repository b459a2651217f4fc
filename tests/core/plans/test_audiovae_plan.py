"""AudioVAE's plan beside the plain stream: both versions, steps of several sizes, state, number formats."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from speefeare_core.codecs.audiovae import AudioVaeCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.audiovae import AudioVaeConfig
from speefeare_core.plans import make_plan, products
from speefeare_core.plans.audiovae import AudioVaePlan
from speefeare_core.stream import CodecStream
from tests.core.test_audiovae import ONE, TWO, lively

CONFIGS = {
    "1": ONE,
    "2": TWO,
    "told by more channels": dataclasses.replace(TWO, condition="concat", condition_dim=5, condition_out_layer=True),
    "all channels together": dataclasses.replace(ONE, depthwise=False),
}


@pytest.fixture(scope="module", params=CONFIGS.values(), ids=CONFIGS.keys())
def codec(request: pytest.FixtureRequest) -> AudioVaeCodec:
    return AudioVaeCodec(lively(request.param), name="small")


def sound(codec: AudioVaeCodec, frames: int) -> Tensor:
    return 0.3 * torch.randn(1, 1, frames * codec.info.hop_samples, generator=torch.Generator().manual_seed(5))


def run(stream: CodecStream, audio: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    steps = [stream.step(piece) for piece in audio.split(frames * stream.info.hop_samples, dim=-1)]
    latents = [step.latents for step in steps if step.latents is not None]
    return torch.cat(latents, dim=-1), torch.cat([step.audio for step in steps], dim=-1)


def assert_same(found: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> None:
    torch.testing.assert_close(found[0], wanted[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[1], wanted[1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_plan_is_the_plain_stream(codec: AudioVaeCodec, frames: int) -> None:
    audio = sound(codec, 60)
    wanted = run(codec.stream(start="silence"), audio, 3)
    assert wanted[0].std() > 0.05 and wanted[1].std() > 0.01
    made = make_plan(codec, frames)
    plan = made.stream
    assert isinstance(plan, AudioVaePlan) and made.report.compiled and made.report.tokens_same is None
    assert_same(run(plan, audio, 3), wanted)
    state = plan.get_state()
    later = run(plan, audio, frames)
    plan.reset()
    assert_same(run(plan, audio, frames), wanted)
    other = make_plan(codec, 2).stream  # what is carried does not depend on the step
    other.set_state(state)
    assert_same(run(other, audio, 2), later)


def test_pieces_that_are_no_steps_are_refused() -> None:
    codec = AudioVaeCodec(lively(ONE), name="small")
    plan = make_plan(codec, 2).stream
    for count in (1, 3):
        with pytest.raises(SpeefeareError, match="2 frames"):
            plan.encode(sound(codec, count))
    with pytest.raises(SpeefeareError, match="not one of a plan"):
        plan.set_state({"memory": plan.get_state()["memory"][1:]})


def test_a_network_that_draws_noise_has_no_plan() -> None:
    config: AudioVaeConfig = dataclasses.replace(ONE, noise=True)
    made = make_plan(AudioVaeCodec(lively(config), name="noisy"))
    assert not made.report.compiled and "no plan" in made.report.note


@pytest.mark.parametrize(("mode", "latents", "error"), [("bfloat16", 0.02, 0.05), ("int8_decoder", 1e-5, 0.2)])
def test_narrow_weights(monkeypatch: pytest.MonkeyPatch, mode: str, latents: float, error: float) -> None:
    monkeypatch.setattr(products, "BIG", 1)
    codec = AudioVaeCodec(lively(ONE), name="small")
    plan = codec.plan_stream(1, None, mode)
    assert plan is not None
    audio = sound(codec, 40)
    wanted = run(codec.stream(start="silence"), audio, 1)
    found = torch.cat([plan.encode(piece)[1] for piece in audio.split(codec.info.hop_samples, dim=-1)], dim=-1)  # type: ignore[misc]
    decoded = torch.cat([plan.decode(frame) for frame in wanted[0].split(1, dim=-1)], dim=-1)
    assert float((found - wanted[0]).abs().max() / wanted[0].abs().max()) < latents
    assert 0 < float((decoded - wanted[1]).abs().max() / wanted[1].abs().max()) < error
