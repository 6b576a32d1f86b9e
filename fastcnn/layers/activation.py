"""Activation functions."""

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.protocols import Step
from fastcnn.layers.base import Layer, Place


class ReLU(Layer):
    """max(x, 0). NaN stays NaN, and its gradient passes, as in PyTorch."""

    def make_step(self, place: Place) -> Step:
        return place.steps.Relu(place.x, place.out)

    def forward(self, x: Array, training: bool) -> Array:
        out = np.maximum(x, 0)
        self._saved = (out,) if training else ()
        return out

    def backward(self, grad_out: Array) -> Array:
        (out,) = self._recall()
        grad_input: Array = np.where(out <= 0, grad_out.dtype.type(0), grad_out)
        return grad_input
