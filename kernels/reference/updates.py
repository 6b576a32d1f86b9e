"""One optimizer step on flat arrays, in NumPy: the definition of correct for every backend.

A rule changes its first array, and its state arrays, in place. All arrays are one-dimensional, of one length and one
dtype (float32 or float64). Every element is computed from the elements at its own index alone, so the bits cannot
depend on how the work is shared out. `update` rounds the numbers to the arrays' dtype before a rule sees them, so that
float32 arithmetic stays float32.

The formulas are those of torch.optim: weight decay is added to the gradient (L2), except in AdamW.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.kernels.shapes import Array


def sgd(values: Array, gradients: Array, rate: Any, decay: Any) -> None:
    """values -= rate * g, with g = gradients + decay * values."""
    values -= rate * (gradients + decay * values)


def momentum(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any) -> None:
    """velocity = keep * velocity + g; values -= rate * velocity."""
    velocity[:] = keep * velocity + (gradients + decay * values)
    values -= rate * velocity


def nesterov(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any) -> None:
    """velocity = keep * velocity + g; values -= rate * (g + keep * velocity)."""
    g = gradients + decay * values
    velocity[:] = keep * velocity + g
    values -= rate * (g + keep * velocity)


def adagrad(values: Array, gradients: Array, sum_squares: Array, rate: Any, tiny: Any, decay: Any) -> None:
    """sum_squares += g * g; values -= rate * g / (sqrt(sum_squares) + tiny)."""
    g = gradients + decay * values
    sum_squares += g * g
    values -= rate * g / (np.sqrt(sum_squares) + tiny)


def rmsprop(
    values: Array, gradients: Array, mean_squares: Array, rate: Any, keep: Any, take: Any, tiny: Any, decay: Any
) -> None:
    """mean_squares = keep * mean_squares + take * g * g; values -= rate * g / (sqrt(mean_squares) + tiny)."""
    g = gradients + decay * values
    mean_squares[:] = keep * mean_squares + take * (g * g)
    values -= rate * g / (np.sqrt(mean_squares) + tiny)


def adam(
    values: Array, gradients: Array, means: Array, mean_squares: Array, rate: Any, keep1: Any, take1: Any, keep2: Any,
    take2: Any, scale: Any, tiny: Any, decay: Any, shrink: Any,
) -> None:  # fmt: skip
    """Running means of g and g * g; rate and scale correct both for their start from zero.

    Adam adds `decay` times the value to the gradient (shrink is 1), AdamW shrinks the value first (decay is 0).
    """
    g = gradients + decay * values
    means[:] = keep1 * means + take1 * g
    mean_squares[:] = keep2 * mean_squares + take2 * (g * g)
    values[:] = shrink * values - rate * means / (np.sqrt(mean_squares) * scale + tiny)


def ema(averages: Array, values: Array, take: Any) -> None:
    """averages += take * (values - averages): an exponential moving average. `values` are only read."""
    averages += take * (values - averages)


RULES = {rule.__name__: rule for rule in (sgd, momentum, nesterov, adagrad, rmsprop, adam, ema)}


def update(rule: str, arrays: Sequence[Array], numbers: Sequence[float]) -> None:
    """One step by a rule of `RULES`, which takes the arrays and then the numbers, both in its own order."""
    RULES[rule](*arrays, *map(arrays[0].dtype.type, numbers))
