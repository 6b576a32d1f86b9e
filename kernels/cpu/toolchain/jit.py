"""How kernels are compiled and called: the decorators `kernel` and `inner`, and the lock round parallel regions.

With `NUMBA_DISABLE_JIT=1` the decorators return the function unchanged and `prange` is `range`. So tests measure the
coverage of kernel bodies, and a debugger can enter them.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar, overload

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import NumbaPerformanceWarning

from fastcnn.kernels.cpu.toolchain.bodies import compiled_once
from fastcnn.kernels.cpu.toolchain.cache import KernelCache, store
from fastcnn.kernels.threads import threads

__all__ = ["inner", "kernel", "parallel_lock", "threads"]

P = ParamSpec("P")
R = TypeVar("R")


class Kernel(Protocol[P, R]):
    """A parallel kernel. `.serial` is the same source compiled without threads, for work that is too small to share."""

    __name__: str
    serial: Callable[P, R]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


class _Decorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Kernel[P, R]: ...


def _variant(function: Any, key: object, options: dict[str, Any]) -> str:
    """What distinguishes two compilations of one source line: options, and what a factory put into the function."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    if key is None:
        if not all(isinstance(value, str | int | float | bool | None) for value in cells):
            raise TypeError(
                f"{function.__qualname__} is made by a factory from more than numbers: give the decorator key="
            )
        key = cells
    return repr((sorted(options.items()), key))


def _compile_loops(compile_signature: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compile as `bodies.py` does; an error where Numba would run a `prange` as a plain loop: its body may raise."""

    def compiled(signature: Any) -> Any:
        with compiled_once(), warnings.catch_warnings():
            warnings.simplefilter("error", NumbaPerformanceWarning)
            return compile_signature(signature)

    return compiled


def _compile(function: Callable[P, R], key: object, options: dict[str, Any]) -> Any:
    dispatcher = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(function)
    if dispatcher is not function:  # it is the function itself with NUMBA_DISABLE_JIT
        dispatcher._cache = KernelCache(store, function, _variant(function, key, options))
        if options.get("parallel"):
            dispatcher.compile = _compile_loops(dispatcher.compile)
    return dispatcher


def _make_kernel(function: Any, key: object, options: dict[str, Any]) -> Any:
    parallel = _compile(function, key, {**options, "parallel": True})
    parallel.serial = _compile(function, key, options)
    return parallel


@overload
def kernel(function: Callable[P, R], /) -> Kernel[P, R]: ...
@overload
def kernel(*, key: object = None, **options: Any) -> _Decorator: ...
def kernel(function: Any = None, /, *, key: object = None, **options: Any) -> Any:
    """Compile a function whose `prange` loops run on all threads; call it `with parallel_lock:`.

    Parameters
    ----------
    key : what distinguishes the functions of one factory, where its closure holds more than numbers and texts
    options : further options of `numba.njit`, such as fastmath

    `.serial` is the same source compiled without threads. It is compiled at its first call and needs no lock.
    """
    if function is None:
        return partial(_make_kernel, key=key, options=options)
    return _make_kernel(function, key, options)


@overload
def inner(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def inner(*, key: object = None, **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def inner(function: Any = None, /, *, key: object = None, **options: Any) -> Any:
    """Compile a function without threads, for calls from kernels or for work that threads never share. See `kernel`."""
    if function is None:
        return partial(_compile, key=key, options=options)
    return _compile(function, key, options)


class ParallelLock:
    """The lock that is held during each call of a parallel kernel. Inside it Numba uses `threads()` threads.

    Numba's workqueue layer aborts the process when two Python threads run parallel kernels at once. With the other
    layers they would compete for the same cores. Numba keeps the number of threads for each Python thread. So the lock
    sets it at each entry (1 us), and restores it afterwards for kernels of the caller. One thread may enter twice.

    A fork waits until no other thread holds the lock or compiles; otherwise the child would wait for ever. Where
    OpenMP or TBB has run, entering is an error in the child. GNU's OpenMP ends a forked process that calls it. A thread
    of TBB may hold a lock at any time (2 of 5 children hung on a busy machine).
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._to_restore: list[int] = []
        self._refuses = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._hold_still, after_in_parent=self._go_on, after_in_child=self._go_on_in_child
            )

    def _hold_still(self) -> None:
        self._lock.acquire()
        global_compiler_lock.acquire()

    def _go_on(self) -> None:
        global_compiler_lock.release()
        self._lock.release()

    def _go_on_in_child(self) -> None:
        self._go_on()
        try:
            layer = numba.threading_layer()
        except ValueError:  # no parallel kernel has run
            layer = ""
        self._refuses = layer == "tbb" or (layer == "omp" and sys.platform == "linux")

    def __enter__(self) -> None:
        if self._refuses:
            raise RuntimeError(
                "kernels that share work among threads cannot run in a process forked from one where they have run on "
                "OpenMP or TBB; start it by multiprocessing's method 'spawn', or call "
                "fastcnn.threads.set_threads(1) in it"
            )
        self._lock.acquire()
        self._use_threads()

    def enter_now(self) -> bool:
        """Enter if nobody else is inside; whether it has entered. `leave` then ends it."""
        if self._refuses or not self._lock.acquire(blocking=False):
            return False
        self._use_threads()
        return True

    def leave(self) -> None:
        self.__exit__()

    def _use_threads(self) -> None:
        count = numba.get_num_threads()
        self._to_restore.append(count)
        if count != threads():
            numba.set_num_threads(threads())

    def __exit__(self, *_: object) -> None:
        count = self._to_restore.pop()
        if count != numba.get_num_threads():
            numba.set_num_threads(count)
        self._lock.release()


parallel_lock = ParallelLock()
