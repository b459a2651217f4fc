"""The feature cache: what a teacher heard in a clip, on disk, so that no clip is heard twice.

A clip is kept in pieces of half a minute, one safetensors file each, half precision. The name of a file is a digest of
teacher, clip, length and piece; its metadata repeat them, with a checksum of the values, so that a torn or foreign
file is noticed and made again. Files appear by rename. In memory lie at most `memory_bytes` of the pieces used last.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.teachers.places import features_dir
from speefeare_core.teachers.teacher import Teacher

PIECE_S = 30.0
MEMORY_BYTES = 256 << 20
Features = NDArray[np.float16]  # [F, S]
ReadPart = Callable[[int, int], Samples]  # first sample, how many (at the teacher's rate) → [n]


class FeatureCache:
    """Features of clips of one teacher. Several processes and threads may share a folder."""

    def __init__(self, teacher: Teacher, folder: Path | None = None, memory_bytes: int = MEMORY_BYTES) -> None:
        """`folder`: where the files lie (None: the user's cache)."""
        self.teacher = teacher
        self.folder = (folder or features_dir()) / teacher.fingerprint
        self.memory_bytes = memory_bytes
        self.heard = self.found = 0  # pieces that the teacher had to hear, and that lay on disk or in memory
        self.problem = ""  # why features cannot be kept on disk, in one sentence
        self._kept: OrderedDict[str, Features] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    @property
    def piece_frames(self) -> int:
        """Features in a whole piece."""
        return max(1, round(PIECE_S * self.teacher.frame_rate_hz))

    def features(self, clip: str, length: int, read: ReadPart, first: int, last: int) -> NDArray[np.float32]:
        """Features `first` … `last` of a clip of `length` samples at the teacher's rate, `[F, S]` float32.

        Both are brought into the clip. `read(start, count)` gives its samples, and is called for what is not known yet.
        """
        frames = max(1, -(-length // self.teacher.hop_samples))
        first, last = max(0, min(first, frames - 1)), max(1, min(last, frames))
        size = self.piece_frames
        parts = []
        for piece in range(first // size, (last - 1) // size + 1):
            whole = self._piece(clip, length, piece, min(size, frames - piece * size), read)
            parts.append(whole[max(0, first - piece * size) : last - piece * size])
        return np.concatenate(parts).astype(np.float32)

    def _piece(self, clip: str, length: int, piece: int, frames: int, read: ReadPart) -> Features:
        told = {
            "teacher": self.teacher.fingerprint, "clip": clip, "length": str(length), "piece": str(piece),
            "width": str(self.teacher.width),
        }  # fmt: skip
        name = hashlib.blake2b("\0".join(told.values()).encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                self.found += 1
                return kept
        path = self.folder / name[:2] / f"{name}.safetensors"
        features = _read(path, told, (frames, self.teacher.width))
        if features is None:
            features = self._hear(length, piece, frames, read)
            self._write(path, features, told)
            self.heard += 1
        else:
            self.found += 1
        self._keep(name, features)
        return features

    def _hear(self, length: int, piece: int, frames: int, read: ReadPart) -> Features:
        teacher = self.teacher
        around = round(teacher.context_s * teacher.frame_rate_hz)
        first = piece * self.piece_frames
        begin = max(0, first - around)
        end = min(-(-length // teacher.hop_samples), first + frames + around)
        start, stop = begin * teacher.hop_samples, min(end * teacher.hop_samples, length)
        audio = torch.from_numpy(np.ascontiguousarray(read(start, stop - start), dtype=np.float32))[None, None]
        device = next((tensor.device for tensor in teacher.state_dict().values()), torch.device("cpu"))
        heard = teacher.hear(audio.to(device))[0, :, first - begin : first - begin + frames]
        return np.ascontiguousarray(heard.t().to(torch.float16).cpu().numpy())

    def _write(self, path: Path, features: Features, told: dict[str, str]) -> None:
        from safetensors.numpy import save

        content = save({"features": features}, {**told, "checksum": _checksum(features)})
        part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.replace(path)
        except OSError as error:  # training goes on without: hearing again costs time and nothing else
            with contextlib.suppress(OSError):
                part.unlink()
            self.problem = f"The teacher's features cannot be kept in {self.folder}: {error.strerror or error}."

    def _keep(self, name: str, features: Features) -> None:
        with self._lock:
            if name not in self._kept:
                self._kept[name] = features
                self._kept_bytes += features.nbytes
            while self._kept_bytes > self.memory_bytes and len(self._kept) > 1:
                _, old = self._kept.popitem(last=False)
                self._kept_bytes -= old.nbytes


def _checksum(features: Features) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(features).tobytes()):08x}"


def _read(path: Path, told: dict[str, str], shape: tuple[int, int]) -> Features | None:
    """The features in a file; None where it is missing, torn, or of something else."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            if any(metadata.get(name) != value for name, value in told.items()):
                return None
            features: Features = file.get_tensor("features")
    except (SafetensorError, OSError, ValueError):
        return None
    whole = features.shape == shape and features.dtype == np.float16 and metadata.get("checksum") == _checksum(features)
    return features if whole else None
