"""Whether there is memory to begin with: the compiler and the file format end the process where theirs runs out."""

from __future__ import annotations

import mmap

from fastcnn.errors import FastcnnError

LEAST_BYTES = 400 << 20  # address space beyond what is in use when a command starts


def check_memory() -> None:
    """Raise FastcnnError unless this process may have `LEAST_BYTES` more; they are asked for and given back unused."""
    try:
        mmap.mmap(-1, LEAST_BYTES).close()
    except (OSError, MemoryError):
        raise FastcnnError(
            f"less than {LEAST_BYTES >> 20} MiB of memory are left for this process; "
            "close other programs, or raise its limit (ulimit -v)"
        ) from None
