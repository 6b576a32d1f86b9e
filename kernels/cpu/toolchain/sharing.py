"""Decide whether threads share a kernel's work."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from fastcnn.kernels.cpu.toolchain.jit import Kernel, inner, parallel_lock
from fastcnn.kernels.threads import threads

# Starting the threads and waiting for the last one takes 5 to 20 us, and more where they sleep: see docs/tried.md. For
# less work the serial twin is faster.
PARALLEL_COPIES = 1 << 18  # elements moved
PARALLEL_PRODUCTS = 1 << 22  # multiply-adds


@inner
def split(task, parts):
    """divmod(task, parts) for the index of a prange. It is unsigned, and would give a float with an int64."""
    return np.int64(task) // parts, np.int64(task) % parts


@inner
def taps(start, size, kernel, dilation):
    """Which taps of a window that begins at `start`, perhaps before the picture, lie inside: the first, and the end."""
    if dilation == 1:
        return max(0, -start), min(kernel, size - start)
    return (max(0, -start) + dilation - 1) // dilation, min(kernel, (size - start + dilation - 1) // dilation)


def run(kernel: Kernel[..., Any], worthwhile: bool, *args: Any) -> None:
    """Run a kernel on all threads, or its serial twin if the work is not worthwhile."""
    if worthwhile and threads() > 1:
        with parallel_lock:
            kernel(*args)
    else:
        kernel.serial(*args)


def copy(kernel: Kernel[..., Any], elements: int, *args: Any) -> None:
    """Run a kernel that moves `elements` elements."""
    run(kernel, elements >= PARALLEL_COPIES, *args)


def alone(kernel: Kernel[..., Any]) -> Callable[..., Any]:
    """The parallel kernel, run by one thread: for small work where the parallel kernel is compiled anyway.

    Its serial twin would be as fast, but needs a second compilation: 1.0 s for sum_products. Call it inside the lock.
    """

    def run_alone(*args: Any) -> None:
        numba.set_num_threads(1)
        try:
            kernel(*args)
        finally:
            numba.set_num_threads(threads())

    run_alone.serial = kernel.serial  # type: ignore[attr-defined]
    return run_alone


def chooser(kernel: Kernel[..., Any], worthwhile: bool) -> Callable[..., Any]:
    """The kernel or its serial twin, as `run` would choose, for callers that hold the lock themselves."""
    return kernel if worthwhile and threads() > 1 else kernel.serial
