"""Recorded steps: their handling of state with a recorder of plain Python, and CUDA graphs where there is a GPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.codecs.transform import TransformCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.transform_net import TransformConfig, TransformNet
from speefeare_core.plans import make_plan
from speefeare_core.plans.check import check_signal, compare
from speefeare_core.plans.cuda_graph import (
    GraphedStream,
    Outputs,
    Replay,
    copied,
    graphed,
    leaves,
    overwrite,
    recorded,
    shape_of,
)

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a CUDA device, and there is none")


class PythonRecorder:
    """Like a graph: nothing is computed while it records, and a replay fills the same results again."""

    def __init__(self) -> None:
        self.replays = 0

    def __call__(self, run: Any) -> Replay:
        results: list[Outputs] = []

        def replay() -> Outputs:
            self.replays += 1
            found = run()
            if not results:
                results.append(found)
            else:
                for kept, new in zip(results[0], found, strict=True):
                    if kept is not None:
                        kept.copy_(new)
            return results[0]

        return replay


def small() -> Codec:
    torch.manual_seed(5)
    config = TransformConfig(rate_hz=1600, hop_samples=16, dim=8, books=3, book_size=16, width=8, hidden=12, kernel=3)
    network = TransformNet(config).eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        if "norm" not in name:
            weight.add_(0.1 * torch.randn_like(weight))
    return TransformCodec(network)


def test_replayed_steps_are_the_plain_ones() -> None:
    codec, recorder = small(), PythonRecorder()
    stream = recorded(codec, 2, None, recorder)
    assert isinstance(stream, GraphedStream)
    assert compare(codec, stream, 2, steps=10) == (1.0, 0.0)
    assert recorder.replays > 15  # all but the beginning


def test_depths_states_and_silence() -> None:
    codec = small()
    stream = recorded(codec, 1, 2, PythonRecorder())
    assert isinstance(stream, GraphedStream)
    plain = codec.stream(depth=2, start="silence")
    blocks = torch.split(4 * check_signal(codec, 12), codec.info.hop_samples, dim=-1)
    results = []
    for index, block in enumerate(blocks):
        stream.depth = plain.depth = 1 + index % 3
        ours, theirs = stream.step(block), plain.step(block)
        results.append(ours)
        assert ours.codes is not None and theirs.codes is not None
        assert torch.equal(ours.codes, theirs.codes) and torch.equal(ours.audio, theirs.audio)
        if index == 6:
            held = stream.get_state()
    assert stream.replaying
    assert not torch.equal(results[3].audio, results[4].audio)  # nobody writes over what was given away
    for state in (held, copied(held)):
        stream.set_state(state)
        for index in (7, 8):
            stream.depth = 1 + index % 3
            assert torch.equal(stream.step(blocks[index]).audio, results[index].audio)
    stream.reset()
    stream.depth = 1
    assert torch.equal(stream.step(blocks[0]).audio, results[0].audio)


def test_blocks_of_another_size_are_refused() -> None:
    codec = small()
    stream = recorded(codec, 2, None, PythonRecorder())
    assert stream is not None
    with pytest.raises(SpeefeareError, match=r"takes \[1, 1, 32\] samples a step"):
        stream.encode(torch.zeros(1, 1, 16))


def test_a_codec_without_codes() -> None:
    codec = IdentityCodec(1600)
    stream = recorded(codec, 3, None, PythonRecorder())
    assert stream is not None
    assert compare(codec, stream, 3) == (None, 0.0)


def test_what_cannot_be_recorded_stays_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run: Any) -> Replay:
        raise RuntimeError("operation not permitted when stream is capturing")

    assert recorded(small(), 1, None, refuse) is None
    codec = small()
    whole = codec.stream

    def counting(**options: Any) -> Any:
        stream = whole(**options)
        inner = stream.encode

        def encode(audio: torch.Tensor) -> Any:
            stream.state["steps"] = stream.state.get("steps", 0) + 1
            return inner(audio)

        monkeypatch.setattr(stream, "encode", encode)
        return stream

    monkeypatch.setattr(codec, "stream", counting)
    assert recorded(codec, 1, None, PythonRecorder()) is None  # a number that a graph would hold on to


def test_state_trees() -> None:
    tree = {"a": (torch.ones(2), None), "b": [torch.zeros(3)]}
    assert shape_of(tree) == shape_of(copied(tree)) != shape_of({"a": tree["a"], "b": [torch.zeros(4)]})
    assert shape_of({"a": object()}) is None
    both = torch.arange(4.0)
    kept = {"left": both[:2], "right": both[2:]}
    overwrite(kept, {"left": kept["right"], "right": kept["left"]})
    assert both.tolist() == [2, 3, 0, 1] and len(leaves(kept)) == 2


def test_there_is_none_on_the_processor() -> None:
    assert graphed(small(), 1, None) is None
    report = make_plan(IdentityCodec(1600)).report
    assert not report.compiled and "no plan" in report.note


@NO_GPU
def test_cuda_graphs_are_the_plain_stream() -> None:
    for source in ("linear-16k", "neural-transform-16k", "identity:24000"):
        for frames in (1, 4):
            codec = load_codec(source, "cuda")
            plan = make_plan(codec, frames)
            assert plan.report.compiled, plan.report.note
            assert plan.report.tokens_same in (None, 1.0) and plan.report.audio_error <= 1e-5
            assert compare(codec, plan.stream, frames, steps=40)[0] in (None, 1.0)
            assert isinstance(plan.stream, GraphedStream) and plan.stream.replaying
