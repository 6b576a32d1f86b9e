"""One optimizer step on flat arrays: the rules of `kernels.updates`, compiled. Each goes through memory once.

A step does little arithmetic on much memory, so its time is that of reading and writing each array once. NumPy goes
through memory once for each operation and takes several times as long. The bits are those of the reference, because no
multiplication is fused with an addition.
"""

from collections.abc import Sequence
from typing import Any

from numba import prange

from fastcnn.kernels.cpu.toolchain.jit import Kernel, inner, kernel, parallel_lock
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.updates import RULES

# Below this many elements, starting the threads takes longer than the work.
SERIAL_BELOW = 1 << 16


def _loop(rule: str) -> Kernel[[tuple[Array, ...], tuple[Any, ...]], None]:
    element = inner(RULES[rule].element)

    @kernel(key=rule)
    def loop(arrays: tuple[Array, ...], numbers: tuple[Any, ...]) -> None:
        for i in prange(arrays[0].size):
            element(i, arrays, numbers)

    return loop


LOOPS = {rule: _loop(rule) for rule in RULES}


def update(rule: str, arrays: Sequence[Array], numbers: Sequence[float]) -> None:
    """See `kernels.reference.updates`. Runs on several threads where that is faster."""
    loop = LOOPS[rule]
    args = tuple(arrays), tuple(map(arrays[0].dtype.type, numbers))
    if arrays[0].size < SERIAL_BELOW:
        loop.serial(*args)
        return
    with parallel_lock:
        loop(*args)
