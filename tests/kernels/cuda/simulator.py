"""A strict runner for Numba's CUDA simulator: deterministic, ten times as fast, and it refuses what a GPU would not.

Numba's own runs a block's threads freely and lets NumPy index, so a missing barrier shows only by chance, a negative
index reads from the end, and shared memory that nobody wrote has anything in it. Here one thread of a block runs at a
time, up to its next barrier, and each of these is an error:

- an index outside an array, also a negative one;
- in shared memory: reading what nobody wrote, and reading or writing what another thread wrote, or writing what
  another read, since the last barrier;
- in the GPU's memory: writing or reading what another thread of the same launch wrote;
- threads of a block that do not all reach the same barriers.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.toolchain import compiler


class RaceError(Exception):
    """Two threads met in one place without a barrier between them, or a barrier was not everybody's."""


class _Guarded:
    """An array that checks its indices; `run.thread` is who asks."""

    def __init__(self, array: np.ndarray, run: _Run) -> None:
        self._array, self._run, self._shape = array, run, array.shape
        self.dtype, self.size, self.shape = array.dtype, array.size, array.shape
        self._written: dict[Any, Any] = {}

    def _place(self, index: Any) -> Any:
        indices = index if isinstance(index, tuple) else (index,)
        if len(indices) != len(self._shape):
            raise IndexError(f"{len(indices)} indices for an array of shape {self._shape}")
        for at, size in zip(indices, self._shape, strict=True):
            if not 0 <= at < size:
                raise IndexError(f"index {index} is outside an array of shape {self._shape}")
        return index

    def __getitem__(self, index: Any) -> Any:
        place = self._place(index)
        if self._written.get(place, self._run.thread) != self._run.thread:
            raise RaceError(f"thread {self._run.thread} reads what {self._written[place]} wrote in the same launch")
        return self._array[place]

    def __setitem__(self, index: Any, value: Any) -> None:
        place = self._place(index)
        if self._written.setdefault(place, self._run.thread) != self._run.thread:
            raise RaceError(f"threads {self._run.thread} and {self._written[place]} write to element {place}")
        self._array[place] = value


class _Shared(_Guarded):
    """Shared memory of a block: who wrote and who read each element since the last barrier."""

    def __init__(self, shape: Any, dtype: Any, run: _Run) -> None:
        super().__init__(np.zeros(shape, dtype), run)
        self._known: set[Any] = set()
        self._read: dict[Any, Any] = {}

    def barrier(self) -> None:
        self._written.clear()
        self._read.clear()

    def __getitem__(self, index: Any) -> Any:
        place = self._place(index)
        me = self._run.thread
        if place not in self._known:
            raise RaceError(f"thread {me} reads shared element {place}, which nobody wrote")
        if self._written.get(place, me) != me:
            raise RaceError(f"thread {me} reads shared element {place}; no barrier since {self._written[place]} wrote")
        if self._read.setdefault(place, me) != me:
            self._read[place] = "several"
        return self._array[place]

    def __setitem__(self, index: Any, value: Any) -> None:
        place = self._place(index)
        me = self._run.thread
        if self._written.setdefault(place, me) != me or self._read.get(place, me) != me:
            raise RaceError(f"thread {me} writes shared element {place}; no barrier since another used it")
        self._known.add(place)
        self._array[place] = value


