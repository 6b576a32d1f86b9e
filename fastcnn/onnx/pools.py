"""Average pools that are rounded up. `layers` writes them as Pad, AveragePool and Mul, as runtimes differ there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.shapes import NO_BORDER, Padding
from fastcnn.layers import AvgPool2d
from fastcnn.onnx.flow import PICTURE
from fastcnn.onnx.nodes import Node

MOST_TRIES = 256  # paddings


def rounded_up(node: Node, shares: Array) -> AvgPool2d | None:
    """The pool that an AveragePool and a Mul after it make; None where there is none.

    shares : (P, Q), which the means are multiplied with: the pixels of a window over those that count
    """
    if node.flow.axes != PICTURE or shares.ndim != 2 or not shares.all():
        return None
    zeros, (height, width), stride = node.flow.pads, node.option("kernel_shape"), node.option("strides", [1, 1])
    if any(node.option(name) for name in ("auto_pad", "pads", "ceil_mode")):
        return None
    for padding in _narrower(zeros):
        for include in (True, False):
            options: dict[str, Any] = {
                "stride": tuple(stride),
                "padding": padding,
                "ceil_mode": True,
                "count_include_pad": include,
                "dilation": tuple(node.option("dilations", [1, 1])),
            }
            pool = AvgPool2d((height, width), **options)
            try:
                out = pool.build(node.flow.signal, 0)
            except ValueError:
                continue
            if pool.pads == zeros and out.shape[1:] == shares.shape and _close(pool.divisors, height * width / shares):
                node.flow = replace(node.flow, pads=NO_BORDER)
                return AvgPool2d((height, width), **options)
    return None


def _narrower(zeros: Padding) -> Iterator[Padding]:
    """The padding that rounding up may have widened at the bottom and at the right."""
    (top, bottom), (left, right) = zeros
    ends = ((below, after) for below in range(bottom, -1, -1) for after in range(right, -1, -1))
    for _, (below, after) in zip(range(MOST_TRIES), ends, strict=False):
        yield (top, below), (left, after)


def _close(divisors: Array, others: Array) -> bool:
    return np.allclose(divisors, others, rtol=1e-5, atol=0)
