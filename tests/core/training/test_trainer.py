"""What a run writes down and leaves behind, whatever its recipe asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from speefeare_core import load_codec
from speefeare_core.checkpoints import native
from speefeare_core.training.parallel import Parallel
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.train_step import Heard, Learner
from speefeare_core.training.trainable import trainable_for
from speefeare_core.training.trainer import Trainer
from tests.core.training.tiny_run import ADVERSARY, RATE, SOUNDSTREAM, TRANSFORM, events_of, tiny, train


def test_a_run_says_everything_that_its_watchers_want(tones: Path, tmp_path: Path) -> None:
    trainer = train(tiny(adversarial={**ADVERSARY, "start_step": 3}, validation__clips=2), tmp_path, tones)
    run = RunFolder(tmp_path)
    order = [(event["event"], event["step"]) for event in events_of(tmp_path) if event["event"] != "machine"]
    assert order == [
        ("preparing", 0), ("start", 0), ("validation", 0), ("checkpoint", 0),
        ("losses", 2), ("books", 2), ("losses", 3), ("books", 3), ("validation", 3), ("checkpoint", 3),
        ("losses", 4), ("books", 4), ("losses", 6), ("books", 6), ("validation", 6), ("checkpoint", 6), ("finished", 6),
    ]  # fmt: skip
    start = events_of(tmp_path, "start")[0]
    assert start["batch_s"] == pytest.approx(3 * 20 * 32 / RATE)
    assert start["parameters"] == sum(weight.numel() for weight in trainer.model.module.parameters())
    assert (start["steps"], start["world_size"], start["device"], start["clips"]) == (6, 1, "cpu", 4)
    last = events_of(tmp_path, "losses")[-1]
    wanted = {
        "companded_stft", "commitment", "adversarial", "feature_matching", "total", "discriminator", "gradient_norm",
        "gradient_norm_discriminator", "rate", "rate_discriminator", "shares", "logits_real", "logits_fake",
        "audio_s_per_s", "loader_wait", "loader_audio_s_per_s", "progress", "left_s", "seconds",
    }  # fmt: skip
    assert wanted <= last.keys()
    assert sum(last["shares"].values()) == pytest.approx(1)
    assert last["progress"] == 1
    assert "discriminator" not in events_of(tmp_path, "losses")[0]
    books = events_of(tmp_path, "books")[-1]
    assert [len(books[name]) for name in ("perplexity", "usage", "dead", "entropy")] == [3, 3, 3, 3]
    assert books["window_frames"] == 6 * 3 * 20
    seen = events_of(tmp_path, "validation")
    assert set(seen[-1]["mel_distance_by_depth"]) == {"1", "2", "3"}
    assert seen[-1]["mel_distance"] == pytest.approx(seen[-1]["mel_distance_by_depth"]["3"], abs=1e-3)
    for name in (*seen[0]["samples"], *seen[-1]["samples"], *seen[-1]["originals"]):
        assert soundfile.info(str(tmp_path / name)).samplerate == RATE
    assert len(seen[-1]["samples"]) == len(seen[-1]["originals"]) == 2
    machine = events_of(tmp_path, "machine")[0]
    assert machine["memory_mb"] > 10
    for path in (run.model, run.model_latest):
        assert load_codec(path, "cpu").info.depth == 3


def test_validation_hears_the_codec_that_lies_in_the_run(tones: Path, tmp_path: Path) -> None:
    train(tiny(), tmp_path, tones)
    codec = load_codec(RunFolder(tmp_path).model_latest, "cpu")
    original, _ = soundfile.read(str(tmp_path / "samples/original/0.wav"), dtype="float32")
    decoded = codec.decode(codec.encode(torch.from_numpy(original)[None, None]))[0, 0].numpy()
    heard, _ = soundfile.read(str(tmp_path / "samples/step-00000006/0.wav"), dtype="float32")
    assert np.abs(heard - decoded).max() < 1e-3
    assert np.abs(heard - original).max() > 1e-3


def test_training_lowers_the_loss(tones: Path, tmp_path: Path) -> None:
    given = tiny(family="soundstream", network=SOUNDSTREAM, optimiser__rate=3e-3, optimiser__warmup_steps=5,
                 budget__steps=80, checkpoint_every=80)  # fmt: skip
    train(given, tmp_path, tones)
    seen = [event["companded_stft"] for event in events_of(tmp_path, "validation")]
    assert seen[-1] < 0.9 * seen[0]


def test_a_rate_share_of_zero_freezes_and_books_can_rest(tones: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny(rate_shares={"encoder": 0.0}, books__learn=False), RunFolder(tmp_path), tones, "cpu")
    trainer.train()
    begun = torch.load(tmp_path / "checkpoints" / "step-00000003.pt")["model"]
    moved = {name for name, value in trainer.model.module.state_dict().items() if not torch.equal(value, begun[name])}
    assert moved
    assert all(name.startswith(("decoder", "depth_shift")) for name in moved)


def test_a_fitted_codec_is_a_run_too_and_a_start_for_another(tones: Path, tmp_path: Path) -> None:
    sizes = {name: TRANSFORM[name] for name in ("rate_hz", "hop_samples", "dim", "books", "book_size")}
    raw = tiny().to_dict() | {"family": "linear", "network": sizes, "losses": []}
    train(Recipe.from_dict(raw), tmp_path / "linear", tones)
    assert [event["event"] for event in events_of(tmp_path / "linear")] == [
        "preparing", "start", "validation", "checkpoint", "finished",
    ]  # fmt: skip
    fitted = str(tmp_path / "linear" / "model.safetensors")
    train(tiny(start_from=fitted, budget__steps=1), tmp_path / "neural", tones)
    begun = torch.load(tmp_path / "neural" / "checkpoints" / "step-00000000.pt")["model"]
    name = "quantizer.layers.1.codebook"
    assert torch.equal(begun[name], load_codec(fitted, "cpu").module.state_dict()[name])


def test_the_finished_codec_has_averaged_weights(tones: Path, tmp_path: Path) -> None:
    trainer = train(tiny(ema=0.5, family="soundstream", network=SOUNDSTREAM, budget__steps=3), tmp_path, tones)
    state = torch.load(tmp_path / "checkpoints" / "step-00000003.pt")
    finished = native.read(RunFolder(tmp_path).model).tensors
    changed = 0
    for name, value in finished.items():
        assert torch.equal(value, state["average"][name]), name
        changed += not torch.equal(value, state["model"][name])
    assert changed > 10
    assert all(torch.equal(value, state["model"][name]) for name, value in trainer.model.module.state_dict().items())


def test_accumulated_batches_make_the_gradient_of_one_large_batch(tones: Path, tmp_path: Path) -> None:
    plain = {"depths__kind": "all", "adversarial": ADVERSARY, "optimiser__clip_norm": 0.0, "books__learn": False}
    halves = tiny(**plain, accumulate=2, losses=[{"key": "companded_stft", "options": {"windows": [64, 128]}}])
    audio = 0.2 * torch.randn(4, 1, 20 * 32, generator=torch.Generator().manual_seed(0))
    found = []
    for batches in ([audio], [audio[:2], audio[2:]]):
        torch.manual_seed(0)
        learner = Learner(halves, trainable_for(halves), Parallel("cpu"))
        learner.step([Heard(batch) for batch in batches], 0, 0.0, False)
        parts = [*learner.model.module.named_parameters(), *learner.adversary.named_parameters()]  # type: ignore[union-attr]
        found.append({name: value.grad for name, value in parts if value.grad is not None})
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, rtol=1e-3, atol=1e-6, msg=name)


@pytest.mark.parametrize(
    ("changes", "steps"),
    [({"budget__epochs": 0.2}, 3), ({"budget__minutes": 1e-9}, 1), ({"budget__steps": 2}, 2)],
)
def test_the_first_limit_of_the_budget_ends_the_run(
    changes: dict[str, Any], steps: int, tones: Path, tmp_path: Path
) -> None:
    trainer = train(tiny(**changes), tmp_path, tones)
    assert trainer.step == steps
    assert events_of(tmp_path, "losses")[-1]["progress"] == 1
    assert events_of(tmp_path)[-1]["event"] == "finished"


def test_numbers_are_written_for_tensorboard_too(tones: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    train(tiny(tensorboard=True), tmp_path, tones)
    files = list((tmp_path / "tensorboard").iterdir())
    assert len(files) == 1
    values = {
        (value.tag, event.step): value
        for event in EventFileLoader(str(files[0])).Load()
        for value in event.summary.value
    }
    logged = events_of(tmp_path, "losses")[-1]
    told = values["training/companded_stft", 6]
    assert (told.tensor.float_val or [told.simple_value])[0] == pytest.approx(logged["companded_stft"], rel=1e-5)
    assert ("books/perplexity/2", 6) in values
    assert ("validation/0", 6) in values


def test_the_log_is_strict_json(tones: Path, tmp_path: Path) -> None:
    train(tiny(), tmp_path, tones)
    unknown: list[str] = []
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    events = [json.loads(line, parse_constant=unknown.append) for line in lines]
    assert {"losses", "books", "validation"} <= {event["event"] for event in events}
    assert unknown == []
