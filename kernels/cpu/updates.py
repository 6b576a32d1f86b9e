"""One optimizer step on flat arrays: the twins of `kernels.reference.updates`, in one pass over memory each.

A step does little arithmetic on much memory, so the time is that of reading and writing each array once; NumPy's, one
pass an operation, takes several times as long. Every element depends on its own index alone: the bits are the same
however many threads share the loop, and those of the reference, as no multiplication is fused with an addition.

Measured with 434,000 float32 values (AVX-512, all arrays in the last-level cache): Adam 0.10 ms on one core and 0.05
on two, SGD 0.04 and 0.02.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fastcnn.kernels.cpu.jit import Kernel, kernel, parallel_lock

Array = npt.NDArray[Any]

# Below this many elements, starting the threads takes longer than the work.
SERIAL_BELOW = 1 << 16


@kernel
def _sgd(values: Array, gradients: Array, rate: Any, decay: Any) -> None:
    for i in prange(values.size):
        values[i] -= rate * (gradients[i] + decay * values[i])


@kernel
def _momentum(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any) -> None:
    for i in prange(values.size):
        velocity[i] = keep * velocity[i] + (gradients[i] + decay * values[i])
        values[i] -= rate * velocity[i]


@kernel
def _nesterov(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        velocity[i] = keep * velocity[i] + g
        values[i] -= rate * (g + keep * velocity[i])


@kernel
def _adagrad(values: Array, gradients: Array, sum_squares: Array, rate: Any, tiny: Any, decay: Any) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        sum_squares[i] += g * g
        values[i] -= rate * g / (np.sqrt(sum_squares[i]) + tiny)


@kernel
def _rmsprop(
    values: Array, gradients: Array, mean_squares: Array, rate: Any, keep: Any, take: Any, tiny: Any, decay: Any
) -> None:
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        mean_squares[i] = keep * mean_squares[i] + take * (g * g)
        values[i] -= rate * g / (np.sqrt(mean_squares[i]) + tiny)


@kernel
def _adam(
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
    """Adam adds `decay` times the value to the gradient (shrink is 1), AdamW shrinks the value first (decay is 0)."""
    for i in prange(values.size):
        g = gradients[i] + decay * values[i]
        means[i] = keep1 * means[i] + take1 * g
        mean_squares[i] = keep2 * mean_squares[i] + take2 * (g * g)
        values[i] = shrink * values[i] - rate * means[i] / (np.sqrt(mean_squares[i]) * scale + tiny)


@kernel
def _ema(averages: Array, values: Array, take: Any) -> None:
    for i in prange(averages.size):
        averages[i] += take * (values[i] - averages[i])


def sgd_update(values: Array, gradients: Array, lr: float, weight_decay: float) -> None:
    """See `kernels.reference.updates`."""
    _run(_sgd, (values, gradients), lr, weight_decay)


def momentum_update(
    values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(_momentum, (values, gradients, velocity), lr, momentum, weight_decay)


def nesterov_update(
    values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(_nesterov, (values, gradients, velocity), lr, momentum, weight_decay)


def adagrad_update(
    values: Array, gradients: Array, sum_squares: Array, lr: float, eps: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(_adagrad, (values, gradients, sum_squares), lr, eps, weight_decay)


def rmsprop_update(
    values: Array, gradients: Array, mean_squares: Array, lr: float, alpha: float, eps: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(_rmsprop, (values, gradients, mean_squares), lr, alpha, 1 - alpha, eps, weight_decay)


def adam_update(
    values: Array,
    gradients: Array,
    means: Array,
    mean_squares: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    step: int,
) -> None:
    """See `kernels.reference.updates`."""
    arrays = values, gradients, means, mean_squares
    _run(_adam, arrays, *_adam_numbers(lr, beta1, beta2, eps, step), weight_decay, 1.0)


def adamw_update(
    values: Array,
    gradients: Array,
    means: Array,
    mean_squares: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    step: int,
) -> None:
    """See `kernels.reference.updates`."""
    arrays = values, gradients, means, mean_squares
    _run(_adam, arrays, *_adam_numbers(lr, beta1, beta2, eps, step), 0.0, 1 - lr * weight_decay)


def ema_update(averages: Array, values: Array, decay: float) -> None:
    """See `kernels.reference.updates`."""
    _run(_ema, (averages, values), 1 - decay)


def _adam_numbers(lr: float, beta1: float, beta2: float, eps: float, step: int) -> tuple[float, ...]:
    """Rate, keep1, take1, keep2, take2, scale and tiny of `_adam`."""
    rate, scale = lr / (1 - beta1**step), 1 / (1 - beta2**step) ** 0.5
    return rate, beta1, 1 - beta1, beta2, 1 - beta2, scale, eps


def _run(update: Kernel[..., None], arrays: tuple[Array, ...], *numbers: float) -> None:
    """Call a kernel with the numbers in the arrays' dtype, on several threads where that pays."""
    rounded = [arrays[0].dtype.type(number) for number in numbers]
    if arrays[0].size < SERIAL_BELOW:
        update.serial(*arrays, *rounded)
        return
    with parallel_lock:
        update(*arrays, *rounded)
