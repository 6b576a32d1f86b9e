"""What goes into each layer and comes out of it, for people who look into a network. `Sequential.trace` returns it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fastcnn.arrays import Array
from fastcnn.layers.base import Layer
from fastcnn.layers.composite import Composite
from fastcnn.layers.running import run_forward
from fastcnn.records import representation


class Traced(NamedTuple):
    """One layer of a run in inference mode.

    layer : the layer; its `name` is its place in the network
    x : its input (N, *in_shape)
    out : its output (N, *out_shape). It is the same array as the `x` of the layers that read it
    """

    layer: Layer
    x: Array
    out: Array

    def __repr__(self) -> str:
        return representation(self)


def traced(layers: Sequence[Layer], x: Array) -> Iterator[Traced]:
    """All layers in the order of running. The layers inside a `Residual` or `Concat` come before it."""
    for layer in layers:
        if isinstance(layer, Composite):
            for row in layer.rows.values():
                yield from traced(row, x)
        out = run_forward(layer, x, False)
        yield Traced(layer, x, out)
        x = out
