"""Losses, discriminators and the balancer against those of the official trainers, values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import auraloss
import pytest
import torch
from torch import Tensor

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.losses import LOSSES
from speefeare_core.training.balancer import Balancer
from speefeare_core.training.recipe_parts import BalancerRecipe
from tests.parity.peer import speech_like
from tests.parity.peers.dac import old_torch_ways
from tests.parity.training_peers import (
    Signal,
    alone,
    audiocraft_module,
    copy_weights,
    dac_module,
    speechtokenizer_module,
)

LENGTH = 4800
Value = Callable[[Tensor, Tensor], Any]


def dac_mel(rate_hz: int) -> Value:
    loss = dac_module("dac.nn.loss").MelSpectrogramLoss(
        n_mels=[5, 10, 20, 40, 80, 160, 320], window_lengths=[32, 64, 128, 256, 512, 1024, 2048], mel_fmin=[0] * 7,
        mel_fmax=[None] * 7, pow=1.0, clamp_eps=1e-5, mag_weight=0.0,
    )  # fmt: skip
    return lambda decoded, target: loss(Signal(decoded, rate_hz), Signal(target, rate_hz))


def encodec_mel(rate_hz: int) -> Value:
    kind = audiocraft_module("audiocraft.losses.specloss").MultiScaleMelSpectrogramLoss
    return kind(rate_hz, 6, 11, n_mels=64, f_min=64, normalized=True, alphas=False, floor_level=1e-5)


def speechtokenizer_mel(rate_hz: int) -> Value:
    loss = speechtokenizer_module("speechtokenizer.trainer.loss").mel_loss

    def value(decoded: Tensor, target: Tensor) -> Any:
        return sum(
            weight * loss(target, decoded, n_fft=1024 >> at, num_mels=80, sample_rate=rate_hz, hop_size=240 >> at,
                          win_size=1024 >> at, fmin=0, fmax=None)
            for at, weight in enumerate((45, 1, 1, 1))
        )  # fmt: skip

    return value


def vocos_mel(rate_hz: int) -> Value:
    loss = alone("vocos.loss").MelSpecReconstructionLoss(rate_hz)
    return lambda decoded, target: loss(decoded[:, 0], target[:, 0])


def mr_stft(rate_hz: int) -> Value:
    return auraloss.freq.MultiResolutionSTFTLoss([512, 1024, 2048], [120, 240, 300], [480, 960, 1200])


LOSS_PEERS: dict[str, tuple[Callable[[int], Value], int, dict[str, Any]]] = {
    "dac_mel": (dac_mel, 24000, {}),
    "encodec_mel": (encodec_mel, 24000, {}),
    "speechtokenizer_mel": (speechtokenizer_mel, 16000, {}),
    "vocos_mel": (vocos_mel, 24000, {}),
    "mr_stft": (mr_stft, 16000, {"floor": 1e-8}),
}


@pytest.mark.filterwarnings("ignore:At least one mel filterbank")  # torchaudio's; the official settings have such
@pytest.mark.parametrize("key", LOSS_PEERS)
def test_a_reconstruction_loss_is_the_official_one(key: str) -> None:
    build, rate_hz, options = LOSS_PEERS[key]
    target = speech_like(2, 1, LENGTH, rate_hz)
    decoded = target + 0.01 * torch.randn(target.shape, generator=torch.Generator().manual_seed(1))
    found = []
    for value in (LOSSES[key](rate_hz=rate_hz, **options), build(rate_hz)):
        at = decoded.clone().requires_grad_()
        loss = value(at, target)
        loss.backward()
        assert at.grad is not None
        found.append((loss.detach(), at.grad))
    assert float(found[1][0]) > 0
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-5, atol=0)
    error = (found[0][1] - found[1][1]).norm() / found[1][1].norm()
    assert float(error) < 1e-2, float(error)  # |x| has no slope at 0: filters rounded otherwise turn a few signs


@pytest.mark.parametrize("key", ["d_axis", "t_axis"])
def test_distillation_is_that_of_speechtokenizer(key: str) -> None:
    theirs = speechtokenizer_module("speechtokenizer.trainer.loss")
    generator = torch.Generator().manual_seed(2)
    taught, features = (torch.randn(2, 11, 7, generator=generator) for _ in range(2))
    if key == "d_axis":
        expected = theirs.d_axis_distill_loss(taught, features)
    else:  # theirs asks torch.functional for an l1_loss, which has none: the second half can be asked alone
        distance = torch.nn.functional.l1_loss(taught, features)
        cosine = torch.nn.functional.cosine_similarity(taught, features, dim=-1)
        expected = distance - torch.log(torch.sigmoid(cosine)).mean()
    torch.testing.assert_close(LOSSES[key]()(taught, features), expected)


def listened(outputs: list[DiscriminatorOutput]) -> tuple[list[Tensor], list[list[Tensor]]]:
    return [output.logits for output in outputs], [output.features for output in outputs]


def assert_same(ours: list[Tensor], theirs: list[Tensor], tolerance: float = 2e-5) -> None:
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.numel() == other.numel()
        other = other.reshape(mine.shape)
        assert float((mine - other).detach().norm() / other.detach().norm().clamp(min=1e-9)) < tolerance


def test_the_discriminators_and_gan_losses_of_dac() -> None:
    """All of them together, as its trainer has them; a divisible length too, where it appends a whole period."""
    with old_torch_ways():
        theirs = dac_module("dac.model.discriminator").Discriminator(
            periods=[5], fft_sizes=[512, 256], sample_rate=24000
        )
        gan = dac_module("dac.nn.loss").GANLoss(theirs)
    period = DISCRIMINATORS["multi_period"](periods=[5], level=True, always_pad=True)
    bands = DISCRIMINATORS["multi_band_stft"](windows=[512, 256])
    copy_weights(torch.nn.ModuleList([period, bands]), theirs)
    for length in (2000, 2001):
        real, fake = speech_like(2, 1, length, 24000), 0.3 * speech_like(2, 1, length, 24000, seed=1)
        outputs = {}
        for name, audio in (("real", real), ("fake", fake)):
            outputs[name] = [*period(audio), *bands(audio)]
            logits, features = listened(outputs[name])
            maps = theirs(audio)
            assert_same(logits, [layers[-1] for layers in maps])
            for mine, layers in zip(features, maps, strict=True):
                assert_same(mine, layers[:-1])
        adversarial, matching = gan.generator_loss(Signal(fake, 24000), Signal(real, 24000))
        ours, feature = LOSSES["least_squares"](), LOSSES["feature_matching"](mean_over="nothing")
        torch.testing.assert_close(ours.generator(outputs["fake"]), adversarial)
        torch.testing.assert_close(feature(outputs["real"], outputs["fake"]), matching, rtol=1e-4, atol=1e-6)
        wanted = sum(
            (d[-1] ** 2).mean() + ((1 - r[-1]) ** 2).mean() for d, r in zip(theirs(fake), theirs(real), strict=True)
        )
        torch.testing.assert_close(ours.discriminator(outputs["real"], outputs["fake"]), wanted)


def test_the_discriminator_of_dac_on_scales_is_melgans() -> None:
    """dac's MSD at rate 1: our waveform discriminator at one scale, with its slope."""
    with old_torch_ways():
        theirs = dac_module("dac.model.discriminator").MSD(1, 24000)
    ours = DISCRIMINATORS["multiscale_wave"](scales=1)
    copy_weights(ours, theirs)
    shapes = [tuple(layer.weight.shape) for layer in ours.scales[0].layers]
    assert shapes == [tuple(layer[0].weight.shape) for layer in theirs.convs]


