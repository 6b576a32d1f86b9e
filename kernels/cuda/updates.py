"""One optimizer step on flat arrays: the twins of `kernels.reference.updates`.

Arrays of the GPU are changed where they are; arrays of the host go up and come back.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.cuda import changes
from fastcnn.kernels.cuda.memory import download, upload
from fastcnn.kernels.cuda.sizes import line_grid
from fastcnn.kernels.cuda.toolchain import Kernel
from fastcnn.kernels.shapes import Array


def sgd_update(values: Array, gradients: Array, lr: float, weight_decay: float) -> None:
    """See `kernels.reference.updates`."""
    _run(changes.sgd, (values, gradients), lr, weight_decay)


def momentum_update(
    values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(changes.momentum, (values, gradients, velocity), lr, momentum, weight_decay)


def nesterov_update(
    values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(changes.nesterov, (values, gradients, velocity), lr, momentum, weight_decay)


def adagrad_update(
    values: Array, gradients: Array, sum_squares: Array, lr: float, eps: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(changes.adagrad, (values, gradients, sum_squares), lr, eps, weight_decay)


def rmsprop_update(
    values: Array, gradients: Array, mean_squares: Array, lr: float, alpha: float, eps: float, weight_decay: float
) -> None:
    """See `kernels.reference.updates`."""
    _run(changes.rmsprop, (values, gradients, mean_squares), lr, alpha, 1 - alpha, eps, weight_decay)


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
    _run(changes.adam, arrays, *_adam_numbers(lr, beta1, beta2, eps, step), weight_decay, 1.0)


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
    _run(changes.adam, arrays, *_adam_numbers(lr, beta1, beta2, eps, step), 0.0, 1 - lr * weight_decay)


def ema_update(averages: Array, values: Array, decay: float) -> None:
    """See `kernels.reference.updates`."""
    _run(changes.ema, (averages, values), 1 - decay)


def _adam_numbers(lr: float, beta1: float, beta2: float, eps: float, step: int) -> tuple[float, ...]:
    """Rate, keep1, take1, keep2, take2, scale and tiny of `changes.adam`."""
    rate, scale = lr / (1 - beta1**step), 1 / (1 - beta2**step) ** 0.5
    return rate, beta1, 1 - beta1, beta2, 1 - beta2, scale, eps


def _run(update: Kernel, arrays: tuple[Any, ...], *numbers: float) -> None:
    """Call a kernel with the numbers in the arrays' dtype."""
    rounded = [arrays[0].dtype.type(number) for number in numbers]
    if arrays[0].size == 0:
        return
    there = [upload(array) if isinstance(array, np.ndarray) else array for array in arrays]
    update(*line_grid(arrays[0].size), *there, *rounded)
    for array, copy in zip(arrays, there, strict=True):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[:] = download(copy, array.shape)
