"""Let the system's allocator give memory back: what a job has used, the window does not keep (docs/tried.md)."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
# Of an array that goes back at once, and of free memory that is kept: an answer's arrays are smaller. With 1 MB and
# glibc's 128 KB an answer took 10 ms longer, because the system cleared their pages each time.
LARGE_BYTES, KEPT_BYTES = 4 << 20, 16 << 20


def give_memory_back() -> None:
    """Where the C library is glibc: large arrays go back to the system when freed, and threads share one heap.

    By itself glibc raises the size that counts as large to 32 MB, and gives each thread a heap with gaps of its own.
    """
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_ARENA_MAX, 1)


def trim() -> None:
    """After a long job: the free memory between what is in use goes back too, which glibc does not do by itself."""
    if (malloc_trim := _of_glibc("malloc_trim")) is not None:
        malloc_trim(0)


@cache
def _of_glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
