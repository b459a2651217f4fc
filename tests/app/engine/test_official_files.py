"""Every family opens in a real engine from a random-weight official file: codes, latents, takes, no error."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codecs import FAMILIES
from tests.app.engine.checks import check_clip, of
from tests.app.engine.harness import Talk, speech_file
from tests.core.lyra_folder import lyra_folder
from tests.parity.peer import Case
from tests.parity.table import all_cases
from workbench.engine import protocol as p
from workbench.engine.client import EngineClient

SMALL = ("small", "narrow", "reduced", "8 filters")
NO_FILE = {"opus": "opus:12", "mulaw": "mulaw", "identity": "identity:16000"}
OWN = ("linear", "transform", "subframe", "soundstream", "exported")  # no official file: tests of their own open them


def _cases() -> list[Case]:
    """One a family: a small one where there is one."""
    chosen: dict[str, Case] = {}
    for case in all_cases():
        before = chosen.get(case.family)
        if before is None or (not _is_small(before) and _is_small(case)):
            chosen[case.family] = case
    return list(chosen.values())


def _is_small(case: Case) -> bool:
    return any(word in f"{case.variant} {case.remark}" for word in SMALL)


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineClient]:
    client = EngineClient()
    client.start()
    talk = Talk(client)
    talk.next(p.EngineReady)
    talk.ask(p.SetOutput(p.VIRTUAL_DEVICE))
    yield client
    client.stop()


@pytest.fixture
def official(engine: EngineClient) -> Iterator[Talk]:
    talk = Talk(engine)
    yield talk
    talk.ask(p.LoadCodec("mulaw", "cpu"))  # the clip's shared memory goes


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.family)
def test_an_official_file_opens(case: Case, official: Talk, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        path = case.build(tmp_path).path
    check_clip(official, load_codec(path, "cpu"), str(path), speech_file(tmp_path, 0.6))
    gc.collect()


@pytest.mark.parametrize("family", NO_FILE)
def test_a_baseline_opens(family: str, official: Talk, tmp_path: Path) -> None:
    check_clip(official, load_codec(NO_FILE[family]), NO_FILE[family], speech_file(tmp_path, 0.6))


def test_lyra_opens(official: Talk, tmp_path: Path) -> None:
    """All its depths, of a very short clip: there are 46."""
    folder = str(lyra_folder())
    check_clip(official, load_codec(folder), folder, speech_file(tmp_path, 0.2))
    assert of(p.Failed, official.events) == []


def test_no_family_is_left_out() -> None:
    walked = {case.family for case in _cases()} | set(NO_FILE) | {"lyra"} | set(OWN)
    assert set(FAMILIES) - walked == set()
