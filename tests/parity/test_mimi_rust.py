"""Mimi at its full size against rustymimi, the authors' own second implementation, which reads the same file."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from speefeare_core import load_codec
from tests.parity.peer import Case, Peer, PeerCodes, speech_like
from tests.parity.peers.mimi import HOP, LIVENED, save_moshi
from tests.parity.summary import Summary

BOOKS = 8  # its decoder wants all the books that it was opened with
FRAMES = 12


def _rustymimi(folder: Path) -> Peer:
    from rustymimi import Tokenizer

    path, _ = save_moshi(folder, BOOKS, {})
    theirs = Tokenizer(str(path), num_codebooks=BOOKS)
    return Peer(
        f"rustymimi {version('rustymimi')}",
        path,
        lambda audio: PeerCodes((torch.from_numpy(theirs.encode(audio.numpy()).astype(np.int64)),)),
        lambda codes, depth: torch.from_numpy(theirs.decode(codes.groups[0].numpy().astype(np.uint32))),
        "MIT",
        LIVENED,
    )


CASE = Case("mimi", "8 books, full size", "official", _rustymimi, 24_000, remark="whole frames, all books")


def test_same_codes_and_sound_as_rustymimi(tmp_path: Path, parity_summary: Summary) -> None:
    peer = CASE.build(tmp_path)
    codec = load_codec(peer.path, device="cpu")
    audio = speech_like(1, 1, FRAMES * HOP, CASE.rate_hz)
    theirs, encoded = peer.encode(audio), codec.encode(audio)
    row = parity_summary.row(CASE, peer)
    for level in range(BOOKS):
        assert theirs.groups[0][:, level].unique().numel() >= CASE.codes_least
        row.codes(theirs.groups[0][:, level], encoded.codes[:, level])
    assert row.agreement == 1.0, f"codes agree in {row.per_level()} of the frames, level by level"
    row.audio_error(peer.decode(theirs, BOOKS), codec.decode(encoded), BOOKS, CASE.tolerance)
