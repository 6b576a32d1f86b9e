"""Read an ONNX file as a network, which can be trained further."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from fastcnn.arrays import Array
from fastcnn.checks import check_path
from fastcnn.errors import FastcnnError
from fastcnn.kernels.values import shown
from fastcnn.layers import Concat, Residual, Signal, SiLU
from fastcnn.layers.base import MAX_ACTIVATION
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import MAX_NAME
from fastcnn.onnx.arithmetic import ARITHMETIC, with_constant
from fastcnn.onnx.nodes import READERS, Node, Read
from fastcnn.onnx.paths import NodeError, Paths

MAX_BYTES = 1 << 30
MAX_DEPTH = 32  # of branches in branches


def load(path: str | os.PathLike[str]) -> Sequential:
    """Read a network from an ONNX file: what the layers of this package can express. It can be trained further.

    Parameters
    ----------
    path : the file. Data outside it are never read

    Returns
    -------
    A network whose output is the logits: a Softmax at the end is left out. Its weights are float32.

    Raises
    ------
    FastcnnError
        If the file cannot be read, is no ONNX file, or has a node that no layer can stand for; one sentence names it.
    """
    where = check_path("path", path)
    try:
        if where.stat().st_size > MAX_BYTES:
            raise FastcnnError("{path} is larger than {most} bytes; no such file is read", path=where, most=MAX_BYTES)
        content = where.read_bytes()
    except OSError as error:
        raise FastcnnError("{path} cannot be read ({detail}); check the path", path=where, detail=error) from None
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # protobuf's DecodeError, which onnx does not name
        raise FastcnnError("{path} is damaged or no ONNX file; export the network again", path=where) from error
    try:
        return _network(model)
    except RecursionError:
        raise FastcnnError("{path} holds a graph that is nested too deeply", path=where) from None
    except (FastcnnError, TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
        detail = " ".join(str(error).split())[:150]
        raise FastcnnError("{path} cannot become a network: {detail}", path=where.name[-40:], detail=detail) from error


def _network(model: Any) -> Sequential:
    graph = model.graph
    constants = _constants(graph)
    given = [each for each in graph.input if each.name not in constants]
    if len(given) != 1 or len(graph.output) != 1:
        raise FastcnnError(f"it must have one input and one output, not {len(given)} and {len(graph.output)}")
    nodes = _folded(graph.node, constants)
    start, shape = given[0].name, _shape(given[0])
    paths = Paths(nodes, start, constants)
    end = graph.output[0].name
    while end in paths.producer and paths.producer[end].op_type in ("Softmax", "Identity"):
        end = paths.inputs(paths.producer[end])[0]
    if not paths.knows(end):
        raise FastcnnError(f"no node gives its output {shown(end)} from its input")
    reads = _Reader(paths, constants).row(start, end, Signal(shape))
    props = {each.key: each.value for each in model.metadata_props}
    name = "".join(each for each in props.get("name", graph.name) if each.isprintable())[:MAX_NAME]
    network = Sequential([each.layer for each in reads], input_shape=shape, seed=0, name=name)
    _assign(reads)
    if "classes" in props:
        network.classes = json.loads(props["classes"])
    return network


def _assign(reads: Sequence[Read]) -> None:
    for read in reads:
        for name, value in read.values.items():
            if not np.isfinite(value).all():
                raise FastcnnError(f"the {name} of {type(read.layer).__name__} holds NaN or infinity")
            read.layer.parameters[name].assign(value)
        _assign(read.inside)


def _shape(value: Any) -> tuple[int, ...]:
    sizes = [each.dim_value for each in value.type.tensor_type.shape.dim]
    if len(sizes) != 4 or not all(0 < size < 1 << 20 for size in sizes[1:]):
        raise FastcnnError("its input must be (N, C, H, W), with fixed C, H and W")
    if prod(sizes[1:]) > MAX_ACTIVATION:
        raise FastcnnError(f"its input has more than {MAX_ACTIVATION} values a picture")
    return tuple(sizes[1:])


def _array(tensor: Any) -> Array:
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise FastcnnError(f"the data of {tensor.name[:40]!r} lie in another file; export with external_data=False")
    return np.array(numpy_helper.to_array(tensor))


def _constants(graph: Any) -> dict[str, Array]:
    if graph.sparse_initializer:
        raise FastcnnError("it has sparse weights, which are not read")
    return {tensor.name: _array(tensor) for tensor in graph.initializer}


def _folded(nodes: Any, constants: dict[str, Array]) -> list[Any]:
    """The nodes that depend on the input. What the others give becomes a constant."""
    left = []
    for node in nodes:
        if node.domain not in ("", "ai.onnx"):
            raise NodeError(node, f"the domain {node.domain[:40]!r} is unknown")
        if node.op_type == "Constant":
            tensors = [each.t for each in node.attribute if each.name == "value"]
            if not tensors:
                raise NodeError(node, "it must have a tensor as its value")
            constants[node.output[0]] = _array(tensors[0])
        elif node.input and all(name in constants for name in node.input if name):
            constants[node.output[0]] = _fold(node, [constants[name] for name in node.input if name])
        else:
            left.append(node)
    return left


def _fold(node: Any, arrays: list[Array]) -> Array:
    options = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    if node.op_type == "Identity":
        return arrays[0]
    if node.op_type == "Transpose":
        return arrays[0].transpose(options.get("perm"))
    if node.op_type == "Reshape":
        return arrays[0].reshape(arrays[1].tolist())
    raise NodeError(node, "it computes constants; let the exporter fold them")


class _Reader:
    """Rows of layers from the paths of a graph."""

    def __init__(self, paths: Paths, constants: dict[str, Array]) -> None:
        self._paths, self._constants = paths, constants

    def row(self, start: str, end: str, signal: Signal, depth: int = 0) -> list[Read]:
        """The layers from one tensor to another; signal is that of the first."""
        if depth > MAX_DEPTH:
            raise FastcnnError(f"it has more than {MAX_DEPTH} branches inside one another")
        steps = []
        while end != start:
            steps.append(end)
            end = self._paths.before[end]
        reads: list[Read] = []
        for tensor in reversed(steps):
            node = Node(self._paths.producer[tensor], self._constants, signal)
            try:
                new = self._layers(reads, node, self._paths.before[tensor], depth)
                for read in new:
                    signal = copy.deepcopy(read.layer).build(signal, 0)  # a copy: the network builds the layer itself
            except NodeError:
                raise
            except (TypeError, ValueError, IndexError, KeyError) as error:
                raise node.error(str(error)) from error
            reads += new
        return reads

    def _layers(self, reads: list[Read], node: Node, start: str, depth: int) -> list[Read]:
        """The layers of one node, which may also change the last of those before it."""
        op, inputs = node.node.op_type, self._paths.inputs(node.node)
        if len(inputs) > 1:
            return [self._joined(node, op, inputs, start, depth)]
        if op in ARITHMETIC:
            return with_constant(reads[-1] if reads else None, node, self._constants)
        if op not in READERS:
            raise node.error("no layer does this")
        return READERS[op](node)

    def _joined(self, node: Node, op: str, inputs: list[str], start: str, depth: int) -> Read:
        """An addition, a concatenation, or x * sigmoid(x); start is the last tensor that all of them come from."""
        if op == "Mul":
            gates = [self._paths.producer.get(each) for each in inputs]
            sigmoid = any(gate is not None and (gate.op_type, [*gate.input]) == ("Sigmoid", [start]) for gate in gates)
            if sigmoid and start in inputs:
                return Read(SiLU())
            raise node.error("no layer multiplies tensors, but SiLU does x * sigmoid(x)")
        if op != "Concat" and not (op in ("Add", "Sum") and len(inputs) == 2):
            raise node.error("no layer joins tensors like this")
        if op == "Concat":
            node.require(axis=1)
        rows = [self.row(start, each, node.signal, depth + 1) for each in inputs]
        layers = [[read.layer for read in row] for row in rows]
        inside = [read for row in rows for read in row]
        if op == "Concat":
            return Read(Concat(*layers), inside=inside)
        main, shortcut = sorted(layers, key=len, reverse=True)
        return Read(Residual(*main, shortcut=shortcut), inside=inside)
