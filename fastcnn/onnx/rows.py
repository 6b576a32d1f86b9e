"""Rows of layers from the paths of a graph."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.kernels.shapes import NO_BORDER
from fastcnn.layers import Concat, Residual
from fastcnn.onnx.arithmetic import ARITHMETIC, with_constant
from fastcnn.onnx.constants import Constants
from fastcnn.onnx.flow import FEATURES, Flow
from fastcnn.onnx.functions import FUNCTIONS, layer_of
from fastcnn.onnx.functions import MAX_NODES as MAX_FUNCTION
from fastcnn.onnx.nodes import READERS, TAKES_ZEROS, Node, Read
from fastcnn.onnx.paths import MAX_NODES, NodeError, Paths
from fastcnn.onnx.pools import rounded_up

MAX_DEPTH = 32  # of branches in branches


class Rows:
    """The layers between two tensors of a graph."""

    def __init__(self, paths: Paths, constants: Constants) -> None:
        self._paths, self._constants = paths, constants
        self._read = 0  # nodes; those that two branches share are read twice

    def row(self, start: str, end: str, flow: Flow, depth: int = 0) -> tuple[list[Read], Flow]:
        """The layers from one tensor to another, and what they give; flow is that of the first."""
        if depth > MAX_DEPTH:
            raise FastcnnError(f"it has more than {MAX_DEPTH} branches inside one another")
        self._constants.sizes[start] = flow.sizes
        steps = []
        while end != start:
            steps.append(end)
            end = self._paths.before[end]
        steps.reverse()
        reads: list[Read] = []
        while steps:
            node = Node(self._paths.producer[steps[0]], self._constants, flow)
            self._read += 1
            if self._read > MAX_NODES:
                raise node.error(f"more than {MAX_NODES} nodes are read; too many branches share theirs")
            try:
                if flow.pads != NO_BORDER and node.op not in TAKES_ZEROS:
                    raise node.error("no layer adds zeros, but a Conv or AveragePool right after the Pad takes them")
                new, count = self._layers(reads, node, steps, depth)
                signal = flow.signal
                for read in new:
                    read.node = node.node
                    signal = copy.deepcopy(read.layer).build(signal, 0)  # a copy: the network builds the layer itself
            except NodeError:
                raise
            except (TypeError, ValueError, IndexError, KeyError) as error:
                raise node.error(str(error)) from error
            reads += new
            flow = replace(node.flow, signal=signal)
            self._constants.sizes[steps[count - 1]] = flow.sizes
            del steps[:count]
        return reads, flow

    def _layers(self, reads: list[Read], node: Node, steps: list[str], depth: int) -> tuple[list[Read], int]:
        """The layers of the first of these steps, or of more, and how many; the last layer before may change, too."""
        start, inputs = self._paths.before[steps[0]], self._paths.inputs(node.node)
        if node.op in FUNCTIONS and node.op not in READERS:
            for count in range(min(len(steps), MAX_FUNCTION), 0, -1):
                layers = layer_of(self._paths, self._constants, start, steps[count - 1])
                if layers is not None:
                    return [Read(layer) for layer in layers], count
        if len(inputs) > 1:
            return self._joined(node, inputs, start, depth), 1
        if node.op == "AveragePool" and len(steps) > 1:
            pool = self._pool(node, steps[1])
            if pool is not None:
                return [pool], 2
        if node.op in ARITHMETIC:
            return with_constant(reads[-1] if reads else None, node), 1
        if node.op not in READERS:
            raise node.error("no layer does this")
        return READERS[node.op](node), 1

    def _pool(self, node: Node, after: str) -> Read | None:
        """An average pool rounded up, where a Mul with a constant of its output's shape comes next."""
        mul = self._paths.producer[after]
        constants = [name for name in mul.input if name in self._constants]
        if mul.op_type != "Mul" or len(constants) != 1:
            return None
        pool = rounded_up(node, self._constants[constants[0]])
        return None if pool is None else Read(pool)

    def _joined(self, node: Node, inputs: list[str], start: str, depth: int) -> list[Read]:
        """An addition or a concatenation; start is the last tensor that all its inputs come from."""
        if node.op == "Mul":
            raise node.error("no layer multiplies tensors, but SiLU does x * sigmoid(x)")
        if node.op != "Concat" and not (node.op in ("Add", "Sum") and len(inputs) == 2):
            raise node.error("no layer joins tensors like this")
        if len(inputs) != len(node.node.input):
            raise node.error("no layer joins a tensor and a constant")
        rows = [self.row(start, each, node.flow, depth + 1) for each in inputs]
        flows = [flow for _, flow in rows]
        layers = [[read.layer for read in row] for row, _ in rows]
        inside = [read for row, _ in rows for read in row]
        if len({flow.axes for flow in flows}) > 1 or any(flow.pads != NO_BORDER for flow in flows):
            raise node.error("its inputs have their axes in different orders")
        if node.op != "Concat":
            if not _same_order(flows):
                raise node.error("its inputs have their features in different orders")
            node.flow = flows[0]
            main, shortcut = sorted(layers, key=len, reverse=True)
            if not main:
                raise node.error("no layer adds a tensor to itself; multiply it by 2")
            return [Read(Residual(*main, shortcut=shortcut), inside=inside)]
        node.flow = flows[0]
        if node.axis(node.option("axis")) not in ("C", FEATURES):
            raise node.error("axis must be 1, or that of the channels")
        node.flow = replace(flows[0], order=_in_a_row(flows))
        return [Read(Concat(*layers), inside=inside)]


def _same_order(flows: list[Flow]) -> bool:
    first, *others = flows
    return all(
        first.order is each.order is None
        or (first.order is not None and each.order is not None and np.array_equal(first.order, each.order))
        for each in others
    )


def _in_a_row(flows: list[Flow]) -> Array | None:
    """The order of features that are concatenated."""
    if all(flow.order is None for flow in flows):
        return None
    sizes = [flow.signal.shape[0] for flow in flows]
    starts = np.cumsum([0, *sizes])
    orders = [np.arange(size) if flow.order is None else flow.order for size, flow in zip(sizes, flows, strict=True)]
    return np.concatenate([start + order for start, order in zip(starts, orders, strict=False)])