@pytest.mark.parametrize("package", ["encodec", "audiocraft", "speechtokenizer"])
def test_the_stft_discriminator_of_encodec(package: str) -> None:
    windows = [256, 512]
    sizes = {"n_ffts": windows, "win_lengths": windows, "hop_lengths": [size // 4 for size in windows]}
    with old_torch_ways():
        if package == "encodec":
            theirs = alone("encodec.msstftd").MultiScaleSTFTDiscriminator(filters=8, **sizes)
        elif package == "audiocraft":
            kind = audiocraft_module("audiocraft.adversarial.discriminators.msstftd").MultiScaleSTFTDiscriminator
            theirs = kind(filters=8, activation_params={"negative_slope": 0.3}, **sizes)
        else:
            theirs = alone("speechtokenizer.discriminators").MultiScaleSTFTDiscriminator(filters=8, **sizes)
    slope = 0.3 if package == "audiocraft" else 0.2
    ours = DISCRIMINATORS["ms_stft"](windows=windows, channels=8, slope=slope)
    copy_weights(ours, theirs)
    audio = speech_like(2, 1, 5000, 24000)
    logits, features = listened(ours(audio))
    found = theirs(audio, audio) if package == "speechtokenizer" else theirs(audio)
    their_logits, maps = (found[0], found[2]) if package == "speechtokenizer" else found
    assert_same(logits, their_logits)
    for mine, other in zip(features, maps, strict=True):
        assert_same(mine, other)


def test_the_hinge_losses_of_audiocraft_and_vocos() -> None:
    craft, vocos = audiocraft_module("audiocraft.adversarial.losses"), alone("vocos.loss")
    generator = torch.Generator().manual_seed(3)
    outputs = [
        [DiscriminatorOutput(torch.randn(2, 1, n, generator=generator), []) for n in (5, 9, 3)] for _ in range(2)
    ]
    real, fake = outputs
    logits = [output.logits for output in fake]
    mean = torch.stack([craft.hinge_loss(x) for x in logits]).mean()
    torch.testing.assert_close(LOSSES["hinge"](linear=True).generator(fake), mean)
    torch.testing.assert_close(LOSSES["hinge"](over="sum").generator(fake), vocos.GeneratorLoss()(logits)[0][0])
    told = sum(
        craft.hinge_real_loss(r.logits) + craft.hinge_fake_loss(f.logits) for r, f in zip(real, fake, strict=True)
    )
    torch.testing.assert_close(LOSSES["hinge"]().discriminator(real, fake), told / 3)
    square = torch.stack([craft.mse_loss(x) for x in logits]).mean()
    torch.testing.assert_close(LOSSES["mse"]().generator(fake), square)


def test_feature_matching_of_audiocraft_and_vocos() -> None:
    generator = torch.Generator().manual_seed(4)
    maps = [[[torch.randn(2, 3, n, generator=generator) for n in (4, 6)] for _ in range(3)] for _ in range(2)]
    real, fake = ([DiscriminatorOutput(torch.zeros(1), layers) for layers in side] for side in maps)
    craft = audiocraft_module("audiocraft.adversarial.losses").FeatureMatchingLoss()
    expected = torch.stack([craft(b, a) for a, b in zip(*maps, strict=True)]).mean()
    torch.testing.assert_close(LOSSES["feature_matching"]()(real, fake), expected)
    whole = alone("vocos.loss").FeatureMatchingLoss()(*maps)[0]
    torch.testing.assert_close(LOSSES["feature_matching"](mean_over="discriminators")(real, fake), whole / 3)


def test_the_discriminators_of_speechtokenizer() -> None:
    with old_torch_ways():
        theirs = alone("speechtokenizer.discriminators")
        period, scale = theirs.MultiPeriodDiscriminator(), theirs.MultiScaleDiscriminator()
    audio = speech_like(1, 1, 800, 16000)
    losses = speechtokenizer_module("speechtokenizer.trainer.loss")
    for ours, other in ((DISCRIMINATORS["multi_period"](), period), (DISCRIMINATORS["multi_scale"](), scale)):
        copy_weights(ours, other)
        ours.eval(), other.eval()  # spectral norm takes a step of its own in training
        with torch.no_grad():
            real, fake = ours(audio), ours(0.5 * audio)
            logits, fake_logits, maps, fake_maps = other(audio, 0.5 * audio)
            assert_same([output.logits.flatten(1) for output in real], logits)
            matching = 2 * LOSSES["feature_matching"](mean_over="nothing", logits=True)(real, fake)
            torch.testing.assert_close(matching, losses.feature_loss(maps, fake_maps), rtol=1e-4, atol=1e-5)
            least = LOSSES["least_squares"]()
            torch.testing.assert_close(least.generator(fake), losses.adversarial_loss(fake_logits))
            torch.testing.assert_close(least.discriminator(real, fake), losses.discriminator_loss(logits, fake_logits))


def test_the_discriminators_of_vocos() -> None:
    with old_torch_ways():
        theirs = alone("vocos.discriminators")
        period, bands = theirs.MultiPeriodDiscriminator((3,)), theirs.MultiResolutionDiscriminator((512, 256))
    ours = (
        (DISCRIMINATORS["multi_period"](periods=[3], features_from=1), period),
        (DISCRIMINATORS["multi_band_stft"](windows=[512, 256], stride_edges=False, features_from=1), bands),
    )
    audio, other_audio = speech_like(2, 1, 2500, 24000), 0.7 * speech_like(2, 1, 2500, 24000, seed=5)
    matching = alone("vocos.loss").FeatureMatchingLoss()
    for mine, other in ours:
        copy_weights(mine, other)
        real, fake = mine(audio), mine(other_audio)
        logits, fake_logits, maps, fake_maps = other(audio[:, 0], other_audio[:, 0])
        assert_same([output.logits.flatten(1) for output in real], [x.flatten(1) for x in logits])
        assert_same([output.logits.flatten(1) for output in fake], [x.flatten(1) for x in fake_logits])
        value = LOSSES["feature_matching"](mean_over="discriminators", logits=True)(real, fake)
        torch.testing.assert_close(value, matching(maps, fake_maps)[0] / len(maps), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("per_example", [True, False])
def test_the_balancer_is_encodecs(per_example: bool) -> None:
    """As in its official trainer, for steps with three losses and then two."""
    weights = {"samples": 0.1, "steep": 3.0, "quartic": 1.0}
    theirs = audiocraft_module("audiocraft.losses.balancer").Balancer(
        weights, ema_decay=0.9, per_batch_item=per_example, monitor=True
    )
    ours = Balancer(BalancerRecipe(on=True, decay=0.9, per_example=per_example, longest=0))
    generator = torch.Generator().manual_seed(6)
    for _ in range(6):
        decoded = torch.randn(3, 1, 40, generator=generator).requires_grad_()
        given = torch.randn(3, 3, 1, 40, generator=generator) * torch.rand(3, 1, 1, 1, generator=generator)
        losses = {
            "samples": (decoded - given[0]).abs().mean(),
            "steep": 1e6 * (decoded * given[1]).square().sum(),
            "quartic": (decoded - given[2]).pow(4).mean(),
        }
        made = ours.gradient({name: (weights[name], value) for name, value in losses.items()}, decoded)
        theirs.backward(losses, decoded)
        assert decoded.grad is not None
        torch.testing.assert_close(made, decoded.grad, rtol=1e-5, atol=1e-8)
    together = sum(ours.norms.values())
    for name, norm in ours.norms.items():
        assert norm / together == pytest.approx(theirs.metrics[f"ratio_{name}"], rel=1e-5)
