"""Bases that were fitted on folders, kept as plain arrays in this user's cache folder."""

from __future__ import annotations

import json
import os
import secrets
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speefeare_core.folders import cache_dir
from speefeare_core.projection.corpus import Corpus
from speefeare_core.projection.pca import AXES, Basis

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

MOST_KEPT = 200


def load(codec: Codec, corpus: Corpus) -> Basis | None:
    """The basis of this codec and corpus; None where there is none, or none that can be read."""
    if not corpus.folder:
        return None  # the sample takes less time than the fingerprint of a large codec
    try:
        with _path(codec, corpus).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            basis = Basis(
                file["mean"].astype(np.float32),
                file["axes"].astype(np.float32),
                tuple(float(share) for share in about["explained"]),
                str(about["words"]),
                int(about["frames"]),
            )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
    fits = basis.mean.ndim == 1 and basis.axes.shape == (len(basis.mean), AXES) and len(basis.explained) == AXES
    return basis if fits and bool(np.isfinite(basis.axes).all()) else None


def save(codec: Codec, corpus: Corpus, basis: Basis) -> None:
    """Keep it, where that is possible; the oldest go beyond `MOST_KEPT`."""
    if not corpus.folder:
        return
    path = _path(codec, corpus)
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    about = json.dumps({"explained": basis.explained, "words": basis.words, "frames": basis.frames})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, mean=basis.mean, axes=basis.axes, about=np.array(about))
        os.replace(part, path)
        kept = sorted(path.parent.glob("*.npz"), key=lambda other: other.stat().st_mtime, reverse=True)
        for old in kept[MOST_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:  # a full disk costs the next start some seconds, nothing else
        part.unlink(missing_ok=True)


def _path(codec: Codec, corpus: Corpus) -> Path:
    from speefeare_core.sessions.fingerprint import fingerprint

    return cache_dir() / "projections" / f"{fingerprint(codec)}-{corpus.signature()}.npz"
