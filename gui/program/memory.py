"""Let the system's allocator give memory back: what a job has used, the window does not keep (docs/tried.md)."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of glibc's malloc.h
LARGE_BYTES = 1 << 20


def give_memory_back() -> None:
    """Where the C library is glibc: large arrays go back to the system when freed, and threads share one heap.

    By itself glibc raises the size that counts as large to 32 MB, and gives each thread a heap with gaps of its own.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_ARENA_MAX, 1)
