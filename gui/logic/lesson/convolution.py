"""One number of a convolution's map: the window, the filter, their products, the sum and the bias."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fastcnn.gui.logic.lesson.stages import Stage, Values
from fastcnn.layers import Conv2d


@dataclass(frozen=True, eq=False)
class WindowSum:
    """How one number of a map comes about.

    filter, row, column : which number: `stage.out[filter, row, column]`
    channel, channels : the input channel that is shown, counted within its group, and how many there are
    frame : top, left, height and width of the window in the input; the padding lies outside the input
    window, weights, products : (R, S), of the shown channel
    channel_sum : the sum of the shown products
    others : the sum of the products of all other channels
    """

    filter: int
    row: int
    column: int
    channel: int
    channels: int
    frame: tuple[int, int, int, int]
    window: Values
    weights: Values
    products: Values
    channel_sum: float
    others: float
    bias: float
    output: float

    @property
    def total(self) -> float:
        """The sum of all products, without the bias."""
        return self.channel_sum + self.others


def window_sum(stage: Stage, filter_: int, row: int, column: int, channel: int = 0) -> WindowSum:
    """The number at a place of a filter's map, in parts."""
    layer = _convolution(stage)
    weights = layer.parameters["weight"].array.astype(np.float64)
    bias = float(layer.parameters["bias"].array[filter_]) if layer.bias else 0.0
    channels, height, width = weights.shape[1:]
    first = filter_ // (layer.out_channels // layer.groups) * channels
    padded = np.pad(stage.x, ((0, 0), *layer.pads))
    top, left = row * layer.stride[0], column * layer.stride[1]
    down, right = layer.dilation
    windows = padded[first : first + channels, top : top + height * down : down, left : left + width * right : right]
    products = windows * weights[filter_]
    frame = (
        top - layer.pads[0][0],
        left - layer.pads[1][0],
        (height - 1) * down + 1,
        (width - 1) * right + 1,
    )
    return WindowSum(
        filter_, row, column, channel, channels, frame,
        windows[channel].copy(), weights[filter_, channel].copy(), products[channel],
        math.fsum(products[channel].ravel()), math.fsum(np.delete(products, channel, axis=0).ravel()),
        bias, float(stage.out[filter_, row, column]),
    )  # fmt: skip


def filter_pictures(stage: Stage) -> Values:
    """The weights of all filters, of their first channel: (K, R, S)."""
    return _convolution(stage).parameters["weight"].array[:, 0].astype(np.float64)


def place_of(stage: Stage, row: float, column: float) -> tuple[int, int]:
    """The place in the map whose window has its centre nearest to a pixel of the input."""
    layer, (_, height, width) = _convolution(stage), stage.out.shape
    places = []
    for axis, (pixel, count) in enumerate(((row, height), (column, width))):
        middle = (layer.kernel_size[axis] - 1) * layer.dilation[axis] / 2
        place = round((pixel + layer.pads[axis][0] - middle) / layer.stride[axis])
        places.append(min(max(place, 0), count - 1))
    return places[0], places[1]


def _convolution(stage: Stage) -> Conv2d:
    assert isinstance(stage.layer, Conv2d)
    return stage.layer
