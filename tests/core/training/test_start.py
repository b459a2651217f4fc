"""Initial weights and weight norm."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from speefeare_core.nn.dac_model import DacConfig, DacModel
from speefeare_core.nn.soundstream import SoundStreamConfig, SoundStreamModel
from speefeare_core.training.initialise import NEAR_SILENCE, initialise, start_at_silence
from speefeare_core.training.weight_norm import add_weight_norm, load_plain_state, plain_state
from tests.core.training.small_networks import NETWORKS

WIDE = NETWORKS["soundstream"] | {"channels": 8, "decoder_channels": 8, "latent_dim": 32, "strides": [4, 4, 5]}


def stream(kind: str) -> SoundStreamModel:
    torch.manual_seed(0)
    model = SoundStreamModel(SoundStreamConfig.from_dict(WIDE))
    initialise(model, kind)
    return model


def test_even_keeps_signals_and_begins_at_silence() -> None:
    audio = 0.1 * torch.randn(2, 1, 3200)
    with torch.no_grad():
        latents = {kind: stream(kind).encoder(audio) for kind in ("default", "even")}
    assert 0.3 < float(latents["even"].std()) < 3
    from_sound = {kind: float((value - value.mean(dim=2, keepdim=True)).std()) for kind, value in latents.items()}
    assert (
        from_sound["default"] < 0.05 < from_sound["even"]
    )  # of torch's own weights hardly more than the biases is left


@pytest.mark.parametrize("normed", [False, True])
def test_training_starts_at_silence_but_not_at_zero(normed: bool) -> None:
    model = stream("even")
    if normed:
        add_weight_norm(model, ("decoder",))
    latents = torch.randn(2, 32, 40)
    with torch.no_grad():
        loud = model.decoder(latents)
        start_at_silence(model)
        quiet = model.decoder(latents)
    assert float(loud.std()) > 0.1
    torch.testing.assert_close(quiet, NEAR_SILENCE * loud, rtol=1e-4, atol=1e-9)


def test_truncated_normal_and_zero_biases() -> None:
    torch.manual_seed(0)
    model = DacModel(DacConfig.from_dict(NETWORKS["dac"] | {"latent_dim": 64}))
    initialise(model, "zero_bias")
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    convolutions = [part for part in model.modules() if isinstance(part, nn.Conv1d)]
    assert all(part.bias is None or not part.bias.any() for part in convolutions)
    initialise(model, "truncated_normal")
    spread = torch.cat([part.weight.detach().flatten() for part in convolutions])
    assert float(spread.std()) == pytest.approx(0.02, rel=0.1)
    untouched = [name for name, weight in model.named_parameters() if torch.equal(weight, before[name])]
    assert "quantizer.quantizers.0.codebook.weight" in untouched


def test_weight_norm_changes_nothing_until_it_learns() -> None:
    torch.manual_seed(0)
    model = stream("even").eval()
    audio = torch.randn(1, 1, 800)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    before = model.encoder(audio)
    add_weight_norm(model, ("encoder",))
    torch.testing.assert_close(model.encoder(audio), before, atol=1e-6, rtol=1e-4)
    names = {name.split(".")[0] for name in model.state_dict() if "parametrizations" in name}
    assert names == {"encoder"}
    plain = plain_state(model)
    assert set(plain) == set(state)
    for name, value in state.items():
        torch.testing.assert_close(plain[name], value, atol=1e-6, rtol=1e-5)


def test_a_plain_state_goes_in_and_comes_out() -> None:
    first, second = stream("even"), stream("default")
    add_weight_norm(second, ("encoder", "decoder"))
    load_plain_state(second, first.state_dict())
    for name, value in plain_state(second).items():
        torch.testing.assert_close(value, first.state_dict()[name], atol=1e-6, rtol=1e-5)
    with pytest.raises(RuntimeError, match="surplus"):
        load_plain_state(second, first.state_dict() | {"surplus": torch.zeros(1)})
