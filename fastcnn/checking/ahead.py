"""A second process that compiles kernels for a check while the check runs, from the check's end to its beginning.

With an empty cache, compiling takes most of a check's time, and Numba compiles on one thread of a process only. The
check finds in the cache what the second process has compiled. It is nothing but faster: the check makes all its calls.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.checking.networks import networks, outcomes
from fastcnn.checking.others import other_calls
from fastcnn.checking.table import calls, table
from fastcnn.kernels.threads import physical_cores, set_threads, threads

CACHE = "fastcnn.kernels.cpu.toolchain.cache"  # of the backend "cpu", which imports it
# The paths of this process, so that a checkout which is not installed is found too.
PROGRAM = "import sys; sys.path[:] = {path!r}; from fastcnn.checking import ahead; ahead.compile_all({threads})"


class Ahead:
    """The second process. It starts when `look` first sees that this process compiles, and ends with the context."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._compiled = _compiled() if _is_useful() else None  # None: nothing to look for

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._compiled = None
        if self._process is not None:
            self._process.kill()  # a kernel's file is either whole or not there
            self._process.wait()

    def look(self) -> None:
        """Start the second process if kernels have been compiled since the beginning; cheap, for many calls."""
        if self._compiled is None or _compiled() == self._compiled:
            return
        self._compiled = None
        with suppress(OSError):  # no room for another process
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM.format(path=sys.path, threads=threads())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip


def _is_useful() -> bool:
    """Whether another process can fill the cache of this one. A frozen program has no Python to start."""
    if kernels.backend() != "cpu" or physical_cores() < 2 or not sys.executable or getattr(sys, "frozen", False):
        return False
    return bool(_store().writable)


def _compiled() -> int:
    """How many kernels this process has compiled."""
    return int(_store().compiled)


def _store() -> Any:
    return sys.modules[CACHE].store


def compile_all(count: int) -> None:
    """What the second process does: call all kernels of a check on `count` threads, the last ones first."""
    set_threads(count)
    kernels.use("cpu")
    rng = np.random.default_rng(0)
    for _, network in reversed(list(networks())):
        outcomes(network, "cpu")
    for _, _, call in reversed(list(other_calls(rng))):
        call()
    for case, dtype in reversed(list(table())):
        for call in reversed(calls(case, rng, dtype).values()):
            call()