class _Worker(threading.Thread):
    """A thread of the system that plays one thread of a block at a time, while the conductor waits."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.go, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.task: Callable[[], None] = lambda: None
        self.done, self.error, self.quit = True, None, False  # type: ignore[var-annotated]
        self.start()

    def run(self) -> None:
        while True:
            self.go.acquire()
            try:
                with np.errstate(all="ignore"):  # a GPU raises no flags
                    self.task()
            except BaseException as error:
                self.error = error
            self.done = True
            self.back.release()

    def resume(self) -> None:
        """Let it run to its next barrier, or to its end."""
        self.go.release()
        self.back.acquire()

    def pause(self) -> None:
        self.back.release()
        self.go.acquire()
        if self.quit:
            raise SystemExit


_workers: list[_Worker] = []


class _Run:
    """What a kernel sees as `cuda`, for the launch under way."""

    def __init__(self) -> None:
        self.thread: Any = None
        self.allocations: list[_Shared] = []
        self.shared, self.local = SimpleNamespace(array=self._shared), SimpleNamespace(array=np.empty)
        self.threadIdx = self.blockIdx = self.blockDim = self.gridDim = SimpleNamespace(x=0, y=0, z=0)
        self.counts: dict[Any, int] = {}
        self.worker: _Worker | None = None

    def _shared(self, shape: Any, dtype: Any) -> _Shared:
        """The n-th call of each thread is the n-th array."""
        n = self.counts[self.thread] = self.counts.get(self.thread, -1) + 1
        if n == len(self.allocations):
            self.allocations.append(_Shared(shape, dtype, self))
        return self.allocations[n]

    def syncthreads(self) -> None:
        assert self.worker is not None, "a kernel with barriers has shared memory"
        self.worker.pause()

    def launch(self, function: Callable[..., None], grid: tuple[int, ...], block: tuple[int, ...], args: Any) -> None:
        given = [self._argument(arg) for arg in args]
        self.gridDim, self.blockDim = _triple(grid), _triple(block)
        threads = [_triple(point, 0) for point in np.ndindex(*block)]
        together = "shared" in function.__code__.co_names
        for point in np.ndindex(*grid):
            self.blockIdx, self.allocations, self.counts = _triple(point, 0), [], {}
            if together:
                self._run_block(function, point, threads, given)
            else:
                for number, thread in enumerate(threads):
                    self.threadIdx, self.thread = thread, (*point, number)
                    function(*given)

    def _argument(self, arg: Any) -> Any:
        if hasattr(arg, "copy_to_host"):
            return _Guarded(arg._ary, self)
        assert type(arg) not in (bool, int, float), f"{arg!r} would be compiled as 64 bits"
        return arg

    def _run_block(self, function: Callable[..., None], point: Any, threads: list[Any], given: list[Any]) -> None:
        while len(_workers) < len(threads):
            _workers.append(_Worker())
        workers = _workers[: len(threads)]
        for worker in workers:
            worker.task, worker.done, worker.error, worker.quit = (lambda: function(*given)), False, None, False
        while True:
            for number, (worker, thread) in enumerate(zip(workers, threads, strict=True)):
                self.threadIdx, self.thread, self.worker = thread, (*point, number), worker
                worker.resume()
                if worker.error is not None:
                    self._abandon(workers)
                    raise worker.error
            finished = [worker.done for worker in workers]
            if all(finished):
                return
            if any(finished):
                self._abandon(workers)
                raise RaceError(f"{sum(finished)} of {len(finished)} threads ended while the others wait at a barrier")
            for array in self.allocations:
                array.barrier()

    def _abandon(self, workers: list[_Worker]) -> None:
        """End those that wait at a barrier; one that has not begun is skipped by an empty task."""
        for worker in workers:
            if not worker.done:
                worker.quit, worker.task = True, lambda: None
                worker.resume()


def _triple(point: tuple[int, ...], missing: int = 1) -> SimpleNamespace:
    x, y, z = (*map(np.int32, point), *[np.int32(missing)] * (3 - len(point)))
    return SimpleNamespace(x=x, y=y, z=z)


def _device_functions(functions: list[Any]) -> list[Any]:
    """All that kernels call, as Numba's simulator wraps it."""
    return [
        value
        for function in functions
        for value in function.__globals__.values()
        if getattr(value, "_device", False) is True
    ]


_run = _Run()
_one_at_a_time = threading.Lock()  # launches of several Python threads


def adopt(namespace: dict[str, Any]) -> None:
    """Let a module's kernels see this runner as their `cuda`."""
    if "cuda" in namespace:
        namespace["cuda"] = _run


def planted(module: ModuleType, old: str, new: str, nth: int = 0) -> dict[str, Any]:
    """The module's names after the n-th `old` in its source became `new`; the real module stays as it was."""
    parts = inspect.getsource(module).split(old)
    assert len(parts) > nth + 1, f"{module.__name__} has no {old!r} number {nth}"
    changed = old.join(parts[: nth + 1]) + new + old.join(parts[nth + 1 :])
    namespace: dict[str, Any] = {"__name__": "planted"}
    kept = dict(compiler.KERNELS)
    exec(compile(changed, "planted", "exec"), namespace)
    compiler.KERNELS.clear()
    compiler.KERNELS.update(kept)
    if "kernel" in namespace:
        adopt(namespace)
    return namespace


def install() -> None:
    """From now on kernels of the CUDA backend run here. Needs NUMBA_ENABLE_CUDASIM=1."""
    from numba.cuda.simulator.kernel import FakeCUDAKernel

    assert compiler.SIMULATED
    if hasattr(os, "sched_setaffinity"):  # threads that take turns are five times as fast on one core
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    functions = [each.function for each in compiler.KERNELS.values()]
    for function in [*functions, *(each.fn for each in _device_functions(functions))]:
        adopt(function.__globals__)

    def call(self: compiler.Kernel, grid: Any, block: Any, *args: Any) -> None:
        with _one_at_a_time, np.errstate(all="ignore"):
            _run.launch(self.function, grid, block, [compiler._narrow(arg) for arg in args])

    compiler.Kernel.__call__ = call  # type: ignore[method-assign]
    FakeCUDAKernel.__call__ = lambda self, *args: self.fn(*args)
