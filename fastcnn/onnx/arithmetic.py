"""Arithmetic with a constant: the bias of the layer before, or a normalisation of pictures."""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.layers import Affine, Conv2d, Normalize
from fastcnn.onnx.nodes import Node, Read

ARITHMETIC = ("Add", "Sub", "Mul", "Div")
SMALLEST = 1e-30  # of a scale


def with_constant(last: Read | None, node: Node, constants: dict[str, Array]) -> list[Read]:
    """The layers of x + c, x - c, x * c or x / c.

    last : the layer before it, which takes the sum if it has a bias
    """
    op, shape = node.node.op_type, node.signal.shape
    index = next(number for number, name in enumerate(node.node.input) if name in constants)
    each = _of_channels(node, node.needed(index))
    if op == "Add" and last is not None and isinstance(last.layer, Affine | Conv2d):
        if isinstance(last.layer, Conv2d) and not last.layer.bias:
            options = {name: getattr(last.layer, name) for name in last.layer.OPTIONS}
            last.layer = Conv2d(**{**options, "bias": True})
        last.values["bias"] = last.values.get("bias", 0) + each
        return []
    if len(shape) != 3 or (index == 0 and op in ("Sub", "Div")):
        raise node.error("no layer does this with a constant")
    zeros, ones = np.zeros(shape[0]), np.ones(shape[0])
    with np.errstate(divide="ignore"):
        options = {"Add": (-each, ones), "Sub": (each, ones), "Mul": (zeros, 1 / each), "Div": (zeros, each)}
    mean, scale = options[op]
    if not (scale > SMALLEST).all():
        raise node.error("it must multiply or divide by positive numbers")
    if op in ("Mul", "Div") and last is not None and isinstance(last.layer, Normalize) and set(last.layer.scale) == {1}:
        last.layer = Normalize(last.layer.mean, scale.tolist())
        return []
    return [Read(Normalize(mean.tolist(), scale.tolist()))]


def _of_channels(node: Node, numbers: Array) -> Array:
    """The constant as a number for each channel or feature."""
    shape = node.signal.shape
    if numbers.ndim > len(shape) + 1:
        raise node.error("its constant has too many axes")
    whole = np.broadcast_to(numbers.astype(np.float64), (1, *shape)).reshape(shape[0], -1)
    if (whole != whole[:, :1]).any():
        raise node.error("its constant must have one number for each channel")
    return whole[:, 0]
