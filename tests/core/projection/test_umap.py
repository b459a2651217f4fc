"""UMAP runs in a process of its own; here its library is one that answers at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core.errors import SpeefeareError
from speefeare_core.projection import umap_space
from speefeare_core.projection.corpus import Corpus
from speefeare_core.projection.pca import Moments
from speefeare_core.projection.space import fitting
from speefeare_core.projection.trace import tracing
from tests.core.projection.test_space_and_trace import done
from tests.core.speech import speech_like
from tests.core.tiny_codec import TinyCodec

FAKE = Path(__file__).parent / "fake_umap"
ROWS = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setattr(umap_space, "installed", lambda: True)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(FAKE), os.environ.get("PYTHONPATH", "")))))
    yield monkeypatch
    umap_space.end_process()


def space_of(rows: np.ndarray) -> umap_space.UmapSpace:
    moments = Moments()
    moments.add(rows)
    work = umap_space.fitting(moments.basis(axes=6), rows, "these rows")
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: umap_space.UmapSpace = end.value
            return found


def test_spaces_share_a_process_and_each_places_by_its_own_fit(fake: pytest.MonkeyPatch) -> None:
    first, second = space_of(ROWS), space_of(ROWS[:20])
    assert first.server is second.server
    for space, rows in ((first, ROWS), (second, ROWS[:20])):
        reduced = space.basis.place(rows)[:, :3]
        np.testing.assert_allclose(space.place(rows), reduced - reduced.mean(axis=0), atol=1e-5)
    assert first.place(ROWS[:0]).shape == (0, 3)


def test_a_fit_that_nobody_waits_for_any_more_disturbs_nobody(fake: pytest.MonkeyPatch) -> None:
    moments = Moments()
    moments.add(ROWS)
    left = umap_space.fitting(moments.basis(axes=6), ROWS, "left")
    next(left)
    left.close()
    assert space_of(ROWS).place(ROWS).shape == (40, 3)


@pytest.mark.parametrize(("how", "words"), [("fails", "no neighbours"), ("ends", "stopped unexpectedly")])
def test_what_goes_wrong_is_one_sentence_and_the_next_try_works(fake: pytest.MonkeyPatch, how: str, words: str) -> None:
    fake.setenv("FAKE_UMAP", how)
    with pytest.raises(SpeefeareError, match=words):
        space_of(ROWS)
    fake.delenv("FAKE_UMAP")
    umap_space.end_process()
    assert space_of(ROWS).place(ROWS).shape == (40, 3)


def test_too_few_rows_are_told(fake: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpeefeareError, match="too short for UMAP"):
        space_of(ROWS[:4])


def test_a_codec_through_umap(fake: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    soundfile.write(path, speech_like(0.5), 16_000, subtype="FLOAT")
    codec = TinyCodec()
    space = done(fitting(codec, Corpus(), "umap"))
    assert space.axis_names[0] == "UMAP 1" and "distances between far ones mean little" in space.words
    found = done(tracing(codec, path, space))
    assert found.before.shape == found.after.shape and found.before.shape[1] == 3


def test_a_long_computation_ends_with_who_asked(fake: pytest.MonkeyPatch) -> None:
    """Its input is closed, as when the process that asked was killed."""
    fake.setenv("FAKE_UMAP", "never ends")
    moments = Moments()
    moments.add(ROWS)
    work = umap_space.fitting(moments.basis(axes=6), ROWS, "left")
    for _ in range(3):
        next(work)
    child = umap_space.process()._process
    assert child.poll() is None and child.stdin is not None
    child.stdin.close()
    assert child.wait(timeout=20) == 0
