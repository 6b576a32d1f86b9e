"""The optimizers' steps as every compiled backend offers them: from options to the numbers that its loops take.

A backend gives the loops, over elements, and `run`, which starts one; `kernels.reference.updates` says what they do.
"""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]

# run(loop, arrays, *numbers) calls a loop with the numbers in the arrays' dtype.
Run = Callable[..., None]


class Updates:
    """The public functions of one backend, as methods; each: see `kernels.reference.updates`.

    The loops take their arrays and then these numbers, in this order:

    sgd : rate, decay
    momentum, nesterov : rate, keep, decay
    adagrad : rate, tiny, decay
    rmsprop : rate, keep, take, tiny, decay
    adam : rate, keep1, take1, keep2, take2, scale, tiny, decay, shrink. Adam adds `decay` times the value to the
        gradient (shrink is 1), AdamW shrinks the value first (decay is 0)
    ema : take
    """

    def __init__(
        self, run: Run, *, sgd: Any, momentum: Any, nesterov: Any, adagrad: Any, rmsprop: Any, adam: Any, ema: Any
    ) -> None:
        self._run = run
        self._sgd, self._momentum, self._nesterov = sgd, momentum, nesterov
        self._adagrad, self._rmsprop, self._adam, self._ema = adagrad, rmsprop, adam, ema

    def sgd_update(self, values: Array, gradients: Array, lr: float, weight_decay: float) -> None:
        self._run(self._sgd, (values, gradients), lr, weight_decay)

    def momentum_update(
        self, values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
    ) -> None:
        self._run(self._momentum, (values, gradients, velocity), lr, momentum, weight_decay)

    def nesterov_update(
        self, values: Array, gradients: Array, velocity: Array, lr: float, momentum: float, weight_decay: float
    ) -> None:
        self._run(self._nesterov, (values, gradients, velocity), lr, momentum, weight_decay)

    def adagrad_update(
        self, values: Array, gradients: Array, sum_squares: Array, lr: float, eps: float, weight_decay: float
    ) -> None:
        self._run(self._adagrad, (values, gradients, sum_squares), lr, eps, weight_decay)

    def rmsprop_update(
        self,
        values: Array,
        gradients: Array,
        mean_squares: Array,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
    ) -> None:
        self._run(self._rmsprop, (values, gradients, mean_squares), lr, alpha, 1 - alpha, eps, weight_decay)

    def adam_update(
        self,
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
        arrays = values, gradients, means, mean_squares
        self._run(self._adam, arrays, *_adam_numbers(lr, beta1, beta2, eps, step), weight_decay, 1.0)

    def adamw_update(
        self,
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
        arrays = values, gradients, means, mean_squares
        self._run(self._adam, arrays, *_adam_numbers(lr, beta1, beta2, eps, step), 0.0, 1 - lr * weight_decay)

    def ema_update(self, averages: Array, values: Array, decay: float) -> None:
        self._run(self._ema, (averages, values), 1 - decay)


def _adam_numbers(lr: float, beta1: float, beta2: float, eps: float, step: int) -> tuple[float, ...]:
    """Rate, keep1, take1, keep2, take2, scale and tiny."""
    rate, scale = lr / (1 - beta1**step), 1 / (1 - beta2**step) ** 0.5
    return rate, beta1, 1 - beta1, beta2, 1 - beta2, scale, eps
