"""Functions of one number and their slopes, in plain Python: each backend with steps compiles them for itself.

`fastcnn.layers.activation` defines the same on arrays. All of them are in one function, so that a backend has one
kernel for them: the `if` goes the same way for every element. Only `math`, `abs` and operators are in it: `max` of two
numbers does not compile for every GPU's compiler.
"""

import math
from collections.abc import Callable
from typing import Any

LEAKY_RELU, GELU, GELU_TANH, SILU = range(4)
# The name that a layer gives its step, and the code.
CODES = {"leaky_relu": LEAKY_RELU, "gelu": GELU, "gelu_tanh": GELU_TANH, "silu": SILU}

ROOT_HALF = math.sqrt(0.5)
TANH_SCALE, TANH_CUBE = math.sqrt(8 / math.pi), 0.044715  # of 2 u, where GELU's approximation is x (1 + tanh u) / 2


def functions(exp_of_minus: Callable[[float], float], erfc: Callable[[float], float]) -> tuple[Any, Any]:
    """The value and the gradient of all functions, with a backend's exp(-t) for t >= 0, and its erfc."""

    def value(code: int, x: float, number: float) -> float:
        """The function's value at x; number is its option."""
        if code == LEAKY_RELU:
            return x if x > 0 else number * x
        if code == GELU:
            return 0.5 * x * erfc(-ROOT_HALF * x)
        # SiLU is x times the logistic function of x; GELU's approximation x times that of 2 u. No sign overflows.
        at = TANH_SCALE * (x + TANH_CUBE * x * x * x) if code == GELU_TANH else x
        small = exp_of_minus(abs(at))
        return x * ((1.0 if at > 0 else small) / (1 + small))

    def gradient(code: int, grad: float, x: float, number: float) -> float:
        """grad times the slope at x."""
        if code == LEAKY_RELU:
            return grad if x > 0 else number * grad
        if code == GELU:
            return grad * (0.5 * erfc(-ROOT_HALF * x) + x * exp_of_minus(0.5 * x * x) / math.sqrt(2 * math.pi))
        at = TANH_SCALE * (x + TANH_CUBE * x * x * x) if code == GELU_TANH else x
        steepness = TANH_SCALE * (1 + 3 * TANH_CUBE * x * x) if code == GELU_TANH else 1.0
        small = exp_of_minus(abs(at))
        share = (1.0 if at > 0 else small) / (1 + small)
        return grad * (share + x * share * (1 - share) * steepness)

    return value, gradient
