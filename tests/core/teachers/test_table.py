"""Every teacher of the table: what it gives, that it never learns, and what is said where it cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers import TEACHERS, open_teacher
from speefeare_core.training.recipe_entry import help_of
from speefeare_core.training.recipe_parts import TeacherRecipe
from tests.core.speech import speech_like

READY = [key for key, row in TEACHERS.items() if not row.needs_source]


@pytest.mark.parametrize("key", READY)
def test_features_come_frame_by_frame_and_stay_as_they_are(key: str) -> None:
    teacher = open_teacher(key)
    assert teacher.key == key
    audio = torch.from_numpy(speech_like(1.3))[None, None].float()
    found = teacher.hear(torch.cat([audio, -audio]))
    assert found.shape == (2, teacher.width, -(-audio.shape[-1] // teacher.hop_samples))
    assert torch.isfinite(found).all() and found.std() > 0.1
    assert not found.requires_grad and not teacher.train().training
    torch.testing.assert_close(teacher.hear(audio)[0], found[0], atol=1e-4, rtol=1e-4)
    assert teacher.fingerprint == open_teacher(key).fingerprint and len(teacher.fingerprint) == 32


@pytest.mark.parametrize("key", READY)
def test_sound_one_frame_later_gives_features_one_frame_later(key: str) -> None:
    teacher = open_teacher(key)
    audio = torch.from_numpy(speech_like(4.0))[None, None].float()
    now, later = teacher.hear(audio), teacher.hear(audio[..., teacher.hop_samples :])
    edge = round(1.0 * teacher.frame_rate_hz)
    torch.testing.assert_close(later[..., edge : 2 * edge], now[..., edge + 1 : 2 * edge + 1], atol=2e-2, rtol=1e-2)


def test_recipes_know_every_teacher_and_no_other() -> None:
    assert set(help_of(TeacherRecipe, "key").choices) == {"", *TEACHERS}


def test_what_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match=r"choose one of hubert, wavlm, wakeword, phones"):
        open_teacher("parrot")
    with pytest.raises(SpeefeareError, match=r"set teacher\.source"):
        open_teacher("hubert")
    with pytest.raises(SpeefeareError, match="speefeare catalog download"):
        open_teacher("wavlm", "hf:nobody/nothing")
    with pytest.raises(SpeefeareError, match=r"lacks melspectrogram\.tflite"):
        open_teacher("wakeword", str(tmp_path))
    (tmp_path / "phones.safetensors").write_bytes(b"nothing")
    with pytest.raises(SpeefeareError, match="cannot be read"):
        open_teacher("phones", str(tmp_path / "phones.safetensors"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(SpeefeareError, match=r"speefeare-workbench\[wakeword\]"):
        open_teacher("wakeword")
