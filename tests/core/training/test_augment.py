"""What is done to an example: level, phase, noise, as the recipe says and no more."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.levels import loudness_lufs
from speefeare_core.training.augment import HEADROOM, Changes, coloured_noise, turned_phase
from speefeare_core.training.recipe_parts import DataRecipe
from tests.core.training.speech.sounds import tone


def finished(recipe: DataRecipe, seed: int = 0) -> tuple[np.ndarray, Changes, float]:
    random = np.random.default_rng(seed)
    changes = Changes.drawn(recipe, random)
    row = tone(1, 16000)
    return row, changes, changes.finish(row, 8000, random)


def test_a_recipe_without_augmentations_changes_the_level_alone() -> None:
    row, changes, gain = finished(DataRecipe(gain_low_db=-6.0, gain_high_db=-6.0, flip=False))
    assert (changes.speed, changes.phase, changes.tilt, changes.noise_db) == (1.0, 0.0, 0.0, None)
    assert gain == pytest.approx(10 ** (-6 / 20))
    np.testing.assert_allclose(row, gain * tone(1, 16000), rtol=1e-5)


def test_no_gain_clips() -> None:
    row, _, _ = finished(DataRecipe(gain_low_db=30.0, gain_high_db=30.0))
    assert float(np.abs(row).max()) == pytest.approx(HEADROOM, rel=1e-5)


def test_loudness_is_brought_to_the_recipe_s() -> None:
    row, _, _ = finished(DataRecipe(loudness_db=-23.0))
    assert loudness_lufs(row[None], 8000) == pytest.approx(-23.0, abs=0.05)
    silent = np.zeros(8000, np.float32)
    random = np.random.default_rng(0)
    Changes.drawn(DataRecipe(loudness_db=-23.0), random).finish(silent, 8000, random)
    assert not silent.any()


def test_turned_phases_keep_every_magnitude() -> None:
    sound = tone(2, 4001)
    turned = turned_phase(sound, 0.7)
    magnitudes = [np.abs(np.fft.rfft(samples)) for samples in (sound, turned)]
    np.testing.assert_allclose(magnitudes[1], magnitudes[0], rtol=1e-3, atol=1e-3)
    time = np.arange(4000) / 8000
    np.testing.assert_allclose(
        turned_phase(np.cos(2 * np.pi * 200 * time).astype(np.float32), 0.7),
        np.cos(2 * np.pi * 200 * time + 0.7),
        atol=1e-5,
    )


def test_shares_are_kept_and_a_larger_one_contains_a_smaller() -> None:
    def chosen(share: float) -> set[int]:
        recipe = DataRecipe(noise_share=share, phase_share=share)
        drawn = {seed: Changes.drawn(recipe, np.random.default_rng(seed)) for seed in range(400)}
        assert all(-65 <= one.noise_db <= -35 for one in drawn.values() if one.noise_db is not None)
        return {seed for seed, one in drawn.items() if one.noise_db is not None}

    assert chosen(0.0) == set()
    assert chosen(0.3) < chosen(0.6) < chosen(1.0)
    assert len(chosen(0.3)) / 400 == pytest.approx(0.3, abs=0.07)


def test_noise_has_its_level_and_falls_with_frequency() -> None:
    noise = coloured_noise(np.random.default_rng(1), 16000, -40.0)
    assert 20 * np.log10(noise.std()) == pytest.approx(-40.0, abs=0.1)
    power = np.abs(np.fft.rfft(noise)) ** 2
    assert power[200:1000].mean() > power[6000:].mean()


def test_half_of_the_signs_are_turned() -> None:
    signs = [Changes.drawn(DataRecipe(), np.random.default_rng(seed)).sign for seed in range(300)]
    assert abs(sum(signs)) < 50
    assert {Changes.drawn(DataRecipe(flip=False), np.random.default_rng(seed)).sign for seed in range(50)} == {1.0}
