"""A strict runner for Numba's CUDA simulator: deterministic, many times as fast, and it refuses what a GPU would not.

Numba's own runs a block's threads freely and lets NumPy index, so a missing barrier shows only by chance, a negative
index reads from the end, and shared memory that nobody wrote has anything in it. Here one thread of a block runs at a
time, up to its next barrier, and each of these is an error:

- an index outside an array, also a negative one;
- in shared memory: reading what nobody wrote, and reading or writing what another thread wrote, or writing what
  another read, since the last barrier;
- in the GPU's memory: writing or reading what another thread of the same launch wrote;
- threads of a block that do not all reach the same barriers.

A kernel with barriers runs as a generator that is made from its source: a barrier is a `yield`. Threads of the system
that wait for each other take several times as long.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
import threading
from collections.abc import Callable, Iterator
from operator import index as whole
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.toolchain import compiler


class RaceError(Exception):
    """Two threads met in one place without a barrier between them, or a barrier was not everybody's."""


class _Guarded:
    """An array in the GPU's memory that checks its indices and knows who wrote; `run.thread` is who asks."""

    def __init__(self, array: np.ndarray, run: _Run) -> None:
        assert array.ndim == 1, "a kernel sees flat memory"
        self._array, self._run = array, run
        self.dtype, self.size, self.shape = array.dtype, array.size, array.shape
        self._written: dict[int, int] = {}

    def __getitem__(self, index: Any) -> Any:
        at = whole(index)
        if not 0 <= at < self.size:
            raise IndexError(f"index {at} is outside an array of shape {self.shape}")
        me = self._run.thread
        if self._written and self._written.get(at, me) != me:
            raise RaceError(f"thread {me} reads what {self._written[at]} wrote in the same launch")
        return self._array[at]

    def __setitem__(self, index: Any, value: Any) -> None:
        at = whole(index)
        if not 0 <= at < self.size:
            raise IndexError(f"index {at} is outside an array of shape {self.shape}")
        me = self._run.thread
        if self._written.setdefault(at, me) != me:
            raise RaceError(f"threads {me} and {self._written[at]} write to element {at}")
        self._array[at] = value


class _Shared:
    """Shared memory of a block, of one or two axes: who wrote and who read each element since the last barrier."""

    def __init__(self, shape: Any, dtype: Any, run: _Run) -> None:
        self._run, self.dtype, self._type = run, np.dtype(dtype), np.dtype(dtype).type
        self.shape = shape if isinstance(shape, tuple) else (shape,)
        self._rows, self._columns = (1, *self.shape)[-2:]
        self._values: list[Any] = [None] * (self._rows * self._columns)
        self.barrier()

    def barrier(self) -> None:
        self._writers: list[int | None] = [None] * len(self._values)
        self._readers: list[int | None] = [None] * len(self._values)  # or -1, which is several

    def _place(self, index: Any) -> int:
        row, column = index if len(self.shape) == 2 else (0, index)
        row, column = whole(row), whole(column)
        if not (0 <= row < self._rows and 0 <= column < self._columns):
            raise IndexError(f"index {index} is outside an array of shape {self.shape}")
        return row * self._columns + column

    def __getitem__(self, index: Any) -> Any:
        place, me = self._place(index), self._run.thread
        value, writer, reader = self._values[place], self._writers[place], self._readers[place]
        if value is None:
            raise RaceError(f"thread {me} reads shared element {index}, which nobody wrote")
        if writer is not None and writer != me:
            raise RaceError(f"thread {me} reads shared element {index}; no barrier since {writer} wrote")
        if reader != me:
            self._readers[place] = me if reader is None else -1
        return value

    def __setitem__(self, index: Any, value: Any) -> None:
        place, me = self._place(index), self._run.thread
        if self._writers[place] not in (None, me) or self._readers[place] not in (None, me):
            raise RaceError(f"thread {me} writes shared element {index}; no barrier since another used it")
        self._writers[place] = me
        self._values[place] = self._type(value)


class _Barriers(ast.NodeTransformer):
    """Turns barriers into yields, and calls of functions that have barriers into `yield from`."""

    def __init__(self, functions: dict[str, Any]) -> None:
        self._functions = functions

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node) == "cuda.syncthreads()":
            return ast.Yield()
        return ast.YieldFrom(node) if getattr(node.func, "id", "") in self._functions else node


_stepwise: dict[Any, Any] = {}


