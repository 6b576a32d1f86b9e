"""Read an ONNX file as a network, which can be trained further."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import onnx

from fastcnn.checks import check_path
from fastcnn.errors import FastcnnError
from fastcnn.kernels.values import shown
from fastcnn.layers import Flatten, Signal
from fastcnn.layers.base import MAX_ACTIVATION
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import MAX_NAME
from fastcnn.onnx.constants import Constants, attributes
from fastcnn.onnx.flow import FEATURES, Flow, start_of
from fastcnn.onnx.nodes import FLOATS, Read
from fastcnn.onnx.paths import NodeError, Paths
from fastcnn.onnx.rows import Rows
from fastcnn.onnx.schemas import check_node, opset_of

MAX_BYTES = 1 << 30
AT_THE_END = ("Softmax", "LogSoftmax", "Identity")  # what leaves the order of the logits as it is
CHANNELS_FIRST = ("AveragePool", "BatchNormalization", "Conv", "GlobalAveragePool", "MaxPool")


def load(path: str | os.PathLike[str]) -> Sequential:
    """Read a network from an ONNX file: what the layers of this package can express. It can be trained further.

    Parameters
    ----------
    path : the file. Data outside it are never read

    Returns
    -------
    A network whose output is the logits: a Softmax or LogSoftmax at the end is left out. Its weights are float32. Its
    pictures are (C, H, W), also where the file has the channels last: `forward(images, layout="NHWC")` takes those.
    An input (N, H, W) becomes pictures of one channel, and features (N, F) become pictures (F, 1, 1).

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
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise FastcnnError("{path} cannot be read ({detail}); check the path", path=where, detail=error) from None
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # protobuf's DecodeError, which onnx does not name
        raise FastcnnError("{path} is damaged or no ONNX file; export the network again", path=where) from error
    try:
        with np.errstate(all="ignore"):  # numbers that are not finite are refused at the end
            return _network(model)
    except RecursionError:
        raise FastcnnError("{path} holds a graph that is nested too deeply", path=where) from None
    except MemoryError:
        raise FastcnnError("{path} needs more memory than there is", path=where) from None
    except (FastcnnError, TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
        detail = " ".join(str(error).split())[:150]
        raise FastcnnError("{path} cannot become a network: {detail}", path=where.name[-40:], detail=detail) from error


def _network(model: Any) -> Sequential:
    graph = model.graph
    constants = Constants(graph)
    given = [each for each in graph.input if each.name not in constants]
    if len(given) != 1 or len(graph.output) != 1:
        raise FastcnnError(f"it must have one input and one output, not {len(given)} and {len(graph.output)}")
    start, sizes = given[0].name, _sizes(given[0])
    nodes = _left(graph.node, constants, opset_of(model))
    if start in constants:
        raise FastcnnError(f"a node gives {shown(start)}, which is its input")
    paths = Paths(nodes, start, constants)
    end, ends = graph.output[0].name, []
    while end in paths.producer and paths.producer[end].op_type in AT_THE_END:
        ends.append(paths.producer[end])
        end = paths.inputs(ends[-1])[0]
    if sum(node.op_type != "Identity" for node in ends) > 1:
        raise NodeError(ends[-1], "another Softmax comes after it")
    if not paths.knows(end):
        raise FastcnnError(f"no node gives its output {shown(end)} from its input")
    flow = start_of(sizes, _has_channels_last(paths, start, sizes))
    shape, reads = flow.signal.shape, []
    if len(sizes) == 1:  # features are pictures of one pixel here
        flow, reads = Flow(Signal(sizes, shape), FEATURES), [Read(Flatten())]
    row, flow = Rows(paths, constants).row(start, end, flow)
    reads += row
    _check_end(flow, ends)
    props = {each.key: each.value for each in model.metadata_props}
    given_name = props.get("name", graph.name)  # bytes where a damaged file has no text there
    name = "".join(each for each in given_name if each.isprintable())[:MAX_NAME] if type(given_name) is str else ""
    network = Sequential([each.layer for each in reads], input_shape=shape, seed=0, name=name)
    _assign(reads)
    if "classes" in props:
        network.classes = _classes(props["classes"])
    return network


def _classes(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise FastcnnError("its property 'classes' is no list in JSON") from None


def _check_end(flow: Flow, ends: Sequence[Any]) -> None:
    """An error unless the graph ends with features in their own order, and a Softmax is over them."""
    if flow.order is not None:
        raise FastcnnError("it ends with the pixels of pictures that have the channels last; end it with a Gemm")
    for node in ends:
        if flow.names == FEATURES and attributes(node).get("axis", 1) not in _places(flow, FEATURES):
            raise NodeError(node, "its axis must be that of the features")


def _places(flow: Flow, axis: str) -> tuple[int, int]:
    """Both numbers of an axis."""
    place = 1 + flow.axes.index(axis)
    return place, place - len(flow.axes) - 1


def _assign(reads: Sequence[Read]) -> None:
    for read in reads:
        for name, value in read.values.items():
            try:
                if not np.isfinite(value).all():
                    raise ValueError(f"its {name} holds NaN or infinity")
                read.layer.parameters[name].assign(value)
            except (TypeError, ValueError) as error:
                raise NodeError(read.node, str(error)) from error
        _assign(read.inside)


def _sizes(value: Any) -> tuple[int, ...]:
    """The shape of the input, without the batch."""
    kind = value.type.tensor_type
    if kind.elem_type not in FLOATS:
        raise FastcnnError("its input must be floats")
    sizes = tuple(each.dim_value for each in kind.shape.dim)[1:]
    if not 1 <= len(sizes) <= 3 or not all(0 < size < 1 << 20 for size in sizes):
        raise FastcnnError("its input must be (N, C, H, W), with fixed C, H and W")
    if prod(sizes) > MAX_ACTIVATION:
        raise FastcnnError(f"its input has more than {MAX_ACTIVATION} values a picture")
    return sizes


def _left(nodes: Any, constants: Constants, opset: int) -> list[Any]:
    """The nodes that depend on the pictures; constants takes the others."""
    left = []
    for node in nodes:
        if node.domain not in ("", "ai.onnx"):
            raise NodeError(node, f"the domain {node.domain[:40]!r} is unknown")
        if not node.output:
            raise NodeError(node, "it gives nothing")
        if not constants.take(node):
            check_node(node, opset)
            left.append(node)
    return left


def _has_channels_last(paths: Paths, start: str, sizes: tuple[int, ...]) -> bool:
    """Whether the pictures of the input are (H, W, C): the first node that tells decides."""
    if len(sizes) != 3:
        return False
    reached = {start}
    for tensor, node in paths.producer.items():
        if not reached.intersection(node.input):
            continue
        if node.op_type == "Transpose":
            return attributes(node).get("perm") == [0, 3, 1, 2]
        if node.op_type in CHANNELS_FIRST:
            return False
        if node.op_type in ("Flatten", "Reshape"):
            break
        reached.add(tensor)
    return sizes[2] == 1 < min(sizes[:2])  # of one channel, both orders have the numbers in the same places
