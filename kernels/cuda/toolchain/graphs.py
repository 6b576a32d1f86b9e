"""Launches whose arguments never change. They are recorded once as a CUDA graph, and then started together.

A launch from Python takes 40 to 130 us, longer than most kernels of a step. The start of a graph takes 5 us. The driver
records the launches of all compilers, with the values of the arguments. The contents of an array on the GPU may change
later; a number may not.

Only the packages numba-cuda-mlir and numba-cuda have the functions for this. With others, each call is launched.
"""

import importlib
import importlib.util
import threading
from typing import Any

from fastcnn.kernels.cuda.toolchain.compiler import SIMULATED, Kernel, cuda, launching_in, stream_here, told
from fastcnn.kernels.protocols import Call


def _driver() -> Any:
    if SIMULATED or not any(map(importlib.util.find_spec, ("numba_cuda_mlir", "numba_cuda"))):
        return None
    try:
        return importlib.import_module("cuda.bindings.driver")
    except ImportError:
        return None


driver = _driver()
_one_at_a_time = threading.Lock()


class Graph:
    """Consecutive calls. The first run launches them one by one, to compile and load them; later runs start a graph."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls
        self._ran = False
        self._graph: Any = None
        self._driver = driver  # kept for the end of the program, when modules are emptied

    def __call__(self) -> None:
        if not self._ran:
            _launch(self._calls)
            self._ran = True
            return
        with told():
            if self._graph is None:
                with _one_at_a_time:
                    self._graph = _recorded(self._calls)
            stream = stream_here()
            _check(driver.cuGraphLaunch(self._graph, driver.CUstream(int(stream.handle) if stream else 0)))

    def __del__(self) -> None:
        if self._graph is not None:
            self._driver.cuGraphExecDestroy(self._graph)  # happens after the current run


def graphs(calls: list[Call]) -> list[Call]:
    """The same work in fewer calls: consecutive kernels become one call, other calls stay."""
    if driver is None:
        return calls
    found: list[Call] = []
    run: list[Call] = []
    for call in [*calls, None]:
        if call is not None and isinstance(call[0], Kernel):
            run.append(call)
            continue
        found += [(Graph(run), ())] if len(run) > 1 else run
        run = []
        if call is not None:
            found.append(call)
    return found


def _launch(calls: list[Call]) -> None:
    for kernel, args in calls:
        kernel(*args)


def _recorded(calls: list[Call]) -> Any:
    """The launches of the calls as a graph, ready to start; nothing runs now.

    The stream does not wait for the default stream, so other threads can use that one at the same time.
    """
    stream = _check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
    try:
        _check(driver.cuStreamBeginCapture(stream, driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED))
        try:
            with launching_in(cuda.external_stream(int(stream))):
                _launch(calls)
        finally:
            graph = _check(driver.cuStreamEndCapture(stream))
        ready = _check(driver.cuGraphInstantiate(graph, 0))
        _check(driver.cuGraphDestroy(graph))
        return ready
    finally:
        _check(driver.cuStreamDestroy(stream))


def _check(answer: tuple[Any, ...]) -> Any:
    """The driver's answer without the status, which must be success."""
    status, *rest = answer
    if int(status) != 0:
        raise type("CUDAError", (RuntimeError,), {})(str(status))
    return rest[0] if rest else None