def _by_steps(function: Any) -> Any:
    """A generator function that does what a kernel or device function does, one step a barrier; None without any."""
    if function not in _stepwise:
        names = {name: function.__globals__.get(name) for name in function.__code__.co_names}
        called = {name: _by_steps(value.fn) for name, value in names.items() if _is_device(value)}
        called = {name: made for name, made in called.items() if made}
        if called or "syncthreads" in names:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            tree.body[0].decorator_list.clear()  # type: ignore[attr-defined]
            tree = ast.fix_missing_locations(_Barriers(called).visit(tree))
            namespace = {**function.__globals__, **called}
            code = function.__code__
            exec(compile(ast.increment_lineno(tree, code.co_firstlineno - 1), code.co_filename, "exec"), namespace)
            _stepwise[function] = namespace[function.__name__]
        else:
            _stepwise[function] = None
    return _stepwise[function]


class _Run:
    """What a kernel sees as `cuda`, for the launch under way."""

    def __init__(self) -> None:
        self.thread = 0  # its number in the launch
        self.allocations: list[_Shared] = []
        self.shared, self.local = SimpleNamespace(array=self._shared), SimpleNamespace(array=np.empty)
        self.threadIdx = self.blockIdx = self.blockDim = self.gridDim = SimpleNamespace(x=0, y=0, z=0)
        self.counts: dict[int, int] = {}

    def _shared(self, shape: Any, dtype: Any) -> _Shared:
        """The n-th call of each thread is the n-th array."""
        n = self.counts[self.thread] = self.counts.get(self.thread, -1) + 1
        if n == len(self.allocations):
            self.allocations.append(_Shared(shape, dtype, self))
        return self.allocations[n]

    def launch(self, function: Callable[..., None], grid: tuple[int, ...], block: tuple[int, ...], args: Any) -> None:
        given = [self._argument(arg) for arg in args]
        self.gridDim, self.blockDim = _triple(grid), _triple(block)
        threads = [_triple(point, 0) for point in np.ndindex(*block)]
        stepwise = _by_steps(function)
        for number, point in enumerate(np.ndindex(*grid)):
            self.blockIdx, self.allocations, self.counts = _triple(point, 0), [], {}
            numbered = list(enumerate(threads, number * len(threads)))
            if stepwise is not None:
                self._run_block(numbered, [stepwise(*given) for _ in threads])
            else:
                for self.thread, self.threadIdx in numbered:
                    function(*given)

    def _argument(self, arg: Any) -> Any:
        if hasattr(arg, "copy_to_host"):
            return _Guarded(arg._ary, self)
        assert type(arg) not in (bool, int, float), f"{arg!r} would be compiled as 64 bits"
        return arg

    def _run_block(self, threads: list[tuple[int, Any]], steps: list[Iterator[None]]) -> None:
        while True:
            ended = []
            for (self.thread, self.threadIdx), step in zip(threads, steps, strict=True):
                ended.append(next(step, self) is self)
            if all(ended):
                return
            if any(ended):
                raise RaceError(f"{sum(ended)} of {len(ended)} threads ended while the others wait at a barrier")
            for array in self.allocations:
                array.barrier()


def _triple(point: tuple[int, ...], missing: int = 1) -> SimpleNamespace:
    x, y, z = (*map(np.int32, point), *[np.int32(missing)] * (3 - len(point)))
    return SimpleNamespace(x=x, y=y, z=z)


def _is_device(value: Any) -> bool:
    """Whether it is a function that kernels call, as Numba's simulator wraps it."""
    return getattr(value, "_device", False) is True


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
    name = f"planted {len(linecache.cache)}"  # where `inspect` finds the source of its functions
    linecache.cache[name] = (len(changed), None, changed.splitlines(keepends=True), name)
    exec(compile(changed, name, "exec"), namespace)
    compiler.KERNELS.clear()
    compiler.KERNELS.update(kept)
    if "kernel" in namespace:
        adopt(namespace)
    return namespace


def install() -> None:
    """From now on kernels of the CUDA backend run here. Needs NUMBA_ENABLE_CUDASIM=1."""
    from numba.cuda.simulator.kernel import FakeCUDAKernel

    assert compiler.SIMULATED
    for each in compiler.KERNELS.values():
        modules = [each.function.__globals__]
        modules += [value.fn.__globals__ for value in modules[0].values() if _is_device(value)]
        for namespace in modules:
            adopt(namespace)

    def call(self: compiler.Kernel, grid: Any, block: Any, *args: Any) -> None:
        with _one_at_a_time, np.errstate(all="ignore"):
            _run.launch(self.function, grid, block, [compiler._narrow(arg) for arg in args])

    compiler.Kernel.__call__ = call  # type: ignore[method-assign]
    FakeCUDAKernel.__call__ = lambda self, *args: self.fn(*args)
