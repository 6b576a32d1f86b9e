"""The optimizers' rules for one element of flat arrays, in plain Python: the cpu and the cuda backend compile them.

`kernels.reference.updates` defines the same on whole arrays. A rule takes the index of the element, the arrays and the
numbers, in the same order as there. Only `math` and operators are in it, so that every compiler takes it.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

Element: TypeAlias = Callable[[int, Any, Any], None]


class Rule(NamedTuple):
    """A rule, and how many arrays and numbers it takes."""

    element: Element
    arrays: int
    numbers: int


RULES: dict[str, Rule] = {}


def rule(arrays: int, numbers: int) -> Callable[[Element], Element]:
    """Add a function to RULES, under its name."""

    def add(element: Element) -> Element:
        RULES[element.__name__] = Rule(element, arrays, numbers)
        return element

    return add


@rule(arrays=2, numbers=2)
def sgd(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients = arrays
    rate, decay = numbers
    values[i] -= rate * (gradients[i] + decay * values[i])


@rule(arrays=3, numbers=3)
def momentum(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, velocity = arrays
    rate, keep, decay = numbers
    velocity[i] = keep * velocity[i] + (gradients[i] + decay * values[i])
    values[i] -= rate * velocity[i]


@rule(arrays=3, numbers=3)
def nesterov(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, velocity = arrays
    rate, keep, decay = numbers
    g = gradients[i] + decay * values[i]
    velocity[i] = keep * velocity[i] + g
    values[i] -= rate * (g + keep * velocity[i])


@rule(arrays=3, numbers=3)
def adagrad(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, sum_squares = arrays
    rate, tiny, decay = numbers
    g = gradients[i] + decay * values[i]
    sum_squares[i] += g * g
    values[i] -= rate * g / (math.sqrt(sum_squares[i]) + tiny)


@rule(arrays=3, numbers=5)
def rmsprop(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, mean_squares = arrays
    rate, keep, take, tiny, decay = numbers
    g = gradients[i] + decay * values[i]
    mean_squares[i] = keep * mean_squares[i] + take * (g * g)
    values[i] -= rate * g / (math.sqrt(mean_squares[i]) + tiny)


@rule(arrays=4, numbers=9)
def adam(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, means, mean_squares = arrays
    rate, keep1, take1, keep2, take2, scale, tiny, decay, shrink = numbers
    g = gradients[i] + decay * values[i]
    means[i] = keep1 * means[i] + take1 * g
    mean_squares[i] = keep2 * mean_squares[i] + take2 * (g * g)
    values[i] = shrink * values[i] - rate * means[i] / (math.sqrt(mean_squares[i]) * scale + tiny)


@rule(arrays=2, numbers=1)
def ema(i: int, arrays: Any, numbers: Any) -> None:
    averages, values = arrays
    (take,) = numbers
    averages[i] += take * (values[i] - averages[i])
