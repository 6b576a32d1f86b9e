"""Nodes of ONNX as layers. What a layer cannot express is an error that names the node and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels import shapes
from fastcnn.kernels.shapes import NO_BORDER
from fastcnn.kernels.values import shown
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
)
from fastcnn.onnx.constants import Constants, attributes
from fastcnn.onnx.flow import FEATURES, PICTURE, Flow
from fastcnn.onnx.paths import NodeError

AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


@dataclass
class Read:
    """A layer, the values of its parameters by name, the layers inside it, and the node that it comes from."""

    layer: Layer
    values: dict[str, Array] = field(default_factory=dict)
    inside: list[Read] = field(default_factory=list)
    node: Any = None


class Node:
    """One node: its attributes, its constant inputs, and what comes in.

    flow : what comes in. A reader replaces it where the axes, the order or the zeros round the picture change
    """

    def __init__(self, node: Any, constants: Constants, flow: Flow) -> None:
        self.node, self.constants, self.flow = node, constants, flow
        self._attributes = attributes(node)

    @property
    def op(self) -> str:
        """The kind of node."""
        return str(self.node.op_type)

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
        if name not in self.constants:
            raise self.error(f"its input {index} must be a constant")
        return self.constants[name]

    def needed(self, index: int) -> Array:
        """An input that must be a constant."""
        found = self.constant(index)
        if found is None:
            raise self.error(f"its input {index} is missing")
        return found

    def numbers(self, name: str, index: int) -> list[int] | None:
        """Integers that older files give as an attribute, and newer ones as an input; None where they are left out."""
        given = self.option(name)
        found = self.constant(index) if given is None else given
        return None if found is None else [int(each) for each in np.ravel(found)]

    def require(self, **options: Any) -> None:
        """An error unless the attributes are left out or have these values."""
        for name, value in options.items():
            if self.option(name, value) != value:
                raise self.error(f"{name} must be {value}, not {str(self.option(name))[:40]}")

    def error(self, reason: str) -> NodeError:
        """What is wrong with this node."""
        return NodeError(self.node, reason)

    def axis(self, number: int) -> str:
        """The name of an axis; "N" is the batch."""
        names = "N" + self.flow.axes
        if not -len(names) <= number < len(names):
            raise self.error(f"it has no axis {number}")
        return names[number]

    def places(self, numbers: list[int], count: int) -> set[int]:
        """Which of `count` axes the numbers mean; a negative one counts from the end."""
        for number in numbers:
            if not -count <= number < count:
                raise self.error(f"there is no axis {number}")
        return {number % count for number in numbers}

    def padding(self, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> shapes.Padding:
        """The padding that pads or auto_pad mean, and the zeros of a Pad before it."""
        (top, bottom), (left, right) = self.flow.pads
        auto, pads = self.option("auto_pad", "NOTSET"), self.option("pads", [0] * 4)
        if len(pads) != 4:
            raise self.error("pads must have four numbers, for pictures")
        if auto not in AUTO_PADS or (auto != "NOTSET" and any(pads)):
            raise self.error(f"auto_pad {shown(auto)} says nothing here; give pads alone")
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            c, h, w = _picture(self)
            whole = (1, c, top + h + bottom, left + w + right)
            pairs = shapes.same_padding(whole, kernel, stride, dilation)
            (above, below), (before, after) = pairs if auto == "SAME_UPPER" else (pairs[0][::-1], pairs[1][::-1])
        else:
            above, before, below, after = pads
        self.flow = replace(self.flow, pads=NO_BORDER)
        return (top + above, bottom + below), (left + before, right + after)


def _picture(node: Node) -> tuple[int, int, int]:
    if node.flow.names != PICTURE:
        raise node.error(f"it needs pictures, but {node.flow.signal.shape[0]} features come in")
    if node.flow.axes != PICTURE:
        raise node.error("it needs pictures (N, C, H, W), but their axes have another order")
    c, h, w = node.flow.signal.shape
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
    node.require(kernel_shape=[*kernel])
    stride, dilation = _pair(node, "strides", (1, 1)), _pair(node, "dilations", (1, 1))
    layer = Conv2d(
        weight.shape[0], kernel, stride=stride, dilation=dilation, padding=node.padding(kernel, stride, dilation),
        groups=groups, bias=bias is not None,
    )  # fmt: skip
    return [Read(layer, {"weight": weight} if bias is None else {"weight": weight, "bias": bias})]


def _gemm(node: Node) -> list[Read]:
    node.require(transA=0)
    weight = node.needed(1).T if node.option("transB", 0) else node.needed(1)
    bias = node.constant(2)
    bias = np.zeros(()) if bias is None else bias * node.number("beta", 1.0)
    return _affine(node, weight * node.number("alpha", 1.0), bias)


def _matmul(node: Node) -> list[Read]:
    """Of features; or of the channels of each pixel where these are the last axis, which is a 1x1 convolution."""
    weight = node.needed(1)
    if node.flow.axes == "HWC" and weight.ndim == 2 and weight.shape[0] == node.flow.sizes[-1]:
        return [Read(Conv2d(weight.shape[1], 1, bias=False), {"weight": weight.T[:, :, np.newaxis, np.newaxis]})]
    return _affine(node, weight, np.zeros(()))


def _affine(node: Node, weight: Array, bias: Array) -> list[Read]:
    flow = node.flow
    if weight.ndim != 2 or flow.axes != FEATURES or weight.shape[0] != flow.signal.shape[0]:
        raise node.error(f"its weight {weight.shape} does not fit {flow.sizes}, which comes in")
    outputs = weight.shape[1]
    if bias.size not in (1, outputs) or (bias.size > 1 and bias.shape[-1] != outputs):
        raise node.error(f"its bias {bias.shape} does not fit {outputs} outputs")
    values = {"weight": flow.features(weight), "bias": np.broadcast_to(bias.reshape(-1), (outputs,))}
    node.flow = replace(flow, order=None)
    return [Read(Affine(outputs), values)]


def _batch_norm(node: Node) -> list[Read]:
    node.require(training_mode=0)
    names = ("weight", "bias", "running_mean", "running_var")
    values = {name: node.needed(1 + number) for number, name in enumerate(names)}
    momentum = round(1 - node.number("momentum", 0.9), 7)  # ONNX says how much is kept, the layer how much is new
    options = {"momentum": momentum, "eps": node.number("epsilon", 1e-5)}
    if (values["running_var"] + options["eps"] <= 0).any():
        raise node.error("a variance is not above 0")
    if node.axis(1) == FEATURES:
        return [Read(BatchNorm1d(**options), {name: node.flow.features(each) for name, each in values.items()})]
    _picture(node)
    return [Read(BatchNorm2d(**options), values)]


def _max_pool(node: Node) -> list[Read]:
    node.require(storage_order=0)
    if len(node.node.output) > 1 and node.node.output[1]:
        raise node.error("its second output is not read")
    _picture(node)
    kernel, stride = _pair(node, "kernel_shape"), _pair(node, "strides", (1, 1))
    dilation = _pair(node, "dilations", (1, 1))
    padding, ceil = node.padding(kernel, stride, dilation), bool(node.option("ceil_mode", 0))
    return [Read(MaxPool2d(kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil))]


def _average_pool(node: Node) -> list[Read]:
    _picture(node)
    kernel, stride = _pair(node, "kernel_shape"), _pair(node, "strides", (1, 1))
    include, zeros = bool(node.option("count_include_pad", 0)), node.flow.pads
    dilation = _pair(node, "dilations", (1, 1))
    padding = node.padding(kernel, stride, dilation)
    if zeros != NO_BORDER and padding != zeros and not include:
        raise node.error("zeros of a Pad count as pixels, and those of its own pads must too")
    counts, ceil = include or zeros != NO_BORDER, bool(node.option("ceil_mode", 0))
    return [
        Read(
            AvgPool2d(
                kernel, stride=stride, padding=padding, ceil_mode=ceil, count_include_pad=counts, dilation=dilation
            )
        )
    ]


def _pad(node: Node) -> list[Read]:
    """Zeros round a picture, for the convolution or the average after them."""
    pads, value = node.numbers("pads", 1) or [], node.constant(2)
    if node.option("mode", "constant") != "constant" or node.option("value", 0) or (value is not None and value.any()):
        raise node.error("only zeros are added")
    if node.flow.names != PICTURE or node.flow.pads != NO_BORDER:
        raise node.error("no layer adds zeros here")
    numbers = node.numbers("axes", 3) or list(range(len(pads) // 2))
    if len(pads) != 2 * len(numbers):
        raise node.error("it must have two pads for each axis")
    zeros = {"H": (0, 0), "W": (0, 0)}
    for place, number in enumerate(numbers):
        pair = pads[place], pads[place + len(numbers)]
        if pair != (0, 0):
            if node.axis(number) not in zeros or min(pair) < 0:
                raise node.error("only zeros round the picture are added")
            zeros[node.axis(number)] = pair
    node.flow = replace(node.flow, pads=(zeros["H"], zeros["W"]))
    return []


def _reduce_mean(node: Node) -> list[Read]:
    axes = node.numbers("axes", 1) or []
    if sorted(map(node.axis, axes)) != ["H", "W"] or "C" not in node.flow.axes:
        raise node.error("it must be over height and width")
    return _global_average(node, keeps=bool(node.option("keepdims", 1)))


def _global_average(node: Node, keeps: bool = True) -> list[Read]:
    if node.op == "GlobalAveragePool":
        _picture(node)
    one = "1" if keeps else ""
    axes = node.flow.axes.replace("C", FEATURES).replace("H", one).replace("W", one)
    node.flow = replace(node.flow, axes=axes)
    return [Read(GlobalAvgPool())]


def _reshaped(node: Node, sizes: list[int]) -> list[Read]:
    node.flow, is_flat = node.flow.reshaped(tuple(sizes))
    return [Read(Flatten())] if is_flat else []


def _flatten(node: Node) -> list[Read]:
    if node.option("axis", 1) not in (1, -len(node.flow.axes)):
        raise node.error("axis must be 1")
    return _reshaped(node, [prod(node.flow.sizes)])


def _reshape(node: Node) -> list[Read]:
    """The first size is that of the batch, which may be the exporter's, so only the others count."""
    given, wanted = node.flow.sizes, node.numbers("shape", 1) or []
    sizes = [given[place] if size == 0 and place < len(given) else size for place, size in enumerate(wanted[1:])]
    if sizes.count(-1) == 1 and wanted[0] != -1:
        known = prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = prod(given) // max(1, known)
    if not sizes or min(sizes) < 1:
        raise node.error(f"it must give (N, {prod(given)}), not {str(wanted)[:40]}")
    return _reshaped(node, sizes)


