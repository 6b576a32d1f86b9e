"""Functions of one number that a graph makes of several nodes, such as GELU by Erf: the layer that has their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.layers import GELU, Layer, LeakyReLU, ReLU, SiLU
from fastcnn.layers.running import run_forward
from fastcnn.onnx.constants import Constants
from fastcnn.onnx.paths import Paths

POINTS = np.linspace(-12, 12, 2401)  # where functions are compared
CLOSE = 2e-6  # of 1 + |x|: the constants of a graph have float32
MAX_NODES = 16  # of one function


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _erf(x: Array) -> Array:
    return np.array([math.erf(value) for value in np.ravel(x).tolist()]).reshape(np.shape(x))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Div": np.divide,
    "Erf": _erf,
    "Erfc": lambda x: 1 - _erf(x),  # of TensorFlow: tf2onnx knows no other name for it
    "Exp": np.exp,
    "Identity": np.positive,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "PRelu": lambda x, slope: np.where(x > 0, x, slope * x),
    "Pow": np.power,
    "Reciprocal": np.reciprocal,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": _sigmoid,
    "Softplus": lambda x: np.logaddexp(0, x),
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Tanh": np.tanh,
}


def layer_of(paths: Paths, constants: Constants, start: str, end: str) -> list[Layer] | None:
    """The layer, or no layer, that makes one tensor of another; None where no layer has these values.

    All nodes between the two must be functions of one number.
    """
    with np.errstate(all="ignore"):
        values = _Values(paths, constants, start).of(end)
    if values is None:
        return None
    if _close(values, POINTS):
        return []
    slope = float(str(np.float32(values[0] / POINTS[0])))
    for layer in (ReLU(), GELU(), GELU("tanh"), SiLU(), *([LeakyReLU(slope)] if math.isfinite(slope) else [])):
        if _close(values, run_forward(layer, POINTS, False)):
            return [layer]
    return None


def _close(values: Array, expected: Array) -> bool:
    return bool((np.abs(values - expected) <= CLOSE * (1 + np.abs(POINTS))).all())


class _Values:
    """The values at POINTS of the tensors between two tensors."""

    def __init__(self, paths: Paths, constants: Constants, start: str) -> None:
        self._paths, self._constants = paths, constants
        self._known: dict[str, Array | None] = {start: POINTS}

    def of(self, tensor: str) -> Array | None:
        """The values of a tensor; None where it is not a function of one number, or of too many nodes."""
        if tensor in self._constants:
            numbers = self._constants[tensor]
            alike = numbers.dtype.kind in "fiu" and numbers.size and (numbers == numbers.flat[0]).all()
            return np.array(numbers.flat[0], np.float64) if alike else None
        if tensor not in self._known:
            self._known[tensor] = self._made(tensor) if len(self._known) <= MAX_NODES else None
        return self._known[tensor]

    def _made(self, tensor: str) -> Array | None:
        node = self._paths.producer.get(tensor)
        if node is None or node.op_type not in FUNCTIONS or (node.op_type != "Identity" and node.attribute):
            return None
        self._known[tensor] = None  # a tensor that would need itself has no values
        given = [self.of(name) for name in node.input]
        if any(each is None for each in given):
            return None
        try:
            found: Array = FUNCTIONS[node.op_type](*given)
        except (TypeError, ValueError):  # of a wrong number of inputs
            return None
        return found
