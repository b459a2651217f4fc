"""The table by depth: right numbers, the measured delay removed, the same for one process and several."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import audio
from speefeare_core.audio import Audio
from speefeare_core.codec import Encoded
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.by_depth import evaluate, summarise
from speefeare_core.evaluation.metrics import METRICS
from speefeare_core.evaluation.report import to_json, to_markdown
from tests.core.speech import speech_like
from tests.core.tiny_codec import TinyCodec


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"speech_{seed}.wav" for seed in range(3)]
    for seed, path in enumerate(paths):
        audio.write(path, Audio(speech_like(1.2, seed=seed)[None], 16_000))
    return paths


class LateCodec(TinyCodec):
    """Its decode comes 7 samples late, against what its info says."""

    def _decode(self, encoded: Encoded, depth: int) -> torch.Tensor:
        return torch.nn.functional.pad(super()._decode(encoded, depth), (7, 0))


def test_means_are_those_of_the_library_calls(files: list[Path]) -> None:
    codec = TinyCodec()
    table = evaluate(codec, files, depths=[4, 2], metrics=["si_sdr", "mel_distance"])
    assert [row.depth for row in table.rows] == [2, 4]
    assert table.rows[1].bitrate_kbps == pytest.approx(codec.info.bitrate_kbps(4))
    values = []
    for path in files:
        x = audio.read(path).samples
        y = codec.decode(codec.encode(torch.from_numpy(x[None])), 2)[0].numpy()
        values.append(METRICS["si_sdr"].measure(x[0], y[0], 16_000).value)
    assert table.rows[0].metrics["si_sdr"].mean == pytest.approx(np.mean(np.array(values, float)), abs=1e-4)
    assert table.delays_samples == (0, 0, 0)


def test_deeper_is_better(files: list[Path]) -> None:
    table = evaluate(TinyCodec(), files[:1], metrics=["si_sdr"])
    means = [row.metrics["si_sdr"].mean for row in table.rows]
    assert means == sorted(means)  # type: ignore[type-var]
    assert len(means) == 4


def test_the_measured_delay_is_removed_and_said(files: list[Path]) -> None:
    late = evaluate(LateCodec(), files, metrics=["si_sdr"])
    right = evaluate(TinyCodec(), files, metrics=["si_sdr"])
    assert late.delays_samples == (7, 7, 7)
    assert late.rows[-1].metrics["si_sdr"].mean == pytest.approx(right.rows[-1].metrics["si_sdr"].mean, abs=0.05)
    assert "measured delay 7 samples" in to_markdown([late])


def test_a_codec_without_books_has_one_row_and_its_own_bitrate(files: list[Path]) -> None:
    table = evaluate("opus:24", files[:1], depths=[1, 2], metrics=["pesq_wb"])
    (row,) = table.rows
    assert (row.depth, round(row.bitrate_kbps, 2)) == (0, 24.0)
    assert row.metrics["pesq_wb"].mean is not None and row.metrics["pesq_wb"].mean > 2


def test_several_processes_give_the_same_table(files: list[Path]) -> None:
    alone = evaluate("opus:12", files)
    shared = evaluate("opus:12", files, jobs=2)
    assert alone == shared


def test_where_a_metric_is_not_defined_the_file_does_not_count(files: list[Path], tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    audio.write(silence, Audio(np.zeros((1, 16_000), np.float32), 16_000))
    table = evaluate(TinyCodec(), [*files, silence], depths=[4], metrics=["stoi"])
    assert table.rows[0].metrics["stoi"].files == 3
    assert any("silence" in note and "1 of 4" in note for note in table.notes)


def test_summary_by_hand() -> None:
    # 1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.302653
    found = summarise([1.0, None, 2.0, 3.0])
    assert (found.mean, found.files) == (2.0, 3)
    assert found.ci95 == pytest.approx(4.302653 / 3**0.5, abs=1e-6)
    assert summarise([5.0]).ci95 is None
    assert summarise([None]).mean is None


def test_reports_say_the_same_in_markdown_and_json(files: list[Path]) -> None:
    table = evaluate(TinyCodec(), files, depths=[1], metrics=["stoi", "mel_distance"])
    head, _, row, *_ = to_markdown([table]).splitlines()
    assert head == "| Codec | Books | kbps | STOI ↑ | Mel distance (dB) ↓ |"
    data = json.loads(to_json([table]))["evaluations"][0]
    stoi = data["rows"][0]["metrics"]["stoi"]
    assert row.startswith(f"| tiny | 1 | 1.00 | {stoi['mean']:.3f} ± {stoi['ci95']:.3f} |")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"depths": [5]}, "Depth 5 does not exist"),
        ({"metrics": ["nonsense"]}, "no metric nonsense"),
        ({"files": []}, "no sound file"),
        ({"jobs": 2}, "one job"),
    ],
)
def test_impossible_wishes_are_one_sentence(files: list[Path], change: dict[str, object], words: str) -> None:
    wishes = {"source": TinyCodec(), "files": files, "metrics": ["stoi"], **change}
    with pytest.raises(SpeefeareError, match=words):
        evaluate(**wishes)  # type: ignore[arg-type]


def test_continuous_latents_have_no_bitrate(files: list[Path]) -> None:
    table = evaluate("identity:16000", files[:1], metrics=["si_sdr"])
    assert table.rows[0].bitrate_kbps is None
    assert "| identity-16000 | – | – |" in to_markdown([table])
