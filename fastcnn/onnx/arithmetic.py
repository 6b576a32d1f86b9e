"""Arithmetic with a constant: a part of the layer before, a normalisation of pictures, or a batch normalisation."""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.layers import Affine, BatchNorm1d, BatchNorm2d, Conv2d, Normalize
from fastcnn.onnx.flow import PICTURE
from fastcnn.onnx.nodes import Node, Read

ARITHMETIC = ("Add", "Sub", "Mul", "Div")
SMALLEST = 1e-30  # of a scale


def with_constant(last: Read | None, node: Node) -> list[Read]:
    """The layers of x + c, x - c, c - x, x * c or x / c, with a number for each channel or feature.

    last : the layer before it, which takes the numbers if it has weights of its own
    """
    index = next(number for number, name in enumerate(node.node.input) if name in node.constants)
    each = node.flow.of_channels(node.needed(index))
    zeros, ones = np.zeros(len(each)), np.ones(len(each))
    if node.op == "Div" and index == 0:
        raise node.error("no layer divides a constant")
    if node.op == "Div" and not each.all():
        raise node.error("it divides by zero")
    parts = {"Add": (ones, each), "Sub": (ones, -each) if index else (-ones, each), "Mul": (each, zeros)}
    factor, offset = parts[node.op] if node.op in parts else (1 / each, zeros)
    if last is not None and _taken(last, factor, offset):
        return []
    if node.flow.names == PICTURE and (factor > SMALLEST).all():
        scale = each if node.op == "Div" else 1 / factor
        if offset.any() or last is None or not isinstance(last.layer, Normalize) or set(last.layer.scale) != {1}:
            return [Read(Normalize((-offset * scale).tolist(), scale.tolist()))]
        last.layer = Normalize(last.layer.mean, scale.tolist())
        return []
    kind = BatchNorm2d if node.flow.names == PICTURE else BatchNorm1d
    layer = kind()
    moments = {"running_mean": zeros, "running_var": ones - layer.eps}
    return [Read(layer, {"weight": factor, "bias": offset, **moments})]


def _taken(last: Read, factor: Array, offset: Array) -> bool:
    """Whether the layer before multiplies and adds these numbers itself, from now on."""
    if not isinstance(last.layer, Affine | Conv2d | BatchNorm1d | BatchNorm2d):
        return False
    if isinstance(last.layer, Conv2d) and not last.layer.bias and offset.any():
        options = {name: getattr(last.layer, name) for name in last.layer.OPTIONS}
        last.layer = Conv2d(**{**options, "bias": True})
    if (factor != 1).any():
        weight = last.values["weight"]
        shape = (-1, 1, 1, 1) if isinstance(last.layer, Conv2d) else (-1,)  # an Affine's outputs are its last axis
        last.values["weight"] = weight * factor.reshape(shape)
    if "bias" in last.values or offset.any():
        last.values["bias"] = last.values.get("bias", 0) * factor + offset
    return True
