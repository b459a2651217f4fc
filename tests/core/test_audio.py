"""Sound files in and out: what was written is read, in blocks or whole, at any rate; a target is whole or absent."""

import numpy as np
import pytest
import soundfile

from speefeare_core import audio
from speefeare_core.errors import SpeefeareError


def noise(channels: int, length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, length)).astype(np.float32)


def test_float_wav_is_exact(tmp_path):
    made = audio.Audio(noise(2, 12345), 44100)
    audio.write(tmp_path / "a.wav", made)
    back = audio.read(tmp_path / "a.wav")
    assert back.rate_hz == 44100
    np.testing.assert_array_equal(back.samples, made.samples)


@pytest.mark.parametrize(("name", "bound"), [("a.flac", 1e-6), ("a.ogg", 0.2), ("a.mp3", 0.2)])
def test_other_formats(tmp_path, name, bound):
    t = np.arange(16000) / 16000
    made = audio.Audio((0.4 * np.sin(2 * np.pi * 440 * t))[None].astype(np.float32), 16000)
    audio.write(tmp_path / name, made)
    back = audio.read(tmp_path / name)
    assert back.rate_hz == 16000
    assert abs(back.length_samples - 16000) <= 1
    count = min(16000, back.length_samples)
    assert np.abs(back.samples[:, 2000 : count - 2000] - made.samples[:, 2000 : count - 2000]).max() < bound


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 192000])
def test_blockwise_resampling_has_no_seams(tmp_path, rate):
    made = noise(1, rate * 2 + 17)
    soundfile.write(tmp_path / "a.wav", made.T, rate, subtype="FLOAT")
    joined = np.concatenate(list(audio.converted_blocks(tmp_path / "a.wav", 16000, 1, block_s=0.123)), axis=1)
    whole = audio.Audio(made, rate).resampled(16000).samples
    assert abs(joined.shape[1] - whole.shape[1]) <= 1
    count = min(joined.shape[1], whole.shape[1])
    np.testing.assert_allclose(joined[:, :count], whole[:, :count], atol=1e-5)


def test_channels():
    six = noise(6, 100)
    np.testing.assert_allclose(audio.mix_channels(six, 1), six.mean(0, keepdims=True), atol=1e-7)
    np.testing.assert_array_equal(audio.mix_channels(six, 2), six[:2])
    mono = noise(1, 100)
    np.testing.assert_array_equal(audio.mix_channels(mono, 2), np.concatenate([mono, mono]))


def test_a_failed_write_leaves_nothing_and_keeps_the_old(tmp_path):
    target = tmp_path / "a.wav"
    audio.write(target, audio.Audio(noise(1, 10), 8000))
    before = target.read_bytes()
    with pytest.raises(ZeroDivisionError), audio.Writer(target, 8000, 1) as writer:
        writer.write(noise(1, 10))
        raise ZeroDivisionError
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_unwritable_and_unknown_targets(tmp_path):
    with pytest.raises(SpeefeareError, match="cannot be written"):
        audio.write(tmp_path / "no" / "a.wav", audio.Audio(noise(1, 10), 8000))
    with pytest.raises(SpeefeareError, match="should end in"):
        audio.write(tmp_path / "a.xyz", audio.Audio(noise(1, 10), 8000))
