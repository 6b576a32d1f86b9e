"""One optimizer step on flat arrays: the twins of `kernels.reference.updates`. Each goes through memory once.

A step does little arithmetic on much memory, so its time is that of reading and writing each array once. NumPy goes
through memory once for each operation and takes several times as long. Each element depends only on its index, so the
bits are the same for any number of threads. They are those of the reference, because no multiplication is fused with
an addition.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.toolchain.jit import Kernel, kernel, parallel_lock
from fastcnn.kernels.shapes import Array

# Below this many elements, starting the threads takes longer than the work.
SERIAL_BELOW = 1 << 16


@kernel
def sgd(values: Array, gradients: Array, rate: Any, decay: Any) -> None:
    for i in prange(values.size):
        values[i] -= rate * (gradients[i] + decay * values[i])


@kernel
def momentum(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any) -> None:
    for i in prange(values.size):
        velocity[i] = keep * velocity[i] + (gradients[i] + decay * values[i])
        values[i] -= rate * velocity[i]


@kernel
def nesterov(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        velocity[i] = keep * velocity[i] + g
        values[i] -= rate * (g + keep * velocity[i])


@kernel
def adagrad(values: Array, gradients: Array, sum_squares: Array, rate: Any, tiny: Any, decay: Any) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        sum_squares[i] += g * g
        values[i] -= rate * g / (np.sqrt(sum_squares[i]) + tiny)


@kernel
def rmsprop(
    values: Array, gradients: Array, mean_squares: Array, rate: Any, keep: Any, take: Any, tiny: Any, decay: Any
) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        mean_squares[i] = keep * mean_squares[i] + take * (g * g)
        values[i] -= rate * g / (np.sqrt(mean_squares[i]) + tiny)


@kernel
def adam(
    values: Array,
    gradients: Array,
    means: Array,
    mean_squares: Array,
    rate: Any,
    keep1: Any,
    take1: Any,
    keep2: Any,
    take2: Any,
    scale: Any,
    tiny: Any,
    decay: Any,
    shrink: Any,
) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        means[i] = keep1 * means[i] + take1 * g
        mean_squares[i] = keep2 * mean_squares[i] + take2 * (g * g)
        values[i] = shrink * values[i] - rate * means[i] / (np.sqrt(mean_squares[i]) * scale + tiny)


@kernel
def ema(averages: Array, values: Array, take: Any) -> None:
    for i in prange(averages.size):
        averages[i] += take * (values[i] - averages[i])


RULES: dict[str, Kernel[..., None]] = {
    rule.__name__: rule for rule in (sgd, momentum, nesterov, adagrad, rmsprop, adam, ema)
}


def update(rule: str, arrays: Sequence[Array], numbers: Sequence[float]) -> None:
    """See `kernels.reference.updates`. Runs on several threads where that is faster."""
    loop = RULES[rule]
    rounded = map(arrays[0].dtype.type, numbers)
    if arrays[0].size < SERIAL_BELOW:
        loop.serial(*arrays, *rounded)
        return
    with parallel_lock:
        loop(*arrays, *rounded)
