"""Normalisation of pictures by a fixed mean and scale, which are never trained."""

from collections.abc import Sequence

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_number, check_positive
from fastcnn.kernels.protocols import Step
from fastcnn.kernels.values import shown
from fastcnn.layers.base import Layer, Place, Signal, image_shape

__all__ = ["Normalize"]


class Normalize(Layer):
    """(x - mean) / scale, with a mean and a scale for each channel.

    Parameters
    ----------
    mean, scale : a number for each channel, for pictures from 0 to 1; the scales are greater than 0

    Make it the first layer of a network: the network's file then holds mean and scale, so that all programs which read
    the file prepare pictures in the same way. The same as torchvision.transforms.Normalize.
    """

    OPTIONS = ("mean", "scale")

    def __init__(self, mean: Sequence[float], scale: Sequence[float]) -> None:
        super().__init__()
        for name, numbers in (("mean", mean), ("scale", scale)):
            if not isinstance(numbers, list | tuple) or not numbers:
                raise TypeError(f"{name} must be a list with a number for each channel, not {shown(numbers)}")
        self.mean = [check_number("mean", number) for number in mean]
        self.scale = [check_positive("scale", number) for number in scale]
        if len(self.mean) != len(self.scale):
            raise ValueError(f"mean and scale must be equally long, not {len(self.mean)} and {len(self.scale)}")

    def _build(self, incoming: Signal) -> Signal:
        channels = image_shape(incoming)[0]
        if channels != len(self.mean):
            raise ValueError(f"it has {len(self.mean)} means, but pictures of {channels} channels come in")
        return incoming

    def make_step(self, place: Place) -> Step:
        return place.steps.Normalize(place.x, place.out, mean=self.mean, scale=self.scale)

    def forward(self, x: Array, training: bool) -> Array:
        out: Array = x - _channels(self.mean, x.dtype)
        out *= 1 / _channels(self.scale, x.dtype)
        self._saved = (training,) if training else ()
        return out

    def backward(self, grad_out: Array) -> Array:
        self._recall()  # as for all layers: allowed only after forward in training
        grad_input: Array = grad_out * (1 / _channels(self.scale, grad_out.dtype))
        return grad_input


def _channels(numbers: Sequence[float], dtype: np.dtype[np.floating]) -> Array:
    """The numbers as (C, 1, 1), which broadcasts with (N, C, H, W)."""
    return np.array(numbers, dtype)[:, np.newaxis, np.newaxis]
