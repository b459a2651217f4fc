"""Memory for weights in large pages, where the system has them.

A step of a codec reads hundreds of megabytes of weights once. In pages of 4 kB the processor looks up another page
every few hundred cycles; in pages of 2 MB it reads up to a third faster.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor

PAGE_BYTES = 2 << 20
CHUNK_BYTES = 32 << 20
LEAST_BYTES = 1 << 16  # smaller tensors stay where they are
ALIGN = 64  # bytes, a cache line
POPULATE_WRITE = 23  # MADV_POPULATE_WRITE of Linux 5.14

_ready = threading.local()  # .chunks: those that `filled_ahead` has for this thread


class HugePages:
    """Copies of tensors, one after the other in the order in which they will be read. Freed with the last of them."""

    def __init__(self) -> None:
        self._chunk = torch.empty(0, dtype=torch.uint8)
        self._used = 0

    def keep(self, tensor: Tensor) -> Tensor:
        """A contiguous copy of a float32 tensor of the processor; itself where large pages would not help."""
        count = tensor.numel() * tensor.element_size()
        if tensor.device.type != "cpu" or tensor.dtype != torch.float32 or count < LEAST_BYTES:
            return tensor.contiguous()
        return self.room(count).view(torch.float32).view(tensor.shape).copy_(tensor)

    def room(self, count: int) -> Tensor:
        """Uint8 `[count]` on the processor, whatever was there before, in large pages where there are some."""
        if self._used + count > self._chunk.numel():
            made = _next_chunk(count)
            if made is None:
                return torch.empty(count, dtype=torch.uint8)
            self._chunk, self._used = made, 0
        place = self._chunk[self._used : self._used + count]
        self._used += -(-count // ALIGN) * ALIGN
        return place


@contextmanager
def filled_ahead(count: int) -> Iterator[None]:
    """Inside, this thread's `HugePages` find up to `count` bytes that another thread asks the system for meanwhile.

    The first touch of memory is most of the time that a copy of weights takes, above all in a virtual machine.
    """
    chunks: deque[Tensor] = deque()
    while _populate() and len(chunks) * CHUNK_BYTES < count:
        made = _chunk(CHUNK_BYTES)
        if made is None:
            break
        chunks.append(made)
    given, stop = list(chunks), threading.Event()
    filler = threading.Thread(target=_fill, args=(given, stop), name="pages ahead")
    if given:
        filler.start()
    _ready.chunks = chunks
    try:
        yield
    finally:
        _ready.chunks = deque()
        stop.set()
        if given:
            filler.join()


def _fill(chunks: list[Tensor], stop: threading.Event) -> None:
    """Page after page, so that it can be ended; what was written already stays."""
    populate = _populate()
    for chunk in chunks:
        for at in range(0, chunk.numel(), PAGE_BYTES):
            if stop.is_set() or populate is None or populate(chunk.data_ptr() + at, PAGE_BYTES, POPULATE_WRITE):
                return


@cache
def _populate() -> Any:
    """The system's `madvise`, which lets other threads run meanwhile; None where there is none that fills pages."""
    if not sys.platform.startswith("linux"):
        return None
    found: Any = ctypes.CDLL(None).madvise
    found.argtypes, found.restype = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int], ctypes.c_int
    return found


def _next_chunk(count: int) -> Tensor | None:
    """One that is being filled, if it has room for `count` bytes; else a new one."""
    ready: deque[Tensor] = getattr(_ready, "chunks", deque())
    if count <= CHUNK_BYTES and ready:
        return ready.popleft()
    return _chunk(max(CHUNK_BYTES, -(-count // PAGE_BYTES) * PAGE_BYTES))


def _chunk(size: int) -> Tensor | None:
    """Bytes that begin with a page; None where the system has no such pages to offer."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:
        return None
    try:
        memory = mmap.mmap(-1, size + PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(advice)
    except OSError:
        return None
    whole = torch.frombuffer(memory, dtype=torch.uint8)
    first = -whole.data_ptr() % PAGE_BYTES
    return whole[first : first + size]
