"""How many threads the kernels use: one number for Numba and for every copy of BLAS in the process.

This module imports neither Numba nor a BLAS. `prepare_numba` must run before Numba is first imported.
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
    4  # threads that are always allowed, on one core too: tests compare the bits at 1 to 4 threads on every machine
)
VARIABLE = "FASTCNN_NUM_THREADS"
OPENMP_VARIABLE = "OMP_NUM_THREADS"  # counts where VARIABLE is not set

# How many rounds an idle OpenMP thread spins before it sleeps. The default of GNU's OpenMP is 300,000, which last 8 to
# 12 ms: too long where another program has the core that the other thread needs. With 3,000, convolutions on 2 threads
# ran at half their speed (docs/tried.md).
SPIN_COUNT = "10000"

logger = logging.getLogger("fastcnn")

_in_force: int | None = None  # None until the first call of `threads`
_source = ""  # where that number came from


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
    """A text that names the hyper-threads of one core. It is the same for each of them."""
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
    """The number in OMP_NUM_THREADS, or None. As OpenMP does, a warning says that a wrong value is ignored."""
    given = os.environ.get(OPENMP_VARIABLE, "")
    first = given.split(",")[0].strip()  # the other numbers are for nested parallel regions; we have none
    if first.isdecimal() and int(first) > 0:
        return int(first)
    if given.strip():
        logger.warning("%s is ignored: it must begin with a whole number from 1, unlike %.40r", OPENMP_VARIABLE, given)
    return None


def threads() -> int:
    """The number of threads in use: that of `set_threads`, else of the environment, else of the physical cores.

    `FASTCNN_NUM_THREADS` comes before `OMP_NUM_THREADS`. A larger `OMP_NUM_THREADS` than `limit()` means `limit()`.
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
    """Where the number of `threads()` came from: a variable's name, "physical cores" or "set_threads"."""
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
    """Limit BLAS to the number of threads in the environment, if there is one. Called when a backend is chosen."""
    if os.environ.get(VARIABLE) or os.environ.get(OPENMP_VARIABLE):
        _limit_blas(threads())


def _limit_blas(n: int) -> None:
    """Limit every loaded copy of BLAS to `n` threads, and through the environment those that are loaded later."""
    os.environ["OPENBLAS_NUM_THREADS"] = str(n)
    threadpoolctl.threadpool_limits(limits=n, user_api="blas")


def _load_libgomp() -> None:
    """Load GNU OpenMP with a short spin, unless the user chose how it waits.

    Nothing happens where it is missing or already loaded.
    """
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
    """Set what Numba and OpenMP read only once. It must run before Numba is imported; later it has no effect."""
    if "numba" not in sys.modules:
        given = os.environ.get("NUMBA_NUM_THREADS", "")
        if given and not (given.isdecimal() and int(given) > 0):
            raise ValueError(f"NUMBA_NUM_THREADS must be a whole number of at least 1, not {given!r}")
        os.environ["NUMBA_NUM_THREADS"] = str(limit())
    _load_libgomp()
