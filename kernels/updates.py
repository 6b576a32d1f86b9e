"""The optimizers' rules for one element of flat arrays, in plain Python: the cpu and the cuda backend compile them.

`kernels.reference.updates` defines the same on whole arrays. A rule takes the index of the element, the arrays and the
numbers, in the same order as there. Only `math`, `abs` and operators are in it, so that every compiler takes it.

A state that decays is 0 as soon as it is smaller than `least`, which is SMALLEST. Without that it would never reach 0,
and a CPU takes a hundred times as long for numbers that small: in a training of the paper's network on MNIST a seventh
of Adam's means are so small after four epochs, and a step of Adam took 1.1 ms, not 0.35 (docs/tried.md). The 0 is
`v - v`: with a literal one Numba would compute in float64.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

SMALLEST = 2.0**-126  # of float32's normal numbers; numbers of float64 are cut there, too

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


@rule(arrays=3, numbers=4)
def momentum(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, velocity = arrays
    rate, keep, decay, least = numbers
    v = keep * velocity[i] + (gradients[i] + decay * values[i])
    velocity[i] = v - v if abs(v) < least else v
    values[i] -= rate * velocity[i]


@rule(arrays=3, numbers=4)
def nesterov(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, velocity = arrays
    rate, keep, decay, least = numbers
    g = gradients[i] + decay * values[i]
    v = keep * velocity[i] + g
    velocity[i] = v - v if abs(v) < least else v
    values[i] -= rate * (g + keep * velocity[i])


@rule(arrays=3, numbers=3)
def adagrad(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, sum_squares = arrays
    rate, tiny, decay = numbers
    g = gradients[i] + decay * values[i]
    sum_squares[i] += g * g
    values[i] -= rate * g / (math.sqrt(sum_squares[i]) + tiny)


@rule(arrays=3, numbers=6)
def rmsprop(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, mean_squares = arrays
    rate, keep, take, tiny, decay, least = numbers
    g = gradients[i] + decay * values[i]
    s = keep * mean_squares[i] + take * (g * g)
    mean_squares[i] = s - s if abs(s) < least else s
    values[i] -= rate * g / (math.sqrt(mean_squares[i]) + tiny)


@rule(arrays=4, numbers=10)
def adam(i: int, arrays: Any, numbers: Any) -> None:
    values, gradients, means, mean_squares = arrays
    rate, keep1, take1, keep2, take2, scale, tiny, decay, shrink, least = numbers
    g = gradients[i] + decay * values[i]
    m = keep1 * means[i] + take1 * g
    s = keep2 * mean_squares[i] + take2 * (g * g)
    means[i] = m - m if abs(m) < least else m
    mean_squares[i] = s - s if abs(s) < least else s
    values[i] = shrink * values[i] - rate * means[i] / (math.sqrt(mean_squares[i]) * scale + tiny)


@rule(arrays=2, numbers=1)
def ema(i: int, arrays: Any, numbers: Any) -> None:
    averages, values = arrays
    (take,) = numbers
    averages[i] += take * (values[i] - averages[i])