def _squeeze(node: Node) -> list[Read]:
    sizes = node.flow.sizes
    axes = node.numbers("axes", 1)
    if axes is None:
        return _reshaped(node, [size for size in sizes if size != 1])
    places = node.places(axes, len(sizes) + 1)
    if 0 in places or any(sizes[place - 1] != 1 for place in places):
        raise node.error("it must take away axes of size 1")
    return _reshaped(node, [size for place, size in enumerate(sizes, 1) if place not in places])


def _unsqueeze(node: Node) -> list[Read]:
    left, axes = list(node.flow.sizes), node.numbers("axes", 1) or []
    places = node.places(axes, len(left) + 1 + len(axes))
    if 0 in places:
        raise node.error("it must leave the batch in the first place")
    return _reshaped(node, [1 if place in places else left.pop(0) for place in range(1, 1 + len(left) + len(places))])


def _transpose(node: Node) -> list[Read]:
    count = len(node.flow.axes) + 1
    node.flow = node.flow.transposed([int(each) for each in node.option("perm", range(count)[::-1])])
    return []


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
    training, ratio = node.constant(2), node.constant(1)
    if training is not None and training.any():
        raise node.error("it is in training mode; export the network for inference")
    rate = node.number("ratio", 0.5) if ratio is None else float(str(np.float32(ratio.reshape(()))))
    return [Read(Dropout(rate))]


def _sum(node: Node) -> list[Read]:
    if len(node.node.input) != 1:
        raise node.error("no layer adds a constant like this; use Add")
    return []


def _cast(node: Node) -> list[Read]:
    if node.option("to") not in FLOATS:
        raise node.error("only floats are computed with")
    return []


FLOATS = (1, 10, 11, 16)  # TensorProto's numbers of float32, float16, float64 and bfloat16
READERS: dict[str, Callable[[Node], list[Read]]] = {
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Conv": _conv,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Gelu": lambda node: [Read(GELU(node.option("approximate", "none")))],
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average,
    "Identity": lambda node: [],
    "LeakyRelu": lambda node: [Read(LeakyReLU(node.number("alpha", 0.01)))],
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "ReduceMean": _reduce_mean,
    "Relu": lambda node: [Read(ReLU())],
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Sum": _sum,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
TAKES_ZEROS = ("AveragePool", "Conv", "Identity", "Transpose")  # after a Pad
