"""A tensor of an ONNX graph, and where the layers of this package have its numbers.

Keras puts the channels last, and some graphs leave out an axis of size 1. The layers always have (C, H, W) or features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.shapes import NO_BORDER, Padding
from fastcnn.layers import Signal

PICTURE, FEATURES = "CHW", "F"


@dataclass(frozen=True, eq=False)
class Flow:
    """A tensor on its way through the graph.

    signal : what comes out of the layer
    axes : the tensor's axes after the batch, such as "CHW" or "HWC", or "F" for features; "1" is any other axis of size
        1. An axis of size 1 may be left out
    order : for each of the tensor's features its place in the layer's features; None where the places are the same
    pads : the zeros that a Pad has put round the picture, which belong to the layer after it
    """

    signal: Signal
    axes: str
    order: Array | None = None
    pads: Padding = NO_BORDER

    @property
    def names(self) -> str:
        """The names of the axes of the layer's output."""
        return PICTURE if len(self.signal.shape) == 3 else FEATURES

    @property
    def sizes(self) -> tuple[int, ...]:
        """The tensor's shape without the batch."""
        named = dict(zip(self.names, self.signal.shape, strict=True))
        for axis, zeros in zip("HW", self.pads, strict=True):
            named[axis] = named.get(axis, 1) + sum(zeros)
        return tuple(named.get(axis, 1) for axis in self.axes)

    def transposed(self, perm: list[int]) -> Flow:
        """After a Transpose, which must leave the batch first; else ValueError."""
        if sorted(perm) != list(range(len(self.axes) + 1)) or perm[0] != 0:
            raise ValueError("it must leave the batch in the first place")
        return replace(self, axes="".join(self.axes[axis - 1] for axis in perm[1:]))

    def reshaped(self, sizes: tuple[int, ...]) -> tuple[Flow, bool]:
        """The same numbers in another shape, and whether that takes a Flatten; ValueError where no layer does it.

        Axes of size 1 may come and go, and a picture may become features.
        """
        if sizes == self.sizes:
            return self, False
        own = [axis for axis, size in zip(self.axes, self.sizes, strict=True) if size != 1]
        kept = [size for size in sizes if size != 1]
        is_picture = self.names == PICTURE
        if kept == [size for size in self.sizes if size != 1] and not (is_picture and len(sizes) == 1):
            return replace(self, axes=_placed(self.names, own, sizes)), False
        if not is_picture or len(kept) > 1 or prod(sizes) != prod(self.sizes):
            raise ValueError(f"it must give (N, {prod(self.sizes)}), not (N, {', '.join(map(str, sizes))})"[:120])
        whole = Signal((prod(sizes),), self.signal.shape)
        order = np.arange(prod(sizes)).reshape(self.signal.shape).transpose(self._places()).ravel()
        is_same = bool((order[1:] > order[:-1]).all())
        return Flow(whole, _placed(FEATURES, [], sizes, kept), None if is_same else order), True

    def _places(self) -> list[int]:
        """The place in (C, H, W) of each of the tensor's axes; those that are left out have size 1 and come first."""
        return [PICTURE.index(axis) for axis in sorted(PICTURE, key=self.axes.find)]

    def of_channels(self, numbers: Array) -> Array:
        """A constant that the tensor is added to, or multiplied with, as a number for each channel or feature.

        ValueError where it does not fit, or is different within a channel.
        """
        if numbers.ndim > len(self.axes) + 1:
            raise ValueError("its constant has too many axes")
        try:
            whole = np.broadcast_to(numbers.astype(np.float64), (1, *self.sizes)).reshape(self.sizes)
        except ValueError:
            raise ValueError(f"its constant {numbers.shape} does not fit (N, {str(self.sizes)[1:]}") from None
        if self.names == FEATURES:
            return self.features(whole.reshape(-1))
        each = np.moveaxis(whole, self.axes.index("C"), 0) if "C" in self.axes else whole[np.newaxis]
        each = each.reshape(len(each), -1)
        if (each != each[:, :1]).any():
            raise ValueError("its constant must have one number for each channel")
        return each[:, 0]

    def features(self, numbers: Array) -> Array:
        """The same numbers, (features, …), in the order of the layer's features."""
        if self.order is None:
            return numbers
        ordered = np.empty_like(numbers)
        ordered[self.order] = numbers
        return ordered


def _placed(names: str, own: list[str], sizes: tuple[int, ...], kept: list[int] | None = None) -> str:
    """The axes of a new shape: those of more than 1 in their order, then the others where a size is 1."""
    own = list(own) if kept is None else list(names[: len(kept)])
    others = [axis for axis in names if axis not in own]
    axes = ""
    for size in sizes:
        left = own if size != 1 else others
        axes += left.pop(0) if left else "1"
    return axes


def start_of(sizes: tuple[int, ...], channels_last: bool) -> Flow:
    """The graph's input, without the batch: features, (H, W), (C, H, W) or (H, W, C)."""
    if len(sizes) == 1:
        return Flow(Signal((*sizes, 1, 1)), "C")
    if len(sizes) == 2:
        return Flow(Signal((1, *sizes)), "HW")
    if channels_last:
        return Flow(Signal((sizes[2], *sizes[:2])), "HWC")
    return Flow(Signal(sizes), PICTURE)
