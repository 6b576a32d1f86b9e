"""A copy of a network for lessons: in float64, and a training step on one picture leaves its statistics alone.

In float64, a sum that is computed again in another order shows the same digits. Batch normalisation uses its running
statistics also in the backward step, and Dropout does nothing: one picture alone has no useful statistics.
"""

from __future__ import annotations

import copy

import numpy as np

from fastcnn.arrays import Array
from fastcnn.layers import BatchNorm1d, BatchNorm2d, Concat, Dropout, Residual
from fastcnn.layers.base import Layer
from fastcnn.network.sequential import Sequential


class _Steady(Layer):
    """A batch normalisation that always uses the running statistics: a factor and a number to add for each channel."""

    _normalised: Array
    _inverse: Array
    eps: float

    def forward(self, x: Array, training: bool) -> Array:
        values = {name: _channels(window.array, x) for name, window in self.parameters.items()}
        self._inverse = 1 / np.sqrt(values["running_var"] + self.eps)
        self._normalised = (x - values["running_mean"]) * self._inverse
        out: Array = self._normalised * values["weight"] + values["bias"]
        return out

    def backward(self, grad_out: Array) -> Array:
        others = (0, *range(2, grad_out.ndim))
        self._assign_grad("weight", (grad_out * self._normalised).sum(axis=others))
        self._assign_grad("bias", grad_out.sum(axis=others))
        grad_input: Array = grad_out * _channels(self.parameters["weight"].array, grad_out) * self._inverse
        return grad_input

    def backward_parameters(self, grad_out: Array) -> None:
        self.backward(grad_out)

    @property
    def least_batch(self) -> int:
        return 1


class SteadyNorm2d(_Steady, BatchNorm2d):
    """`BatchNorm2d` for one picture."""


class SteadyNorm1d(_Steady, BatchNorm1d):
    """`BatchNorm1d` for one picture."""


class Still(Dropout):
    """A Dropout that drops nothing."""

    def forward(self, x: Array, training: bool) -> Array:
        return x

    def backward(self, grad_out: Array) -> Array:
        return grad_out


def twin(network: Sequential) -> Sequential:
    """The copy of a network. Its layers have the same names, and the same numbers in float64."""
    layers = [_steady(layer) for layer in network.layers]
    made = Sequential(
        layers, input_shape=network.input_shape, seed=0, dtype=np.float64, name=network.name, classes=network.classes
    )
    made.load_state_arrays({name: array.astype(np.float64) for name, array in network.state_arrays().items()})
    return made


def _steady(layer: Layer) -> Layer:
    if isinstance(layer, Residual):
        return Residual(*map(_steady, layer.layers), shortcut=[_steady(each) for each in layer.shortcut])
    if isinstance(layer, Concat):
        return Concat(*([_steady(each) for each in branch] for branch in layer.branches))
    if type(layer) is BatchNorm2d:
        return SteadyNorm2d(momentum=layer.momentum, eps=layer.eps)
    if type(layer) is BatchNorm1d:
        return SteadyNorm1d(momentum=layer.momentum, eps=layer.eps)
    if type(layer) is Dropout:
        return Still(layer.rate)
    return copy.deepcopy(layer)  # a copy belongs to no network yet


def _channels(vector: Array, x: Array) -> Array:
    return vector.reshape(-1, *[1] * (x.ndim - 2))
