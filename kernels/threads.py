"""How many threads the kernels use: one number, obeyed by Numba and by every copy of BLAS in the process.

Importing this module imports neither Numba nor a BLAS; `prepare_numba` must run before Numba is first imported.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from pathlib import Path

import threadpoolctl

from fastcnn.kernels.values import shown

LEAST_LIMIT = (
    4  # threads that may always be asked for, on one core too: "same bits at 1 to 4 threads" is tested everywhere
)
VARIABLE = "FASTCNN_NUM_THREADS"
OPENMP_VARIABLE = "OMP_NUM_THREADS"  # obeyed where VARIABLE is not set

# How many rounds an idle OpenMP thread spins before it sleeps. GNU's own 300,000 last 8 to 12 ms where a neighbour has
# the core that the other thread needs; with 3,000, convolutions on 2 threads ran at half their speed: docs/tried.md.
SPIN_COUNT = "10000"

logger = logging.getLogger("fastcnn")

_in_force: int | None = None  # None until it is first asked for
_source = ""  # what gave that number


def _granted_cores() -> float:
    """CPU time granted to this container, in cores; infinite where there is no limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text().strip()
            period = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return float("inf")
    return float("inf") if quota in ("max", "-1") else int(quota) / int(period)


def _allowed_cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _siblings(cpu: int) -> str:
    """The hyper-threads of one core, the same text for each of them."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def physical_cores() -> int:
    """Cores that this process may use: two hyper-threads count once, and a container's CPU limit is rounded down."""
    cores = {_siblings(cpu) for cpu in _allowed_cpus()}
    return max(1, int(min(len(cores), _granted_cores())))


def limit() -> int:
    """The most threads that may be asked for. Numba fixes its pool when it is imported (`NUMBA_NUM_THREADS`)."""
    if "numba" in sys.modules:
        return int(sys.modules["numba"].config.NUMBA_NUM_THREADS)
    given = os.environ.get("NUMBA_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) > 0 else max(LEAST_LIMIT, len(_allowed_cpus()))


def _checked(n: object, name: str) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= limit():
        raise ValueError(
            f"{name} must be a whole number from 1 to {limit()}, not {shown(n)} (NUMBA_NUM_THREADS raises the limit)"
        )
    return n


def _openmp_threads() -> int | None:
    """What OMP_NUM_THREADS says; None where it says nothing, or nonsense, which OpenMP ignores with a word."""
    given = os.environ.get(OPENMP_VARIABLE, "")
    first = given.split(",")[0].strip()  # the others are for nested parallel parts, and here are none
    if first.isdecimal() and int(first) > 0:
        return int(first)
    if given.strip():
        logger.warning("%s is ignored: it must begin with a whole number from 1, unlike %.40r", OPENMP_VARIABLE, given)
    return None


def threads() -> int:
    """The number of threads in force: `set_threads`, else the environment's, else the physical cores.

    `FASTCNN_NUM_THREADS` comes before `OMP_NUM_THREADS`, which may ask for more than `limit()` and gets that.
    """
    global _in_force, _source
    if _in_force is None:
        given = os.environ.get(VARIABLE, "")
        if given:
            _in_force, _source = _checked(int(given) if given.isdecimal() else given, VARIABLE), VARIABLE
        elif (wanted := _openmp_threads()) is not None:
            _in_force, _source = min(wanted, limit()), OPENMP_VARIABLE
        else:
            _in_force, _source = min(physical_cores(), limit()), "physical cores"
    return _in_force


def source() -> str:
    """What gave the number of `threads()`: a variable's name, "physical cores" or "set_threads"."""
    threads()
    return _source


def set_threads(n: int) -> None:
    """Use `n` threads from now on, in every Python thread.

    Raises
    ------
    ValueError
        If n is not a whole number from 1 to `limit()`.
    """
    global _in_force, _source
    _in_force, _source = _checked(n, "threads"), "set_threads"
    _limit_blas(n)


def obey_environment() -> None:
    """Hold BLAS to the number that the environment gives, if any. Called when a backend is chosen."""
    if os.environ.get(VARIABLE) or os.environ.get(OPENMP_VARIABLE):
        _limit_blas(threads())


def _limit_blas(n: int) -> None:
    """Hold every loaded copy of BLAS to `n` threads, and through the environment those that are loaded later."""
    os.environ["OPENBLAS_NUM_THREADS"] = str(n)
    threadpoolctl.threadpool_limits(limits=n, user_api="blas")


def _load_libgomp() -> None:
    """Load GNU OpenMP with a short spin, unless the user chose how it waits; a no-op where it is missing or loaded."""
    if sys.platform != "linux" or {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ):
        return
    os.environ["GOMP_SPINCOUNT"] = SPIN_COUNT  # read once, when the library is loaded
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        pass  # Numba takes another threading layer
    finally:
        del os.environ["GOMP_SPINCOUNT"]


def prepare_numba() -> None:
    """Set what Numba and OpenMP read only once. Called before Numba is imported; afterwards it changes nothing."""
    if "numba" not in sys.modules:
        given = os.environ.get("NUMBA_NUM_THREADS", "")
        if given and not (given.isdecimal() and int(given) > 0):
            raise ValueError(f"NUMBA_NUM_THREADS must be a whole number of at least 1, not {given!r}")
        os.environ["NUMBA_NUM_THREADS"] = str(limit())
    _load_libgomp()
