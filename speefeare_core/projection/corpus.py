"""Reference corpora: the shipped speech sample, or a folder of sound files, of which a bounded part is heard."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from speefeare_core import resources
from speefeare_core.errors import SpeefeareError

SAMPLE = ("samples", "sense_and_sensibility.flac")
SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
MOST_S = 1200.0  # of all files together: principal axes change little beyond that
PER_FILE_S = 60.0  # so that one long recording does not become the corpus
_SEED = 0


@dataclass(frozen=True)
class Corpus:
    """`folder` empty: the shipped sample."""

    folder: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return f"the folder {Path(self.folder).name}" if self.folder else "the shipped speech sample"

    def files(self) -> list[Path]:
        """Its sound files, those of a folder (and the folders in it) in a fixed random order.

        Raises `SpeefeareError` for a folder that is not there or holds no sound file.
        """
        if not self.folder:
            return [resources.resource(*SAMPLE)]
        folder = Path(self.folder).expanduser()
        if not folder.is_dir():
            raise SpeefeareError(f"{folder} is no folder; choose a folder with sound files as the reference corpus.")
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES)
        if not found:
            raise SpeefeareError(f"The folder {folder} holds no WAV, FLAC, Ogg or MP3 file.")
        random.Random(_SEED).shuffle(found)
        return found

    def signature(self) -> str:
        """Differs when a file is added, removed or changed (16 hexadecimal digits)."""
        digest = hashlib.blake2b(digest_size=8)
        for path in self.files():
            about = path.stat()
            digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()
