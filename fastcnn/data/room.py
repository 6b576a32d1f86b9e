"""Check that pictures fit into the memory before they are read, because Linux kills a process that uses too much."""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path

from fastcnn.data.dataset import DataError

KEPT_BYTES = 256 << 20  # kept free for the network, its batches and everything else


def free_bytes() -> int | None:
    """The free memory of this machine or its container; None if that is not known."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) << 10)
    with contextlib.suppress(OSError, ValueError):  # the file says "max" if there is no limit
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def check_room(nbytes: int, what: str) -> None:
    """Raise DataError, which names `what`, if the process cannot have this number of bytes."""
    free = free_bytes()
    if free is None or nbytes <= max(0, free - KEPT_BYTES):
        with contextlib.suppress(OSError, MemoryError, OverflowError):
            mmap.mmap(-1, max(1, nbytes)).close()  # this also checks a limit of the process (ulimit -v)
            return
    raise DataError(
        f"{what} needs {nbytes / 1e9:.3g} GB of memory, more than is free; choose a smaller size, "
        "or train from Python on a memory map"
    )
