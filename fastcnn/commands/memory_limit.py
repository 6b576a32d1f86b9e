"""Check that there is enough memory to begin: the compiler and the file format end the process if they get none."""

from __future__ import annotations

import mmap

from fastcnn.errors import FastcnnError

LEAST_BYTES = 400 << 20  # address space beyond what is in use when a command starts


def check_memory() -> None:
    """FastcnnError unless this process can get `LEAST_BYTES` more. They are allocated and released without use."""
    try:
        mmap.mmap(-1, LEAST_BYTES).close()
    except (OSError, MemoryError):
        raise FastcnnError(
            f"less than {LEAST_BYTES >> 20} MiB of memory are left for this process; "
            "close other programs, or raise its limit (ulimit -v)"
        ) from None
