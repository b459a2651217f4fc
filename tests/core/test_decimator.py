"""The decimator: flat below, silent above, of linear phase, and the same as a stream."""

import numpy as np
import pytest
import scipy.signal
import torch

from speefeare_core.nn.resample import FLAT, Decimator, lowpass


@pytest.mark.parametrize("factor", [2, 3, 6])
def test_response(factor: int) -> None:
    taps = lowpass(factor).double().numpy()
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-9)  # linear phase
    frequency, response = scipy.signal.freqz(taps, worN=8192, fs=2.0 * factor)  # the new band ends at 1
    level_db = 20 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(level_db[frequency < FLAT]).max() < 0.001
    assert level_db[frequency > 1.0].max() < -90


@pytest.mark.parametrize("factor", [2, 3])
def test_equals_scipy_and_states_its_delay(factor: int) -> None:
    audio = torch.randn(2, 1, 400 * factor)
    decimator = Decimator(factor)
    found = decimator(audio)
    assert found.shape == (2, 1, 400)
    expected = scipy.signal.upfirdn(decimator.taps.numpy(), audio.numpy(), 1, 1)[..., factor - 1 :: factor][..., :400]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    # A slow sine comes out late by just so much.
    time = torch.arange(3000 * factor)
    slow = torch.sin(0.05 * time / factor)
    late = torch.sin(0.05 * (time - decimator.delay_samples) / factor)[::factor]
    torch.testing.assert_close(decimator(slow[None, None])[0, 0, 500:], late[500:], atol=2e-4, rtol=0)


def test_stream_equals_the_whole() -> None:
    decimator = Decimator(3)
    audio = torch.randn(3, 1, 3 * 257)
    whole = decimator(audio)
    for size in (1, 2, 7, 100, 257):
        state, parts = decimator.initial_state(3), []
        for piece in torch.split(audio, 3 * size, dim=-1):
            out, state = decimator.step(piece, state)
            parts.append(out)
        torch.testing.assert_close(torch.cat(parts, dim=-1), whole, atol=1e-6, rtol=0)
