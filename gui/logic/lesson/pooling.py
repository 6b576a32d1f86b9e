"""One number of a pooling: its window, and which of the numbers wins, or their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastcnn.gui.logic.lesson.stages import Kind, Stage, Values
from fastcnn.layers import GlobalAvgPool, MaxPool2d
from fastcnn.layers.pooling import AvgPool2d


@dataclass(frozen=True, eq=False)
class PoolWindow:
    """How one number of a pooling comes about.

    frame : top, left, height and width of the window in the input
    window : its numbers; NaN outside the input
    winner : row and column of the largest in the window, the first one of several; None where a mean is taken
    """

    channel: int
    row: int
    column: int
    frame: tuple[int, int, int, int]
    window: Values
    winner: tuple[int, int] | None
    output: float


def pool_window(stage: Stage, channel: int, row: int, column: int) -> PoolWindow:
    """The number at a place of a channel's map, in parts."""
    plane, layer = stage.x[channel], stage.layer
    if isinstance(layer, GlobalAvgPool):
        height, width = plane.shape
        return PoolWindow(channel, 0, 0, (0, 0, height, width), plane.copy(), None, float(stage.out[channel]))
    assert isinstance(layer, MaxPool2d | AvgPool2d)
    down, right = layer.dilation
    padded = np.pad(plane, layer.pads, constant_values=np.nan)
    top, left = row * layer.stride[0], column * layer.stride[1]
    height, width = layer.kernel_size
    window = padded[top : top + height * down : down, left : left + width * right : right]
    winner = None
    if stage.kind is Kind.MAX_POOL:
        at = np.unravel_index(int(np.nanargmax(window)), window.shape)
        winner = int(at[0]), int(at[1])
    frame = top - layer.pads[0][0], left - layer.pads[1][0], (height - 1) * down + 1, (width - 1) * right + 1
    return PoolWindow(channel, row, column, frame, window.copy(), winner, float(stage.out[channel, row, column]))
