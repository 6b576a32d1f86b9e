"""Layers that a user might write: subclasses of each layer, and of `Layer`, with and without parameters."""

import numpy as np

from fastcnn.layers import (
    Affine,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Layer,
    MaxPool2d,
    Normalize,
    ReLU,
    Signal,
    plain,
    register_layer,
)


@register_layer
class TenthReLU(ReLU):
    """x, or a tenth of it below zero."""

    def forward(self, x, training):
        self._saved = (x,) if training else ()
        return np.where(x > 0, x, x.dtype.type(0.1) * x)

    def backward(self, grad_out):
        (x,) = self._recall()
        return np.where(x > 0, grad_out, grad_out.dtype.type(0.1) * grad_out)


@register_layer
class PReLU(Layer):
    """x, or a learned share of it below zero: one share for each channel, or each feature."""

    OPTIONS = ("start",)

    def __init__(self, start=0.25):
        super().__init__()
        self.start = start

    def _build(self, incoming):
        self.declarations = [plain("slope", incoming.shape[:1], fill=self.start)]
        return incoming

    def _slope(self, x):
        return self.parameters["slope"].array.reshape(-1, *[1] * (x.ndim - 2))

    def forward(self, x, training):
        self._saved = (x,) if training else ()
        return np.where(x > 0, x, self._slope(x) * x)

    def backward(self, grad_out):
        (x,) = self._recall()
        below = np.where(x > 0, 0, grad_out * x)
        self._assign_grad("slope", below.sum(axis=(0, *range(2, x.ndim))))
        return np.where(x > 0, grad_out, self._slope(x) * grad_out)


@register_layer
class ScaledConv2d(Conv2d):
    """A convolution times two."""

    def forward(self, x, training):
        return 2 * super().forward(x, training)

    def backward(self, grad_out):
        return super().backward(2 * grad_out)


@register_layer
class SignDropout(Dropout):
    """In training, turns the sign of each value that Dropout would zero; twice the values otherwise."""

    def forward(self, x, training):
        if not training:
            return 2 * x
        super().forward(np.ones_like(x), True)
        (factors,) = self._saved
        self._saved = (np.where(factors > 0, 1, -1).astype(x.dtype),)
        return x * self._saved[0]


@register_layer
class ShiftedBatchNorm2d(BatchNorm2d):
    """Batch normalisation plus one."""

    def forward(self, x, training):
        return super().forward(x, training) + 1


@register_layer
class MinPool2d(MaxPool2d):
    """The smallest value of each window."""

    def forward(self, x, training):
        return -super().forward(-x, training)


@register_layer
class RowFlatten(Flatten):
    """Flattens, and turns the order of the features round: no longer those of a picture."""

    def _build(self, incoming):
        return Signal(super()._build(incoming).shape)

    def forward(self, x, training):
        return super().forward(x, training)[:, ::-1]

    def backward(self, grad_out):
        return super().backward(np.ascontiguousarray(grad_out[:, ::-1]))


@register_layer
class CubedAffine(Affine):
    """An affine layer plus its cube."""

    def forward(self, x, training):
        out = super().forward(x, training)
        self._out = out
        return out + out**3

    def backward(self, grad_out):
        return super().backward(grad_out * (1 + 3 * self._out**2))


@register_layer
class SumPool(GlobalAvgPool):
    """The sum of each channel."""

    def forward(self, x, training):
        return x.sum(axis=(2, 3))

    def backward(self, grad_out):
        _, h, w = self.in_shape
        return np.broadcast_to(grad_out[:, :, None, None], (*grad_out.shape, h, w)).copy()


@register_layer
class Narrow(Conv2d):
    """A convolution of a fixed size: only the arguments differ."""

    OPTIONS = ("out_channels",)

    def __init__(self, out_channels):
        super().__init__(out_channels, 3, padding=1)


SIDES = ((1, 0), (2, 1))

# name: (input shape, layers). Each has fused steps before and after, or is the first or the last.
NETWORKS = {
    "tenth relu": (
        (2, 9, 8),
        lambda: [
            *(Conv2d(5, 3, padding=1), TenthReLU(), Conv2d(4, 3, padding=SIDES), ReLU(), MaxPool2d(2)),
            *(TenthReLU(), Flatten(), Affine(10), TenthReLU(), Affine(6)),
        ],
    ),
    "prelu": (
        (1, 8, 9),
        lambda: [
            *(PReLU(), Conv2d(6, 3), PReLU(), Conv2d(4, 2, padding=1), BatchNorm2d(), ReLU(), Flatten(), PReLU(0.5)),
            *(Dropout(0.2), Affine(9), PReLU(), Affine(6)),
        ],
    ),
    "convolution": (
        (2, 8, 7),
        lambda: [
            *(ScaledConv2d(5, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(4, 2), ScaledConv2d(6, 2, groups=2)),
            *(BatchNorm2d(), ReLU(), GlobalAvgPool()),
        ],
    ),
    "dropout": (
        (1, 6, 7),
        lambda: [Conv2d(5, 3), ReLU(), SignDropout(0.4, seed=3), Flatten(), SignDropout(0.3), Affine(6)],
    ),
    "batch norm and pool": (
        (2, 7, 8),
        lambda: [
            *(ShiftedBatchNorm2d(), Conv2d(4, 3, padding=1), ShiftedBatchNorm2d(), ReLU(), MinPool2d(2)),
            *(Conv2d(5, 2), MinPool2d(2, stride=1), SumPool(), Affine(6)),
        ],
    ),
    "flatten and affine": (
        (3, 5, 4),
        lambda: [Conv2d(4, 2), ReLU(), RowFlatten(), CubedAffine(7), ReLU(), Affine(8), CubedAffine(6)],
    ),
    "normalize": (
        (2, 7, 6),
        lambda: [
            *(Normalize([0.2, -0.5], [0.5, 4.0]), Conv2d(3, 3), Normalize([0.1, 0.2, 0.3], [2.0, 0.25, 1.0]), ReLU()),
            *(Flatten(), Affine(6)),
        ],
    ),
    "no gradient below": ((2, 6, 5), lambda: [TenthReLU(), MaxPool2d(2), SignDropout(0.3), Narrow(6), SumPool()]),
    "the last is its own": ((1, 5, 6), lambda: [Narrow(6), ReLU(), SumPool(), PReLU()]),
}
