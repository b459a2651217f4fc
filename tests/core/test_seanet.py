"""SEANet with all its switches: in pieces as a whole, at both ends of a recording; edges; recurrence."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from speefeare_core.nn.conv import CausalConv1d, SymmetricConv1d
from speefeare_core.nn.in_blocks import run_in_blocks
from speefeare_core.nn.padding import pad_signal
from speefeare_core.nn.recurrent import ResidualLstm
from speefeare_core.nn.seanet import SeanetConfig, SeanetDecoder, SeanetEncoder

SMALL = {"n_filters": 4, "dimension": 6, "ratios": (5, 4, 2)}
SWITCHES: list[dict[str, object]] = [
    {},
    {"pad_mode": "constant", "lstm": 0, "true_skip": True, "last_kernel_size": 3},
    {"pad_mode": "replicate", "n_residual_layers": 2, "final_activation": "Tanh"},
    {"causal": False, "ratios": (8, 3), "true_skip": True},
    {"causal": False, "pad_mode": "constant", "n_residual_layers": 3, "compress": 1},
    {"causal": False, "pad_mode": "replicate", "activation": "Snake", "lstm": 1},
    {"causal": False, "bidirectional": True},
    {"trim_right_ratio": 0.3},
    {"causal": False, "norm": "time_group_norm", "channels": 2},
]


def built(switches: dict[str, object]) -> tuple[SeanetConfig, SeanetEncoder, SeanetDecoder]:
    torch.manual_seed(0)
    config = SeanetConfig(**(SMALL | switches))  # type: ignore[arg-type]
    return config, SeanetEncoder(config).eval(), SeanetDecoder(config).eval()


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("batch", [1, 3])
def test_in_blocks_it_is_the_whole(switches: dict[str, object], batch: int) -> None:
    config, encoder, decoder = built(switches)
    hop = config.hop_samples
    with torch.inference_mode():
        for samples in (40 * hop + 13, 40 * hop, 8 * hop, 7 * hop + 1, 3 * hop, 1):
            audio = torch.randn(batch, config.channels, samples)
            latents = encoder(audio)
            assert latents.shape == (batch, config.dimension, -(-samples // hop))
            decoded = decoder(latents)
            for frames in (1, 2, 7, 25):
                pieces = run_in_blocks(encoder.model, audio, frames * hop)
                torch.testing.assert_close(pieces, latents, atol=1e-5, rtol=0)
                pieces = run_in_blocks(decoder.model, latents, frames)
                torch.testing.assert_close(pieces, decoded, atol=1e-5, rtol=0)


@pytest.mark.parametrize("switches", SWITCHES)
def test_gradients_reach_every_weight(switches: dict[str, object]) -> None:
    config, encoder, decoder = built(switches)
    audio = torch.randn(2, config.channels, 4 * config.hop_samples)
    decoder(encoder(audio)).square().mean().backward()
    for part in (encoder, decoder):
        for name, weight in part.named_parameters():
            assert weight.grad is not None and torch.isfinite(weight.grad).all(), name
            assert float(weight.grad.abs().sum()) > 0, name


def test_a_config_survives_json_and_refuses_what_cannot_work() -> None:
    config = SeanetConfig(ratios=(8, 3), causal=False, norm="time_group_norm")
    assert SeanetConfig.from_dict(config.to_dict()) == config
    wrong: list[dict[str, object]] = [
        {"ratios": []}, {"ratios": [2, 0]}, {"n_filters": 2.5}, {"lstm": -1}, {"pad_mode": "circular"},
        {"activation": "GLU"}, {"norm": "time_group_norm"}, {"causal": False, "trim_right_ratio": 0.5},
        {"final_activation": "Softmax"}, {"widht": 3},
    ]  # fmt: skip
    for entries in wrong:
        with pytest.raises(ValueError, match="Seanet"):
            SeanetConfig.from_dict(entries)


def test_which_switches_stream() -> None:
    streams = [SeanetConfig(**(SMALL | switches)).streamable for switches in SWITCHES]  # type: ignore[arg-type]
    assert streams == [True, True, True, False, False, False, False, False, False]


def test_mirroring_leaves_the_edge_out_and_fills_short_signals_with_zeros() -> None:
    x = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert pad_signal(x, 2, 1, "reflect")[0, 0].tolist() == [3, 2, 1, 2, 3, 2]
    assert pad_signal(x, 4, 1, "reflect")[0, 0].tolist() == [0, 0, 3, 2, 1, 2, 3, 0]
    assert pad_signal(x, 1, 2, "replicate")[0, 0].tolist() == [1, 1, 2, 3, 3, 3]
    assert pad_signal(x, 1, 1, "constant")[0, 0].tolist() == [0, 1, 2, 3, 0]


def test_a_mirrored_beginning_must_be_there() -> None:
    conv = CausalConv1d(1, 1, 7, edges="reflect")
    assert conv.begin_needs(1) == 7
    with pytest.raises(ValueError, match="at least 7"):
        conv.begin(torch.zeros(1, 1, 6))


def test_a_symmetric_convolution_sees_as_far_ahead_as_back() -> None:
    conv = SymmetricConv1d(1, 1, 5, bias=False)
    x = torch.zeros(1, 1, 11)
    x[..., 5] = 1
    with torch.inference_mode():
        seen = conv(x)[0, 0].nonzero().flatten().tolist()
    assert seen == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("width", [5, 64])
def test_the_lstm_in_pieces_is_torchs(width: int, batch: int) -> None:
    torch.manual_seed(1)
    part = ResidualLstm(width, 2)
    x = torch.randn(batch, width, 23)
    with torch.inference_mode():
        whole = part(x)
        expected = x + part.lstm(x.permute(2, 0, 1))[0].permute(1, 2, 0)
        assert torch.equal(whole, expected)
        single = None
        for size in (1, 2, 7, 23):
            state, out = part.initial_state(batch), []
            for piece in x.split(size, dim=-1):
                y, state = part.step(piece, state)
                out.append(y)
            joined = torch.cat(out, dim=-1)
            torch.testing.assert_close(joined, whole, atol=1e-6, rtol=0)
            single = joined if single is None else single
            assert torch.equal(joined, single)


def test_a_bidirectional_lstm_gives_both_ways_and_cannot_stream() -> None:
    part = ResidualLstm(4, 1, bidirectional=True)
    assert part(torch.randn(2, 4, 9)).shape == (2, 8, 9)
    with pytest.raises(ValueError, match="whole recording"):
        part.initial_state(1)


def test_names_are_those_of_the_official_code() -> None:
    encoder = SeanetEncoder(SeanetConfig())
    names = {name for name, _ in encoder.named_parameters()}
    assert {"model.0.conv.weight", "model.1.block.1.conv.bias", "model.1.shortcut.conv.weight",
            "model.13.lstm.weight_ih_l0", "model.15.conv.bias"} <= names  # fmt: skip
    assert isinstance(encoder.model[2].module, nn.ELU)  # type: ignore[union-attr]
