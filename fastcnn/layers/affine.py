"""Affine layers, and Flatten, which turns pictures into features."""

from math import prod, sqrt

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels import shapes
from fastcnn.kernels.protocols import Step
from fastcnn.layers.base import Layer, Place, Signal, image_shape
from fastcnn.layers.parameters import Declaration, plain


class Flatten(Layer):
    """(C, H, W) to (C*H*W,), in this order."""

    def _build(self, incoming: Signal) -> Signal:
        shape = image_shape(incoming)
        return Signal((prod(shape),), shape)

    def forward(self, x: Array, training: bool) -> Array:
        return x.reshape(len(x), *self.out_shape)

    def backward(self, grad_out: Array) -> Array:
        return grad_out.reshape(len(grad_out), *self.in_shape)


class Affine(Layer):
    """x @ weight + bias: (in_features,) to (out_features,). He-normal weights, zero biases.

    Users see the weight as (in_features, out_features). It is stored as (out_features, in_features), so that the
    weights of one output are contiguous. After a Flatten of (C, H, W), in_features are stored in the order (H, W, C),
    which is the order of channels-last activations.
    """

    OPTIONS = ("out_features",)
    takes_relu, reads_border = True, False

    def __init__(self, out_features: int) -> None:
        super().__init__()
        self.out_features = shapes.integer("out_features", out_features, 1)

    @property
    def multiply_adds(self) -> int:
        return self.in_shape[0] * self.out_features

    def _build(self, incoming: Signal) -> Signal:
        if len(incoming.shape) != 1:
            raise ValueError(f"it needs features, not pictures of {incoming.shape}; put Flatten() before it")
        (in_features,) = incoming.shape
        storage_shape, axes = (self.out_features, in_features), (1, 0)
        if incoming.image is not None:
            c, h, w = incoming.image
            storage_shape, axes = (self.out_features, h, w, c), (3, 1, 2, 0)  # type: ignore[assignment]  # longer tuples
        weight_shape, std = (in_features, self.out_features), sqrt(2 / in_features)
        self.declarations = [
            Declaration("weight", weight_shape, storage_shape, axes, std=std),
            plain("bias", (self.out_features,)),
        ]
        return Signal((self.out_features,))

    def make_step(self, place: Place) -> Step:
        values, gradients = self.storages()
        weight, bias = (values["weight"], gradients["weight"]), (values["bias"], gradients["bias"])
        return place.steps.Affine(place.x, place.out, *weight, *bias, relu=place.relu)

    def forward(self, x: Array, training: bool) -> Array:
        weight = self.parameters["weight"].array
        self._saved = (x, weight) if training else ()
        out: Array = np.dot(x, weight) + self.parameters["bias"].array
        return out

    def backward_parameters(self, grad_out: Array) -> None:
        x, _ = self._recall()
        self._assign_grad("weight", np.dot(x.T, grad_out))
        self._assign_grad("bias", grad_out.sum(axis=0))

    def backward(self, grad_out: Array) -> Array:
        self.backward_parameters(grad_out)
        _, weight = self._recall()
        grad_input: Array = np.dot(grad_out, weight.T)
        return grad_input
