"""The eight layers: shapes, and forward and backward on NCHW arrays through `fastcnn.kernels` and NumPy.

This is the readable path, which runs on every backend; a backend's fused kernels must agree with it. A layer of a
user's is a subclass of `Layer` or of one of these: it runs by its own methods, on every backend.
"""

from math import prod, sqrt
from typing import Any

import numpy as np

from . import kernels
from .arrays import Array, shown
from .batchnorm import BatchNorm2d
from .dropout import Dropout
from .kernels import shapes
from .kinds import KINDS, layer_from_description, register_layer
from .layer import Layer, Signal, image_shape
from .parameters import Declaration, plain

__all__ = [
    "KINDS",
    "Affine",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "Layer",
    "MaxPool2d",
    "ReLU",
    "Signal",
    "layer_from_description",
    "plain",
    "register_layer",
]


class Conv2d(Layer):
    """Convolution, (C, H, W) to (out_channels, P, Q), as `kernels.conv2d`; He-normal weights, zero biases."""

    OPTIONS = ("out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias")

    def __init__(
        self,
        out_channels: int,
        kernel_size: shapes.PairLike,
        *,
        stride: shapes.PairLike = 1,
        padding: shapes.PaddingLike = 0,
        dilation: shapes.PairLike = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.out_channels = shapes.integer("out_channels", out_channels, 1)
        self.kernel_size = shapes.pair("kernel_size", kernel_size)
        self.stride = shapes.pair("stride", stride)
        self.padding = shapes.padding_pairs(padding)
        self.dilation = shapes.pair("dilation", dilation)
        self.groups = shapes.integer("groups", groups, 1)
        if not isinstance(bias, bool):
            raise TypeError(f"bias must be True or False, not {shown(bias)}")
        self.bias = bias

    @property
    def multiply_adds(self) -> int:
        return prod(self.out_shape) * self.in_shape[0] // self.groups * prod(self.kernel_size)

    def _build(self, incoming: Signal) -> Signal:
        c, h, w = image_shape(incoming)
        weight_shape = (self.out_channels, max(c // self.groups, 1), *self.kernel_size)
        out = shapes.conv2d_shape((1, c, h, w), weight_shape, self.stride, self.padding, self.dilation, self.groups)
        self.declarations = [plain("weight", weight_shape, std=sqrt(2 / prod(weight_shape[1:])))]
        if self.bias:
            self.declarations.append(plain("bias", (self.out_channels,)))
        return Signal(out[1:])

    def forward(self, x: Array, training: bool) -> Array:
        bias = self.parameters["bias"].array if self.bias else None
        self._saved = (x,) if training else ()
        return kernels.conv2d(x, self.parameters["weight"].array, bias, **self._geometry())

    def backward_parameters(self, grad_out: Array) -> None:
        (x,) = self._recall()
        grad_weight = kernels.conv2d_grad_weight(grad_out, x, self.kernel_size, **self._geometry())
        self._assign_grad("weight", grad_weight)
        if self.bias:
            self._assign_grad("bias", grad_out.sum(axis=(0, 2, 3)))

    def backward(self, grad_out: Array) -> Array:
        self.backward_parameters(grad_out)
        (x,) = self._recall()
        weight = self.parameters["weight"].array
        return kernels.conv2d_grad_input(grad_out, weight, x.shape, **self._geometry())

    def _geometry(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}


class ReLU(Layer):
    """max(x, 0). NaN stays NaN, and its gradient passes, as in PyTorch."""

    def forward(self, x: Array, training: bool) -> Array:
        out = np.maximum(x, 0)
        self._saved = (out,) if training else ()
        return out

    def backward(self, grad_out: Array) -> Array:
        (out,) = self._recall()
        grad_input: Array = np.where(out <= 0, grad_out.dtype.type(0), grad_out)
        return grad_input


class MaxPool2d(Layer):
    """Largest value of each window; options as in `kernels.max_pool2d`."""

    OPTIONS = ("kernel_size", "stride", "padding")

    def __init__(
        self, kernel_size: shapes.PairLike, *, stride: shapes.PairLike | None = None, padding: shapes.PaddingLike = 0
    ) -> None:
        super().__init__()
        self.kernel_size = shapes.pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else shapes.pair("stride", stride)
        self.padding = shapes.padding_pairs(padding)

    def _build(self, incoming: Signal) -> Signal:
        c, h, w = image_shape(incoming)
        return Signal(shapes.max_pool2d_shape((1, c, h, w), self.kernel_size, self.stride, self.padding)[1:])

    def forward(self, x: Array, training: bool) -> Array:
        out, argmax = kernels.max_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)
        self._saved = (argmax, x.shape) if training else ()
        return out

    def backward(self, grad_out: Array) -> Array:
        argmax, in_shape = self._recall()
        return kernels.max_pool2d_grad(grad_out, argmax, in_shape)


class Flatten(Layer):
    """(C, H, W) to (C*H*W,), in that order."""

    def _build(self, incoming: Signal) -> Signal:
        shape = image_shape(incoming)
        return Signal((prod(shape),), shape)

    def forward(self, x: Array, training: bool) -> Array:
        return x.reshape(len(x), *self.out_shape)

    def backward(self, grad_out: Array) -> Array:
        return grad_out.reshape(len(grad_out), *self.in_shape)


class Affine(Layer):
    """x @ weight + bias: (in_features,) to (out_features,). He-normal weights, zero biases.

    The weight is seen as (in_features, out_features) and stored as (out_features, in_features), so that the kernels
    read one output's weights in one run; after a Flatten of (C, H, W), in_features are stored in the order (H, W, C),
    which is that of activations kept channels-last.
    """

    OPTIONS = ("out_features",)

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


class GlobalAvgPool(Layer):
    """The mean of each channel: (C, H, W) to (C,)."""

    def _build(self, incoming: Signal) -> Signal:
        return Signal(image_shape(incoming)[:1])

    def forward(self, x: Array, training: bool) -> Array:
        out: Array = x.mean(axis=(2, 3))
        return out

    def backward(self, grad_out: Array) -> Array:
        _, h, w = self.in_shape
        grad = grad_out / grad_out.dtype.type(h * w)
        grad_input: Array = np.broadcast_to(grad[:, :, None, None], (*grad.shape, h, w)).copy()
        return grad_input


for _kind in (Conv2d, ReLU, MaxPool2d, Flatten, Affine, Dropout, BatchNorm2d, GlobalAvgPool):
    register_layer(_kind)
