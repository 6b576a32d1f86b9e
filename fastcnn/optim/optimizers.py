"""The optimizers: their options, state and checks. Each class here is public, as `fastcnn.optim` (`__all__`).

`kernels/reference/updates.py` defines the arithmetic. An optimizer sees a network as two flat arrays, values and
gradients. It keeps its state in flat arrays of the same length. Formulas and defaults are those of torch.optim, but
states below 1.2e-38 become 0.
"""

from typing import Any, ClassVar

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checks import check_fraction, check_nonnegative, check_positive
from fastcnn.kernels.arrays import aligned_zeros, is_on_device
from fastcnn.kernels.backends import device
from fastcnn.kernels.updates import SMALLEST
from fastcnn.kernels.values import check_named, is_array, kind_of, shown

__all__ = ["SGD", "AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer", "RMSProp"]


class Optimizer:
    """The base of all: options, state arrays that the first step makes, and the number of steps.

    A subclass names its rule (`kernels.reference.updates`), its options and its state arrays. It also gives the rule's
    numbers.
    """

    RULE: ClassVar[str]
    OPTIONS: ClassVar[tuple[str, ...]] = ("weight_decay",)
    STATE: ClassVar[tuple[str, ...]] = ()

    def __init__(self, lr: float, *, weight_decay: float = 0.0) -> None:
        self._lr = check_positive("lr", lr)
        self.lr_was_set = True  # by an assignment, which no schedule has replaced since
        self.weight_decay = check_nonnegative("weight_decay", weight_decay)
        self.steps = 0
        self._state: dict[str, Array] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_state": {name: _on_host(array) for name, array in self._state.items()}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._state = {name: _aligned(array) for name, array in self._state.items()}

    @property
    def lr(self) -> float:
        """The learning rate of the next step, 0 or more. It may also be set during a `Trainer.fit`."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = check_nonnegative("lr", value)
        self.lr_was_set = True

    def follow(self, lr: float) -> None:
        """Take the learning rate of a schedule's step. A training tells it from one that a user assigns to `lr`."""
        self._lr = check_nonnegative("lr", lr)
        self.lr_was_set = False

    def update(self, values: Array, gradients: Array) -> None:
        """One step, in place.

        Parameters
        ----------
        values, gradients : (length,) float32 or float64, C-contiguous, of one dtype; gradients are only read. Or the
            arrays of a network on a GPU (`Sequential.update_by`), which are not checked. The state then moves there

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit each other or the state from earlier steps.
        """
        if not is_on_device(values):
            check_flat("values", values)
            check_flat("gradients", gradients)
            _check_alike("gradients", gradients, values)
        if not self._state:
            self._state = {name: aligned_zeros(values.size, values.dtype) for name in self.STATE}
        self._state = {name: _moved_to(values, array) for name, array in self._state.items()}
        for name, array in self._state.items():
            _check_alike(f"the optimizer's {name}", array, values)
        self.steps += 1
        kernels.active().update(self.RULE, (values, gradients, *self._state.values()), self._numbers())

    def state_arrays(self) -> dict[str, Array]:
        """Copies of the state, for a checkpoint: "steps", an int64 of shape (1,), and the flat arrays, if any yet."""
        state: dict[str, Array] = {"steps": np.array([self.steps], np.int64)}
        return state | {name: _on_host(array).copy() for name, array in self._state.items()}

    def load_state_arrays(self, arrays: dict[str, Array]) -> None:
        """Continue from what `state_arrays` gave; ValueError where names, shapes or dtypes do not fit."""
        check_named(arrays)
        names = set(arrays)
        if names not in ({"steps"}, {"steps", *self.STATE}):
            expected = ", ".join(("steps", *self.STATE))
            raise ValueError(f"the state of {type(self).__name__} is {expected}, not {', '.join(sorted(names))}")
        steps = counter("steps", arrays)
        states = {name: arrays[name] for name in self.STATE if name in names}
        for name, array in states.items():
            check_flat(name, array)
            _check_alike(name, array, next(iter(states.values())))
            if not np.isfinite(array).all():
                raise ValueError(f"the optimizer's {name} holds values that are not finite")
        self.steps = steps
        self._state = {name: _aligned(array) for name, array in states.items()}

    def describe(self) -> dict[str, Any]:
        """The kind and all options except lr, which a schedule may have changed; ready for JSON."""
        return {"type": type(self).__name__, **{name: getattr(self, name) for name in self.OPTIONS}}

    def _numbers(self) -> tuple[float, ...]:
        """The numbers that the rule takes after its arrays, at the present step."""
        raise NotImplementedError


class SGD(Optimizer):
    """Plain gradient descent."""

    RULE = "sgd"

    def _numbers(self) -> tuple[float, ...]:
        return self.lr, self.weight_decay


