"""The paths through a graph: which node gives each tensor, and the last tensor that all paths to it share."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from fastcnn.errors import FastcnnError
from fastcnn.kernels.values import shown

MAX_NODES = 10_000


class NodeError(FastcnnError, ValueError):
    """A node that no layer can stand for."""

    def __init__(self, node: Any, reason: str) -> None:
        name = (node.name or next(iter(node.output), ""))[:60]
        super().__init__("node {name} ({op}): {reason}", name=repr(name), op=node.op_type[:30], reason=reason)


class Paths:
    """The nodes of a graph that depend on its input.

    Parameters
    ----------
    nodes : in an order in which each tensor is given before it is read, as ONNX asks for
    start : the graph's input
    constants : the tensors that do not depend on the input

    producer : the node that gives each tensor
    before : for each tensor the last one that all paths from the input to it pass
    """

    def __init__(self, nodes: list[Any], start: str, constants: Container[str]) -> None:
        if len(nodes) > MAX_NODES:
            raise FastcnnError(f"the graph has {len(nodes)} nodes; at most {MAX_NODES} are read")
        self._constants = constants
        self.producer: dict[str, Any] = {}
        self.before: dict[str, str] = {}
        self._depth = {start: 0}
        for node in nodes:
            self._add(node)

    def inputs(self, node: Any) -> list[str]:
        """The tensors that a node reads and that depend on the graph's input."""
        return [name for name in node.input if name and name not in self._constants]

    def knows(self, tensor: str) -> bool:
        """Whether the tensor depends on the graph's input."""
        return tensor in self._depth

    def _add(self, node: Any) -> None:
        read = self.inputs(node)
        unknown = [name for name in read if name not in self._depth]
        if unknown or not read:
            raise NodeError(node, f"it reads {shown(unknown)}, which no node before it gives")
        nearest = read[0]
        for other in read[1:]:
            nearest = self._nearest(nearest, other)
        for output in filter(None, node.output[:1]):
            if output in self._depth or output in self._constants:
                raise NodeError(node, f"it gives {shown(output)}, which another node gives too")
            self.producer[output], self.before[output] = node, nearest
            self._depth[output] = self._depth[nearest] + 1

    def _nearest(self, one: str, other: str) -> str:
        while one != other:
            if self._depth[one] >= self._depth[other]:
                one = self.before[one]
            else:
                other = self.before[other]
        return one
