"""Our codecs against other people's: the same file, the same audio, the same codes, the same sound."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codec import Codec, Encoded
from tests.parity.peer import Case, Peer, speech_like
from tests.parity.summary import Summary
from tests.parity.table import all_cases


@pytest.fixture(scope="module", params=all_cases(), ids=lambda case: case.key)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Case, Peer, Codec]]:
    case: Case = request.param
    with torch.random.fork_rng():
        torch.manual_seed(0)
        folder: Path = tmp_path_factory.mktemp("peer")
        peer = case.build(folder)
        yield case, peer, load_codec(peer.path, device="cpu")
    gc.collect()


def test_same_codes_and_sound(pair: tuple[Case, Peer, Codec], parity_summary: Summary) -> None:
    case, peer, codec = pair
    assert codec.info.family == case.family
    for batch in case.batches:
        for length in case.lengths:
            audio = speech_like(batch, case.channels, length, case.rate_hz)
            with torch.inference_mode():
                theirs = peer.encode(audio)
            ours = codec.encode(audio)
            row = parity_summary.row(case, peer)
            _compare_codes(case, theirs.groups, ours, row)
            if not theirs.groups:
                assert theirs.latents is not None and ours.latents is not None
                row.latent_error(theirs.latents, ours.latents, case.tolerance)
            full = codec.info.depth
            for depth in sorted({1, max(1, full // 2), full}) if full else [0]:
                with torch.inference_mode():
                    expected = peer.decode(theirs, depth)
                # Of their codes or latents: what the decoders do must not hang on the encoders.
                latents = ours.latents if theirs.groups else theirs.latents
                told = Encoded(theirs.groups, latents, length, ours.side)
                decoded = codec.decode(told, depth or None)
                assert decoded.shape == (batch, case.channels, length)
                row.audio_error(expected, decoded, depth, case.tolerance)


def _compare_codes(case: Case, theirs: tuple[torch.Tensor, ...], ours: Encoded, row: object) -> None:
    from tests.parity.summary import Row

    assert isinstance(row, Row)
    assert [group.shape for group in ours.code_groups] == [group.shape for group in theirs]
    for mine, expected in zip(ours.code_groups, theirs, strict=True):
        for level in range(expected.shape[1]):
            row.codes(expected[:, level], mine[:, level])
    if theirs:
        distinct = theirs[0][:, 0].unique().numel()
        assert distinct >= case.codes_least, f"only {distinct} distinct codes: agreement would mean nothing"
    assert row.agreement == 1.0, f"codes agree in {row.per_level()} of the frames, level by level"
