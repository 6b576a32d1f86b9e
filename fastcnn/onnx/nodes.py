"""Nodes of ONNX as layers. What a layer cannot express is an error that names the node and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from onnx import helper

from fastcnn.arrays import Array
from fastcnn.kernels import shapes
from fastcnn.layers import (
    GELU,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Layer,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Signal,
)
from fastcnn.onnx.paths import NodeError


@dataclass
class Read:
    """A layer, the values of its parameters by name, and the layers inside it."""

    layer: Layer
    values: dict[str, Array] = field(default_factory=dict)
    inside: list[Read] = field(default_factory=list)


class Node:
    """One node: its attributes, its constant inputs, and what comes in."""

    def __init__(self, node: Any, constants: dict[str, Array], signal: Signal) -> None:
        self.node, self._constants, self.signal = node, constants, signal
        self._attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}

    def option(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        value = self._attributes.get(name, default)
        return value.decode(errors="replace") if isinstance(value, bytes) else value

    def number(self, name: str, default: float) -> float:
        """An attribute of float32 as the shortest number that it can mean: 0.1, not 0.10000000149."""
        return float(str(np.float32(self.option(name, default))))

    def constant(self, index: int) -> Array | None:
        """An input that is a constant, or None where it is left out."""
        if index >= len(self.node.input) or not self.node.input[index]:
            return None
        name = self.node.input[index]
        if name not in self._constants:
            raise self.error(f"its input {index} must be a constant")
        return self._constants[name]

    def needed(self, index: int) -> Array:
        """An input that must be a constant."""
        found = self.constant(index)
        if found is None:
            raise self.error(f"its input {index} is missing")
        return found

    def require(self, **options: Any) -> None:
        """An error unless the attributes are left out or have these values."""
        for name, value in options.items():
            if self.option(name, value) != value:
                raise self.error(f"{name} must be {value}, not {str(self.option(name))[:40]}")

    def error(self, reason: str) -> NodeError:
        """What is wrong with this node."""
        return NodeError(self.node, reason)

    def padding(self, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> shapes.Padding:
        """The padding that pads or auto_pad mean."""
        auto = self.option("auto_pad", "NOTSET")
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            pairs = shapes.same_padding((1, *_picture(self)), kernel, stride, dilation)
            return pairs if auto == "SAME_UPPER" else (pairs[0][::-1], pairs[1][::-1])
        top, left, bottom, right = self.option("pads", [0] * 4) if auto == "NOTSET" else [0] * 4
        return (top, bottom), (left, right)


def _picture(node: Node) -> tuple[int, int, int]:
    if len(node.signal.shape) != 3:
        raise node.error(f"it needs pictures, but {node.signal.shape[0]} features come in")
    c, h, w = node.signal.shape
    return c, h, w


def _pair(node: Node, name: str, default: Any = None) -> tuple[int, int]:
    values = node.option(name, default)
    if values is None or len(values) != 2:
        raise node.error(f"{name} must have two numbers, for pictures")
    return int(values[0]), int(values[1])


def _conv(node: Node) -> list[Read]:
    weight, bias = node.needed(1), node.constant(2)
    if weight.ndim != 4:
        raise node.error(f"its weight must have 4 axes, for pictures, not {weight.ndim}")
    groups, channels = int(node.option("group", 1)), _picture(node)[0]
    if weight.shape[1] * groups != channels:
        raise node.error(f"its weight {weight.shape} in {groups} groups does not fit {channels} channels")
    kernel = (weight.shape[2], weight.shape[3])
    stride, dilation = _pair(node, "strides", (1, 1)), _pair(node, "dilations", (1, 1))
    layer = Conv2d(
        weight.shape[0], kernel, stride=stride, dilation=dilation, padding=node.padding(kernel, stride, dilation),
        groups=groups, bias=bias is not None,
    )  # fmt: skip
    return [Read(layer, {"weight": weight} if bias is None else {"weight": weight, "bias": bias})]


def _gemm(node: Node) -> list[Read]:
    node.require(alpha=1.0, beta=1.0, transA=0)
    weight = node.needed(1).T if node.option("transB", 0) else node.needed(1)
    bias = node.constant(2)
    return _affine(node, weight, np.zeros(()) if bias is None else bias)


def _affine(node: Node, weight: Array, bias: Array) -> list[Read]:
    if weight.ndim != 2 or len(node.signal.shape) != 1 or weight.shape[0] != node.signal.shape[0]:
        raise node.error(f"its weight {weight.shape} does not fit {node.signal.shape}, which comes in")
    outputs = weight.shape[1]
    if bias.size not in (1, outputs):
        raise node.error(f"its bias {bias.shape} does not fit {outputs} outputs")
    return [Read(Affine(outputs), {"weight": weight, "bias": np.broadcast_to(bias.reshape(-1), (outputs,))})]


def _batch_norm(node: Node) -> list[Read]:
    node.require(training_mode=0)
    kind = BatchNorm2d if len(node.signal.shape) == 3 else BatchNorm1d
    names = ("weight", "bias", "running_mean", "running_var")
    values = {name: node.needed(1 + number) for number, name in enumerate(names)}
    momentum = round(1 - node.number("momentum", 0.9), 7)  # ONNX says how much is kept, the layer how much is new
    return [Read(kind(momentum=momentum, eps=node.number("epsilon", 1e-5)), values)]


def _pool(node: Node, kind: type[MaxPool2d] | type[AvgPool2d], **options: Any) -> list[Read]:
    kernel, stride = _pair(node, "kernel_shape"), _pair(node, "strides", (1, 1))
    dilation = _pair(node, "dilations", (1, 1))
    if kind is AvgPool2d and dilation != (1, 1):
        raise node.error("dilations must be 1")
    padding = node.padding(kernel, stride, dilation)
    ceil = bool(node.option("ceil_mode", 0))
    more = options if kind is AvgPool2d else {"dilation": dilation}
    return [Read(kind(kernel, stride=stride, padding=padding, ceil_mode=ceil, **more))]


def _max_pool(node: Node) -> list[Read]:
    node.require(storage_order=0)
    if len(node.node.output) > 1 and node.node.output[1]:
        raise node.error("its second output is not read")
    return _pool(node, MaxPool2d)


def _average_pool(node: Node) -> list[Read]:
    return _pool(node, AvgPool2d, count_include_pad=bool(node.option("count_include_pad", 0)))


def _reduce_mean(node: Node) -> list[Read]:
    axes = node.option("axes")
    if axes is None and len(node.node.input) > 1:
        axes = node.needed(1).tolist()
    if axes is None or sorted(axis % 4 for axis in axes) != [2, 3]:
        raise node.error("it must be over height and width")
    return _global_average(node)


def _global_average(node: Node) -> list[Read]:
    _picture(node)
    return [Read(GlobalAvgPool())]


def _flat(node: Node) -> list[Read]:
    """Flatten, and what gives the same: (N, C, H, W) or (N, C, 1, 1) to (N, features)."""
    if node.node.op_type == "Flatten":
        node.require(axis=1)
    elif node.node.op_type == "Reshape":
        wanted = node.needed(1).tolist()
        features = prod(node.signal.shape)
        # The number of pictures is the exporter's, so only the features count.
        if len(wanted) != 2 or wanted[1] not in ((-1, features) if wanted[0] in (0, 1) else (features,)):
            raise node.error(f"it must give (N, {features}), not {str(wanted)[:40]}")
    return [] if len(node.signal.shape) == 1 else [Read(Flatten())]


def _squeeze(node: Node) -> list[Read]:
    if len(node.signal.shape) == 3 and node.signal.shape[1:] != (1, 1):
        raise node.error("it must take away a height and a width of 1")
    return _flat(node)


def _clip(node: Node) -> list[Read]:
    bounds = [node.option(name) for name in ("min", "max")]
    for index in (1, 2):
        given = node.constant(index)
        bounds[index - 1] = bounds[index - 1] if given is None else float(given.reshape(()))
    low, high = bounds
    if low != 0 or (high is not None and high < float(np.finfo(np.float32).max)):
        raise node.error("it must be from 0 up, which is a ReLU")
    return [Read(ReLU())]


def _dropout(node: Node) -> list[Read]:
    ratio = node.constant(1)
    rate = node.number("ratio", 0.5) if ratio is None else float(str(np.float32(ratio.reshape(()))))
    return [Read(Dropout(rate))]


def _nothing(node: Node) -> list[Read]:
    return []


READERS: dict[str, Callable[[Node], list[Read]]] = {
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Conv": _conv,
    "Dropout": _dropout,
    "Flatten": _flat,
    "Gelu": lambda node: [Read(GELU(node.option("approximate", "none")))],
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average,
    "Identity": _nothing,
    "LeakyRelu": lambda node: [Read(LeakyReLU(node.number("alpha", 0.01)))],
    "MatMul": lambda node: _affine(node, node.needed(1), np.zeros(())),
    "MaxPool": _max_pool,
    "ReduceMean": _reduce_mean,
    "Relu": lambda node: [Read(ReLU())],
    "Reshape": _flat,
    "Squeeze": _squeeze,
}
