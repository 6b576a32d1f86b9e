"""Whether a kernel's work is worth sharing among threads."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from fastcnn.kernels.cpu.toolchain.jit import Kernel, inner, parallel_lock
from fastcnn.kernels.threads import threads

# Starting the threads and waiting for the last takes 5 to 20 us: below these the serial twin is faster.
PARALLEL_COPIES = 1 << 18  # elements moved
PARALLEL_PRODUCTS = 1 << 21  # multiply-adds


@inner
def split(task, parts):
    """divmod(task, parts) for the index of a prange, which is unsigned: mixed with an int64 it would become a float."""
    return np.int64(task) // parts, np.int64(task) % parts


def run(kernel: Kernel[..., Any], worthwhile: bool, *args: Any) -> None:
    """Runs a kernel on all threads, or its serial twin where that is faster."""
    if worthwhile and threads() > 1:
        with parallel_lock:
            kernel(*args)
    else:
        kernel.serial(*args)


def copy(kernel: Kernel[..., Any], elements: int, *args: Any) -> None:
    """Runs a kernel that moves so many elements."""
    run(kernel, elements >= PARALLEL_COPIES, *args)


def alone(kernel: Kernel[..., Any]) -> Callable[..., Any]:
    """The parallel kernel run by one thread, for work too small to share where the kernel is compiled anyway.

    Its serial twin would be as fast, but a second compilation: 1.0 s of sum_products. To be called within the lock.
    """

    def run_alone(*args: Any) -> None:
        numba.set_num_threads(1)
        try:
            kernel(*args)
        finally:
            numba.set_num_threads(threads())

    return run_alone


def chooser(kernel: Kernel[..., Any], worthwhile: bool) -> Callable[..., Any]:
    """The one of the two that `run` would take, for callers that hold the lock themselves."""
    return kernel if worthwhile and threads() > 1 else kernel.serial
