"""Each layer as nodes of ONNX. A node is named by the layer's place and kind, such as "3.0.Conv2d"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn.errors import FastcnnError
from fastcnn.kernels.shapes import NO_BORDER, Padding
from fastcnn.layers import (
    GELU,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Layer,
    LeakyReLU,
    MaxPool2d,
    Normalize,
    ReLU,
    Residual,
    SiLU,
)
from fastcnn.onnx.graph import Graph

Write = Callable[[Graph, Any, str], str]  # returns the name of the layer's output


def write_row(graph: Graph, layers: Sequence[Layer], x: str) -> str:
    """The nodes of layers in a row that read x; returns the name of their output.

    Raises
    ------
    FastcnnError
        If ONNX has no form for a layer that is your own.
    """
    for layer in layers:
        write = WRITERS.get(type(layer))
        if write is None:
            raise FastcnnError(
                "layer {name} ({kind}) has no form in ONNX; leave it out or use layers of fastcnn.layers",
                name=layer.name,
                kind=type(layer).__name__[:40],
            )
        x = write(graph, layer, x)
    return x


def _named(layer: Layer, part: str = "") -> str:
    return f"{layer.name}.{type(layer).__name__}{part}"


def _value(graph: Graph, layer: Layer, parameter: str) -> str:
    return graph.constant(f"{layer.name}.{parameter}", layer.parameters[parameter].array)


def _sides(padding: Padding) -> list[int]:
    """The order of ONNX: top, left, bottom, right."""
    (top, bottom), (left, right) = padding
    return [top, left, bottom, right]


def _conv(graph: Graph, layer: Conv2d, x: str) -> str:
    values = [_value(graph, layer, name) for name in ("weight", "bias") if name in layer.parameters]
    return graph.add(
        "Conv", x, *values, name=_named(layer), kernel_shape=layer.kernel_size, strides=layer.stride,
        pads=_sides(layer.pads), dilations=layer.dilation, group=layer.groups,
    )  # fmt: skip


def _affine(graph: Graph, layer: Affine, x: str) -> str:
    return graph.add("Gemm", x, _value(graph, layer, "weight"), _value(graph, layer, "bias"), name=_named(layer))


def _leaky_relu(graph: Graph, layer: LeakyReLU, x: str) -> str:
    return graph.add("LeakyRelu", x, name=_named(layer), alpha=layer.negative_slope)


def _gelu(graph: Graph, layer: GELU, x: str) -> str:
    return graph.add("Gelu", x, name=_named(layer), approximate=layer.approximate)


def _silu(graph: Graph, layer: SiLU, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x, name=_named(layer, ".Sigmoid")), name=_named(layer))


def _max_pool(graph: Graph, layer: MaxPool2d, x: str) -> str:
    return graph.add(
        "MaxPool", x, name=_named(layer), kernel_shape=layer.kernel_size, strides=layer.stride,
        pads=_sides(layer.padding), dilations=layer.dilation, ceil_mode=int(layer.ceil_mode),
    )  # fmt: skip


def _avg_pool(graph: Graph, layer: AvgPool2d, x: str) -> str:
    """Where windows end outside the padding, runtimes differ: there the zeros and the divisors are nodes."""
    options = {"kernel_shape": layer.kernel_size, "strides": layer.stride, "dilations": layer.dilation}
    if layer.pads == layer.padding:
        include = int(layer.count_include_pad)
        return graph.add(
            "AveragePool", x, name=_named(layer), **options, pads=_sides(layer.pads), count_include_pad=include
        )
    if layer.pads != NO_BORDER:
        (top, bottom), (left, right) = layer.pads
        pads = graph.constant(_named(layer, ".pads"), np.array([0, 0, top, left, 0, 0, bottom, right]))
        x = graph.add("Pad", x, pads, name=_named(layer, ".Pad"))
    mean = graph.add("AveragePool", x, name=_named(layer, ".AveragePool"), **options)
    height, width = layer.kernel_size
    shares = graph.constant(_named(layer, ".shares"), height * width / layer.divisors)
    return graph.add("Mul", mean, shares, name=_named(layer))


def _global_average(graph: Graph, layer: GlobalAvgPool, x: str) -> str:
    mean = graph.add("GlobalAveragePool", x, name=_named(layer, ".GlobalAveragePool"))
    return graph.add("Flatten", mean, name=_named(layer), axis=1)


def _batch_norm(graph: Graph, layer: BatchNorm1d | BatchNorm2d, x: str) -> str:
    values = [_value(graph, layer, name) for name in ("weight", "bias", "running_mean", "running_var")]
    return graph.add("BatchNormalization", x, *values, name=_named(layer), epsilon=layer.eps)


def _normalize(graph: Graph, layer: Normalize, x: str) -> str:
    mean, scale = (np.array(numbers)[:, np.newaxis, np.newaxis] for numbers in (layer.mean, layer.scale))
    centred = graph.add("Sub", x, graph.constant(_named(layer, ".mean"), mean), name=_named(layer, ".Sub"))
    return graph.add("Div", centred, graph.constant(_named(layer, ".scale"), scale), name=_named(layer))


def _residual(graph: Graph, layer: Residual, x: str) -> str:
    main, shortcut = write_row(graph, layer.layers, x), write_row(graph, layer.shortcut, x)
    return graph.add("Add", main, shortcut, name=_named(layer))


def _concat(graph: Graph, layer: Concat, x: str) -> str:
    return graph.add("Concat", *(write_row(graph, row, x) for row in layer.branches), name=_named(layer), axis=1)


WRITERS: dict[type[Layer], Write] = {
    Conv2d: _conv,
    Affine: _affine,
    ReLU: lambda graph, layer, x: graph.add("Relu", x, name=_named(layer)),
    LeakyReLU: _leaky_relu,
    GELU: _gelu,
    SiLU: _silu,
    MaxPool2d: _max_pool,
    AvgPool2d: _avg_pool,
    GlobalAvgPool: _global_average,
    Flatten: lambda graph, layer, x: graph.add("Flatten", x, name=_named(layer), axis=1),
    BatchNorm1d: _batch_norm,
    BatchNorm2d: _batch_norm,
    Dropout: lambda graph, layer, x: x,  # it does nothing outside a training
    Normalize: _normalize,
    Residual: _residual,
    Concat: _concat,
}
