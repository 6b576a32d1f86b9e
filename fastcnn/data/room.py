"""Whether pictures will fit into the memory; asked first, because Linux ends a process that takes more."""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path

from fastcnn.data.dataset import DataError

KEPT_BYTES = 256 << 20  # for the network, its batches and everything else


def free_bytes() -> int | None:
    """Memory that this machine, or its container, can still give; None where that is not known."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) << 10)
    with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def check_room(nbytes: int, what: str) -> None:
    """DataError, which names what it is, where so many bytes are more than the process can have."""
    free = free_bytes()
    if free is None or nbytes <= max(0, free - KEPT_BYTES):
        with contextlib.suppress(OSError, MemoryError, OverflowError):
            mmap.mmap(-1, max(1, nbytes)).close()  # also obeys a limit of the process (ulimit -v)
            return
    raise DataError(
        f"{what} needs {nbytes / 1e9:.3g} GB of memory, more than is free; choose a smaller size, "
        "or train from Python on a memory map"
    )
