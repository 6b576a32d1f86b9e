"""One optimizer step on flat arrays, in NumPy. It defines what is correct for every backend.

A rule changes its first array and its state arrays in place. All arrays are one-dimensional, of one length and one
dtype (float32 or float64). Each element is computed only from the elements at the same index, so the bits do not
depend on how threads share the work. `update` rounds the numbers to the arrays' dtype first, so that float32
arithmetic stays float32.

The formulas are those of torch.optim: weight decay is added to the gradient (L2), except in AdamW. One thing is added:
a state that decays is 0 as soon as it is smaller than `least` (`kernels.updates` says why). With an eps below 1e-19
that changes steps.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.kernels.shapes import Array


def sgd(values: Array, gradients: Array, rate: Any, decay: Any) -> None:
    """values -= rate * g, with g = gradients + decay * values."""
    values -= rate * (gradients + decay * values)


def momentum(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any, least: Any) -> None:
    """velocity = keep * velocity + g; values -= rate * velocity."""
    velocity[:] = _cut(keep * velocity + (gradients + decay * values), least)
    values -= rate * velocity


def nesterov(values: Array, gradients: Array, velocity: Array, rate: Any, keep: Any, decay: Any, least: Any) -> None:
    """velocity = keep * velocity + g; values -= rate * (g + keep * velocity)."""
    g = gradients + decay * values
    velocity[:] = _cut(keep * velocity + g, least)
    values -= rate * (g + keep * velocity)


def adagrad(values: Array, gradients: Array, sum_squares: Array, rate: Any, tiny: Any, decay: Any) -> None:
    """sum_squares += g * g; values -= rate * g / (sqrt(sum_squares) + tiny)."""
    g = gradients + decay * values
    sum_squares += g * g
    values -= rate * g / (np.sqrt(sum_squares) + tiny)


def rmsprop(
    values: Array, gradients: Array, mean_squares: Array, rate: Any, keep: Any, take: Any, tiny: Any, decay: Any,
    least: Any,
) -> None:  # fmt: skip
    """mean_squares = keep * mean_squares + take * g * g; values -= rate * g / (sqrt(mean_squares) + tiny)."""
    g = gradients + decay * values
    mean_squares[:] = _cut(keep * mean_squares + take * (g * g), least)
    values -= rate * g / (np.sqrt(mean_squares) + tiny)


def adam(
    values: Array, gradients: Array, means: Array, mean_squares: Array, rate: Any, keep1: Any, take1: Any, keep2: Any,
    take2: Any, scale: Any, tiny: Any, decay: Any, shrink: Any, least: Any,
) -> None:  # fmt: skip
    """Running means of g and g * g. Both start from zero; rate and scale correct for that.

    Adam adds `decay` times the value to the gradient (shrink is 1). AdamW first multiplies the value by shrink (decay
    is 0).
    """
    g = gradients + decay * values
    means[:] = _cut(keep1 * means + take1 * g, least)
    mean_squares[:] = _cut(keep2 * mean_squares + take2 * (g * g), least)
    values[:] = shrink * values - rate * means / (np.sqrt(mean_squares) * scale + tiny)


def ema(averages: Array, values: Array, take: Any) -> None:
    """averages += take * (values - averages): an exponential moving average. `values` are only read."""
    averages += take * (values - averages)


def _cut(state: Array, least: Any) -> Array:
    """The state with 0 in the place of all that is smaller than `least`."""
    state[np.abs(state) < least] = 0
    return state


RULES = {rule.__name__: rule for rule in (sgd, momentum, nesterov, adagrad, rmsprop, adam, ema)}


def update(rule: str, arrays: Sequence[Array], numbers: Sequence[float]) -> None:
    """One step of a rule in `RULES`. Its arguments are the arrays and then the numbers, each in the rule's order."""
    RULES[rule](*arrays, *map(arrays[0].dtype.type, numbers))
