"""The tiny teacher: its frames, its file, its training, and that the shipped one knows phones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speefeare_core.errors import SpeefeareError
from speefeare_core.resources import resource
from speefeare_core.synthetic_speech.shipped import shipped_speech
from speefeare_core.teachers import open_teacher
from speefeare_core.teachers.phone_training import score, train_phones
from speefeare_core.teachers.phones import PhonesConfig, PhonesTeacher, read_phones, write_phones
from speefeare_core.teachers.semantic import SemanticTeacher
from tests.core.teachers.test_from_folder import OPTIONS

SMALL = PhonesConfig(width=16, blocks=1, features=8)


@pytest.mark.parametrize("length", [320, 399, 400, 3200, 3279, 3280, 3359, 3520])
def test_as_many_features_come_as_from_hubert(length: int) -> None:
    audio = torch.randn(1, 1, length) * 0.1
    frames = SemanticTeacher("hubert", OPTIONS)(audio).shape[-1]
    assert PhonesTeacher(SMALL)(audio).shape == (1, 8, frames)


def test_a_file_gives_it_back_in_half_precision(tmp_path: Path) -> None:
    teacher = PhonesTeacher(SMALL)
    write_phones(teacher, tmp_path / "phones.safetensors", {"minutes": 1})
    audio = torch.randn(1, 1, 6400) * 0.1
    again = read_phones(tmp_path / "phones.safetensors")
    assert again.config == SMALL
    torch.testing.assert_close(again.hear(audio), teacher.hear(audio), atol=2e-2, rtol=2e-2)
    with pytest.raises(SpeefeareError, match="holds no phone teacher"):
        read_phones(resource("codecs", "linear-16k", "model.safetensors"))


def test_the_shipped_one_is_small_and_tells_phones_apart() -> None:
    path = resource("teachers", "phones.safetensors")
    assert path.stat().st_size < 2_000_000
    teacher = open_teacher("phones")
    assert isinstance(teacher, PhonesTeacher)
    speech = shipped_speech()[:16]
    found = score(teacher, speech)
    assert found.accuracy > 0.6 and found.accuracy_without_silence > 0.55
    features = teacher.hear(torch.from_numpy(speech[0].samples)[None, None])
    assert 0.3 < float(features.std()) < 3  # standardised


def test_training_learns_from_a_few_recordings() -> None:
    speech = shipped_speech()[:6]
    before = score(PhonesTeacher(SMALL), speech)
    told: list[float] = []
    teacher = train_phones(
        speech, config=SMALL, minutes=0, steps=60, batch=4, rate=1e-2, progress=lambda share, _: told.append(share)
    )
    after = score(teacher, speech)
    assert after.accuracy > max(0.15, before.accuracy) and told == sorted(told) and len(told) == 3
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    heard = teacher.hear(torch.from_numpy(speech[0].samples)[None, None])
    assert abs(float(heard.mean())) < 0.7
    with pytest.raises(ValueError, match="no speech"):
        train_phones([], config=SMALL)
