"""One optimizer step on flat arrays, as `kernels.reference.updates`, with a thread for each element.

Arrays on the GPU are changed in place. Arrays on the host are copied to the GPU and back.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.toolchain.compiler import kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import download, upload
from fastcnn.kernels.cuda.toolchain.sizes import line_grid


@kernel("F F f f")
def sgd(values, gradients, rate, decay):
    i = here()
    if i < values.size:
        values[i] -= rate * (gradients[i] + decay * values[i])


@kernel("F F F f f f")
def momentum(values, gradients, velocity, rate, keep, decay):
    i = here()
    if i < values.size:
        velocity[i] = keep * velocity[i] + (gradients[i] + decay * values[i])
        values[i] -= rate * velocity[i]


@kernel("F F F f f f")
def nesterov(values, gradients, velocity, rate, keep, decay):
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        velocity[i] = keep * velocity[i] + g
        values[i] -= rate * (g + keep * velocity[i])


@kernel("F F F f f f")
def adagrad(values, gradients, sum_squares, rate, tiny, decay):
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        sum_squares[i] += g * g
        values[i] -= rate * g / (math.sqrt(sum_squares[i]) + tiny)


@kernel("F F F f f f f f")
def rmsprop(values, gradients, mean_squares, rate, keep, take, tiny, decay):
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        mean_squares[i] = keep * mean_squares[i] + take * (g * g)
        values[i] -= rate * g / (math.sqrt(mean_squares[i]) + tiny)


@kernel("F F F F f f f f f f f f f")
def adam(
    values, gradients, means, mean_squares, rate, keep1, take1, keep2, take2, scale, tiny, decay, shrink
):  # fmt: skip
    """Adam adds `decay` times the value to the gradient (shrink = 1); AdamW first shrinks the value (decay = 0)."""
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        means[i] = keep1 * means[i] + take1 * g
        mean_squares[i] = keep2 * mean_squares[i] + take2 * (g * g)
        values[i] = shrink * values[i] - rate * means[i] / (math.sqrt(mean_squares[i]) * scale + tiny)


@kernel("F F f")
def ema(averages, values, take):
    i = here()
    if i < averages.size:
        averages[i] += take * (values[i] - averages[i])


RULES = {rule.name: rule for rule in (sgd, momentum, nesterov, adagrad, rmsprop, adam, ema)}


def update(rule: str, arrays: Sequence[Any], numbers: Sequence[float]) -> None:
    """See `kernels.reference.updates`."""
    if arrays[0].size == 0:
        return
    there = [upload(array) if isinstance(array, np.ndarray) else array for array in arrays]
    RULES[rule](*line_grid(arrays[0].size), *there, *map(arrays[0].dtype.type, numbers))
    for array, copy in zip(arrays, there, strict=True):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[:] = download(copy, array.shape)
