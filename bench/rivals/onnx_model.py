"""A network as an ONNX model for one batch size, for the rivals that read such models."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from fastcnn.arrays import Array
from fastcnn.bench.rivals.operations import Applying, Operation, State

OPSET, IR_VERSION = 17, 8  # old enough for every reader
PICTURES, LOGITS = "pictures", "logits"


class _Graph(Applying):
    """Each method adds the nodes of an operation and gives the name of the last one's output."""

    RIVAL = "ONNX"

    def __init__(self, state: State) -> None:
        self.state, self.nodes, self.arrays = state, list[Any](), list[Any]()

    def array(self, name: str, value: Any) -> str:
        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def own(self, operation: Operation, *names: str) -> list[str]:
        """The operation's arrays."""
        found = [f"{operation['name']}.{name}" for name in names]
        return [self.array(name, self.state[name]) for name in found]

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def conv2d(self, operation: Operation, x: str, _: bool) -> str:
        arrays = self.own(operation, "weight", *(["bias"] if operation["bias"] else []))
        return self.node(
            "Conv", [x, *arrays], strides=operation["stride"], pads=_pads(operation), dilations=operation["dilation"],
            group=operation["groups"],
        )  # fmt: skip

    def batchnorm2d(self, operation: Operation, x: str, _: bool) -> str:
        arrays = self.own(operation, "weight", "bias", "running_mean", "running_var")
        return self.node("BatchNormalization", [x, *arrays], epsilon=operation["eps"])

    def affine(self, operation: Operation, x: str, _: bool) -> str:
        return self.node("Gemm", [x, *self.own(operation, "weight", "bias")])

    def maxpool2d(self, operation: Operation, x: str, _: bool) -> str:
        size, stride = operation["kernel_size"], operation["stride"]
        return self.node("MaxPool", [x], kernel_shape=size, strides=stride, pads=_pads(operation))

    def relu(self, _: Operation, x: str, __: bool) -> str:
        return self.node("Relu", [x])

    def leakyrelu(self, operation: Operation, x: str, _: bool) -> str:
        return self.node("LeakyRelu", [x], alpha=operation["negative_slope"])

    def silu(self, _: Operation, x: str, __: bool) -> str:
        return self.node("Mul", [x, self.node("Sigmoid", [x])])

    def globalavgpool(self, _: Operation, x: str, __: bool) -> str:
        return self.node("Flatten", [self.node("GlobalAveragePool", [x])])

    def flatten(self, _: Operation, x: str, __: bool) -> str:
        return self.node("Flatten", [x])

    def dropout(self, _: Operation, x: str, __: bool) -> str:
        return x

    def normalize(self, operation: Operation, x: str, _: bool) -> str:
        name = operation["name"]
        mean, scale = (np.array(operation[each], np.float32).reshape(-1, 1, 1) for each in ("mean", "scale"))
        centred = self.node("Sub", [x, self.array(f"{name}.mean", mean)])
        return self.node("Mul", [centred, self.array(f"{name}.inverse", 1 / scale)])

    def added(self, first: str, second: str) -> str:
        return self.node("Add", [first, second])

    def joined(self, parts: list[str]) -> str:
        return self.node("Concat", parts, axis=1)


def _pads(operation: Operation) -> list[int]:
    (top, bottom), (left, right) = operation["padding"]
    return [top, left, bottom, right]


def model(operations: list[Operation], state: State, images: Array) -> bytes:
    """The bytes of a model from pictures of this shape, float32 in [0, 1], to logits."""
    graph = _Graph(state)
    last = graph.run(operations, PICTURES)
    graph.nodes.append(helper.make_node("Identity", [last], [LOGITS]))
    given = helper.make_tensor_value_info(PICTURES, onnx.TensorProto.FLOAT, images.shape)
    taken = helper.make_tensor_value_info(LOGITS, onnx.TensorProto.FLOAT, None)
    whole = helper.make_graph(graph.nodes, "fastcnn", [given], [taken], graph.arrays)
    opset = helper.make_opsetid("", OPSET)
    made = helper.make_model(whole, opset_imports=[opset], ir_version=IR_VERSION)
    return bytes(made.SerializeToString())
