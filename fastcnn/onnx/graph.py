"""A graph of ONNX that grows node by node. Each node has one output, whose name is the node's."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError


def _as_float32(name: str, array: Array) -> Array:
    """An error if a number is not finite in float32, in which the file computes."""
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(narrow).all():
        raise FastcnnError("{name} holds a number that float32 has not, and the file would compute with it", name=name)
    return narrow


class Graph:
    """The nodes and the constants so far. `prefix` begins the names of what is added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.prefix = ""

    def add(self, op: str, *inputs: str, name: str, **attributes: Any) -> str:
        """A node; returns its output. An attribute that is None is left out."""
        output = self.prefix + name
        given = {key: value for key, value in attributes.items() if value is not None}
        for key, value in given.items():
            if isinstance(value, float):
                _as_float32(f"{output}.{key}", np.array(value))
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **given))
        return output

    def constant(self, name: str, array: Array) -> str:
        """An array that the file holds: floats as float32, integers as int64."""
        full = self.prefix + name
        held = _as_float32(full, array) if array.dtype.kind == "f" else np.ascontiguousarray(array, np.int64)
        self.constants.append(numpy_helper.from_array(held, full))
        return full

    def model(self, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]], opset: int, ir: int) -> Any:
        """The whole file: inputs and outputs are float32, a text in a shape is a size that may vary."""
        values = [
            [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in named.items()]
            for named in (inputs, outputs)
        ]
        graph = helper.make_graph(self.nodes, "network", *values, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
