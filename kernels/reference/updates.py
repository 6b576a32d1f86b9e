"""One optimizer step on flat arrays, in NumPy: the definition of correct for every backend.

Each function changes `values` and its state arrays in place. All arrays are one-dimensional, of one length and one
dtype (float32 or float64); every element is computed from the elements at its own index alone, so the bits cannot
depend on how the work is shared out. The numbers (lr, momentum, ...) are rounded to the arrays' dtype before use.

The formulas are those of torch.optim: weight decay is added to the gradient (L2), except in AdamW.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def sgd_update(values: Array, gradients: Array, lr: float, weight_decay: float) -> None:
    """values -= lr * g, with g = gradients + weight_decay * values."""
    (rate, decay) = _rounded(values, lr, weight_decay)
    values -= rate * (gradients + decay * values)


def momentum_update(
    values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
) -> None:
    """velocity = momentum * velocity + g; values -= lr * velocity."""
    rate, keep, decay = _rounded(values, lr, momentum, weight_decay)
    velocity[:] = keep * velocity + (gradients + decay * values)
    values -= rate * velocity


def nesterov_update(
    values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
) -> None:
    """velocity = momentum * velocity + g; values -= lr * (g + momentum * velocity)."""
    rate, keep, decay = _rounded(values, lr, momentum, weight_decay)
    g = gradients + decay * values
    velocity[:] = keep * velocity + g
    values -= rate * (g + keep * velocity)


def adagrad_update(
    values: Array, gradients: Array, sum_squares: Array, lr: float, eps: float, weight_decay: float
) -> None:
    """sum_squares += g * g; values -= lr * g / (sqrt(sum_squares) + eps)."""
    rate, tiny, decay = _rounded(values, lr, eps, weight_decay)
    g = gradients + decay * values
    sum_squares += g * g
    values -= rate * g / (np.sqrt(sum_squares) + tiny)


def rmsprop_update(
    values: Array, gradients: Array, mean_squares: Array, lr: float, alpha: float, eps: float, weight_decay: float
) -> None:
    """mean_squares = alpha * mean_squares + (1 - alpha) * g * g; values -= lr * g / (sqrt(mean_squares) + eps)."""
    rate, keep, take, tiny, decay = _rounded(values, lr, alpha, 1 - alpha, eps, weight_decay)
    g = gradients + decay * values
    mean_squares[:] = keep * mean_squares + take * (g * g)
    values -= rate * g / (np.sqrt(mean_squares) + tiny)


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
    """Running means of g and g * g, both corrected for their start from zero; `step` counts from 1."""
    (decay,) = _rounded(values, weight_decay)
    _adam(values, gradients + decay * values, means, mean_squares, lr, beta1, beta2, eps, step)


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
    """values *= 1 - lr * weight_decay, then Adam without weight decay; `step` counts from 1."""
    (keep,) = _rounded(values, 1 - lr * weight_decay)
    values *= keep
    _adam(values, gradients, means, mean_squares, lr, beta1, beta2, eps, step)


def ema_update(averages: Array, values: Array, decay: float) -> None:
    """averages += (1 - decay) * (values - averages): an exponential moving average."""
    (take,) = _rounded(averages, 1 - decay)
    averages += take * (values - averages)


def _adam(
    values: Array,
    g: Array,
    means: Array,
    mean_squares: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    step: int,
) -> None:
    keep1, take1, keep2, take2, tiny = _rounded(values, beta1, 1 - beta1, beta2, 1 - beta2, eps)
    rate, scale = _rounded(values, lr / (1 - beta1**step), 1 / (1 - beta2**step) ** 0.5)
    means[:] = keep1 * means + take1 * g
    mean_squares[:] = keep2 * mean_squares + take2 * (g * g)
    values -= rate * means / (np.sqrt(mean_squares) * scale + tiny)


def _rounded(values: Array, *numbers: float) -> tuple[Any, ...]:
    """The numbers in the dtype of values, so that float32 arithmetic stays float32."""
    return tuple(values.dtype.type(number) for number in numbers)
