"""A part of a file as a file of its own: a sound inside an archive."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, cast

from speefeare_core.errors import SpeefeareError

BUFFER_BYTES = 1 << 16


def opened_window(path: Path, begin: int, size: int) -> BinaryIO:
    """Bytes `begin` … `begin + size` of a file, to be closed. Raises `SpeefeareError` where it cannot be opened."""
    try:
        return cast(BinaryIO, io.BufferedReader(Window(path, begin, size), BUFFER_BYTES))
    except OSError as error:
        raise SpeefeareError(f"{path} cannot be read: {error.strerror or error}.") from error


class Window(io.RawIOBase):
    """Read only."""

    def __init__(self, path: Path, begin: int, size: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._begin, self._size, self._at = begin, size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        """Bytes from its beginning."""
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """As of any file."""
        count = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._begin + self._at)
        data = self._file.read(count)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()
