"""Studies: what they name exists, what is measured is measured alike, claims can be missed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from speefeare_core.synthetic_speech.shipped import shipped_speech
from speefeare_core.training import run_study as running
from speefeare_core.training.recipe import read_recipe
from speefeare_core.training.run_study import measure, run_study
from speefeare_core.training.studies import STUDIES, Claim, Outcome, Study, Variant
from speefeare_core.training.trainable import build_trainable
from tests.core.training.small_networks import recipe_data


def outcome(usage: float = 0.5, *distances: float) -> Outcome:
    return Outcome(usage, (usage,), 100, dict(enumerate(distances or (9.0,), start=1)), 10)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_variants_can_be_built(study: Study) -> None:
    assert len({variant.label for variant in study.variants}) == len(study.variants)
    for variant in study.variants:
        recipe = read_recipe(variant.recipe).changed(variant.changes)
        build_trainable(recipe.family, recipe.network)
    assert study.claims


def test_claims_hold_and_miss() -> None:
    def verdicts(key: str, **found: Outcome) -> list[bool]:
        outcomes = {label.replace("_", " "): value for label, value in found.items()}
        return [claim.holds(outcomes) for claim in STUDIES[key].claims]

    good = {"replaced": outcome(0.9), "never_replaced": outcome(0.4), "by_gradient": outcome(0.85)}
    assert verdicts("dead-entries", **good) == [True, True, True]
    assert verdicts("dead-entries", **dict.fromkeys(good, outcome(0.7))) == [False, False, False]
    assert verdicts("book-size", a=outcome(0.9), b=outcome(0.8), c=outcome(0.7)) == [True]
    assert verdicts("book-size", a=outcome(0.9), b=outcome(0.95), c=outcome(0.7)) == [False]
    assert verdicts("depths", a=outcome(1, 12.0, 10.0, 8.0)) == [True]
    assert verdicts("depths", a=outcome(1, 12.0, 10.0, 10.5)) == [False]

    def knows(pnmi: float, distance: float = 9.0) -> Outcome:
        return replace(outcome(0.9, distance), pnmi=pnmi)

    taught = {
        "EnCodec": knows(0.1), "SpeechTokenizer": knows(0.2), "Mimi": knows(0.12), "X-Codec": knows(0.16),
        "SpeechTokenizer_untaught": knows(0.1),
    }  # fmt: skip
    assert verdicts("taught", **taught) == [True, False, True, True]
    assert verdicts("split", split=knows(0.2, 8.0), single=knows(0.19, 9.0)) == [True, True]
    assert verdicts("split", split=knows(0.2, 9.5), single=knows(0.1, 9.0)) == [False, False]


def test_a_study_trains_measures_and_goes_on(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(recipe_data("soundstream")))
    variants = (
        Variant("two steps", str(recipe)),
        Variant("four, larger", str(recipe), {"budget.steps": 4, "network.book_size": 16}),
    )
    study = Study("x", "X?", variants, (Claim("Never.", lambda found: False),), minutes=0.0)
    monkeypatch.setattr(running, "FRAMES", 300)
    said: list[str] = []
    result = run_study(study, [str(tones)], tmp_path / "out", {}, "cpu", lambda _, words: said.append(words))
    assert said == ["Training two steps", "Training four, larger"]
    assert [found.steps for found in result.outcomes.values()] == [2, 4]
    assert {found.frames for found in result.outcomes.values()} == {300}
    assert result.verdicts == (("Never.", False),)
    written = json.loads((tmp_path / "out" / "study.json").read_text())
    assert written["claims"] == [{"claim": "Never.", "held": False}]
    events = tmp_path / "out" / "four-larger" / "events.jsonl"
    before = events.stat().st_size
    assert run_study(study, [str(tones)], tmp_path / "out", {}, "cpu").outcomes == result.outcomes
    assert events.stat().st_size == before  # what is finished is not trained again


def test_entries_are_counted_over_a_fixed_number_of_frames(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    from speefeare_core import load_codec

    codec = load_codec(str(tiny), "cpu")
    random = np.random.default_rng(0)
    clips = [0.1 * random.standard_normal(4000).astype(np.float32) for _ in range(4)]
    monkeypatch.setattr(running, "FRAMES", 150)
    monkeypatch.setattr(running, "CLIPS", 2)
    found = measure(codec, clips, 7)
    assert (found.frames, found.steps) == (150, 7)
    codes = torch.cat([codec.encode(torch.from_numpy(clip)[None, None]).codes[0] for clip in clips], dim=1)[:, :150]
    shares = [len(row.unique()) / info.size for row, info in zip(codes, codec.info.books, strict=True)]
    assert found.usage_by_book == pytest.approx(shares)
    assert found.usage == pytest.approx(sum(shares) / len(shares))
    assert list(found.mel_distance) == [1, 2, 4]


def test_a_study_of_phones_asks_the_first_book(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(recipe_data("soundstream")))
    monkeypatch.setattr(running, "FRAMES", 300)
    speech = shipped_speech()[:3]
    monkeypatch.setattr(running, "shipped_speech", lambda: speech)
    claims = (Claim("It knows something.", lambda found: found["one"].pnmi is not None),)
    study = Study("x", "X?", (Variant("one", str(recipe)),), claims, minutes=0.0, phones=True)
    result = run_study(study, [str(tones)], tmp_path / "out", {}, "cpu")
    pnmi = result.outcomes["one"].pnmi
    assert pnmi is not None and -0.5 < pnmi < 0.5 and result.verdicts[0][1]