class Momentum(Optimizer):
    """Gradient descent with a velocity (torch.optim.SGD with momentum)."""

    RULE = "momentum"
    OPTIONS = ("momentum", "weight_decay")
    STATE = ("velocity",)

    def __init__(self, lr: float, *, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(lr, weight_decay=weight_decay)
        self.momentum = check_fraction("momentum", momentum)

    def _numbers(self) -> tuple[float, ...]:
        return self.lr, self.momentum, self.weight_decay, SMALLEST


class Nesterov(Momentum):
    """Momentum that looks ahead (torch.optim.SGD with nesterov=True)."""

    RULE = "nesterov"


class AdaGrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far."""

    RULE = "adagrad"
    OPTIONS = ("eps", "weight_decay")
    STATE = ("sum_squares",)

    def __init__(self, lr: float = 0.01, *, eps: float = 1e-10, weight_decay: float = 0.0) -> None:
        super().__init__(lr, weight_decay=weight_decay)
        self.eps = check_positive("eps", eps)

    def _numbers(self) -> tuple[float, ...]:
        return self.lr, self.eps, self.weight_decay


class RMSProp(Optimizer):
    """Steps divided by the root of a running mean of squared gradients."""

    RULE = "rmsprop"
    OPTIONS = ("alpha", "eps", "weight_decay")
    STATE = ("mean_squares",)

    def __init__(self, lr: float = 0.01, *, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        super().__init__(lr, weight_decay=weight_decay)
        self.alpha = check_fraction("alpha", alpha)
        self.eps = check_positive("eps", eps)

    def _numbers(self) -> tuple[float, ...]:
        return self.lr, self.alpha, 1 - self.alpha, self.eps, self.weight_decay, SMALLEST


class Adam(Optimizer):
    """Running means of the gradient and its square (Kingma and Ba 2015). Weight decay is added to the gradient."""

    RULE = "adam"
    OPTIONS = ("beta1", "beta2", "eps", "weight_decay")
    STATE = ("means", "mean_squares")

    def __init__(
        self,
        lr: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr, weight_decay=weight_decay)
        self.beta1 = check_fraction("beta1", beta1)
        self.beta2 = check_fraction("beta2", beta2)
        self.eps = check_positive("eps", eps)

    def _numbers(self) -> tuple[float, ...]:
        return *self._means_numbers(), self.weight_decay, 1.0, SMALLEST

    def _means_numbers(self) -> tuple[float, ...]:
        """Rate, keep1, take1, keep2, take2, scale and tiny. Rate and scale correct for the means' start from zero."""
        rate, scale = self.lr / (1 - self.beta1**self.steps), 1 / (1 - self.beta2**self.steps) ** 0.5
        return rate, self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, scale, self.eps


class AdamW(Adam):
    """Adam with weight decay that acts directly on the weights (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        lr: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay)

    def _numbers(self) -> tuple[float, ...]:
        return *self._means_numbers(), 0.0, 1 - self.lr * self.weight_decay, SMALLEST


# Every optimizer by its name, in the order above.
KINDS = {
    name: kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, Optimizer) and kind is not Optimizer
}


def check_optimizer(optimizer: object) -> None:
    """TypeError unless it is an optimizer."""
    if not isinstance(optimizer, Optimizer):
        *others, last = KINDS
        known = f"{', '.join(others)} or {last}"
        raise TypeError(f"optimizer must be one of optim's {known}, as optim.Adam(0.001), not {shown(optimizer)}")


def _on_host(array: Any) -> Array:
    """The array itself, or a copy of one on a GPU."""
    on_host: Array = array.copy_to_host() if is_on_device(array) else array
    return on_host


def _aligned(array: Array) -> Array:
    """A copy with the alignment that kernels need."""
    copy = aligned_zeros(array.size, array.dtype)
    copy[:] = array
    return copy


def _moved_to(values: Any, array: Any) -> Any:
    """The array in the memory where the values are, on the host or on a GPU."""
    if not is_on_device(values):
        return _on_host(array)
    memory = device()
    assert memory is not None  # else the values are on the host
    return array if is_on_device(array) else memory.upload(array)


def counter(name: str, arrays: dict[str, Array]) -> int:
    """The one number that a state keeps under a name; ValueError where it is no number from 0."""
    found = arrays.get(name)
    if not is_array(found) or found.shape != (1,) or found.dtype != np.int64 or found[0] < 0:
        raise ValueError(f"{name} must be one int64, at least 0")
    return int(found[0])


def check_flat(name: str, array: Array) -> None:
    """TypeError or ValueError unless it is a flat, contiguous array of floats."""
    if not is_array(array) or array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} must be a float32 or float64 array, not {kind_of(array)}")
    if array.ndim != 1 or not array.flags.c_contiguous:
        raise ValueError(f"{name} must be a flat contiguous array, not one of shape {array.shape}")


def _check_alike(name: str, array: Array, values: Array) -> None:
    if array.dtype != values.dtype:
        raise TypeError(f"{name} has the dtype {array.dtype}, but the values have {values.dtype}")
    if array.shape != values.shape:
        raise ValueError(f"{name} has the length {array.size}, but there are {values.size} values")
