"""Batch normalisation of pictures and of features."""

from math import prod

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_fraction, check_positive
from fastcnn.kernels.protocols import Norm, Step
from fastcnn.layers.base import Layer, Place, Signal, image_shape
from fastcnn.layers.parameters import Declaration


class _BatchNorm(Layer):
    """What both classes share. A channel is all values with the same index along the first axis of a picture or feature
    vector.
    """

    OPTIONS = ("momentum", "eps")

    def __init__(self, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = check_fraction("momentum", momentum)
        self.eps = check_positive("eps", eps)

    def _declare(self, shape: tuple[int, ...], storage_shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
        def each(name: str, fill: float, trained: bool = True, least: float = -np.inf) -> Declaration:
            return Declaration(name, shape, storage_shape, axes, fill=fill, trained=trained, least=least)

        self.declarations = [
            *(each("weight", 1.0), each("bias", 0.0)),
            *(each("running_mean", 0.0, False), each("running_var", 1.0, False, least=0.0)),
        ]

    @property
    def least_batch(self) -> int:
        return 2 if prod(self.in_shape[1:]) == 1 else 1  # a single value in a channel has no variance

    @property
    def norm(self) -> Norm:
        """The normalisation outside a training, for the step of the layer before this one."""
        values, _ = self.storages()
        return Norm(values["running_mean"], values["running_var"], values["weight"], values["bias"], self.eps)

    def _step(self, place: Place) -> Step:
        return place.steps.BatchNorm2d(
            place.x, place.out, *self.storages(), momentum=self.momentum, eps=self.eps, relu=place.relu,
            addend=place.addend, training=place.training,
        )  # fmt: skip

    def forward(self, x: Array, training: bool) -> Array:
        if training:
            mean, var = self._batch_statistics(x)
        else:
            mean, var = self.parameters["running_mean"].array, self.parameters["running_var"].array
        inverse = 1 / np.sqrt(var + x.dtype.type(self.eps))
        normalised = (x - _channels(mean, x)) * _channels(inverse, x)
        self._saved = (normalised, inverse) if training else ()
        weight, bias = (_channels(self.parameters[name].array, x) for name in ("weight", "bias"))
        out: Array = normalised * weight + bias
        return out

    def _batch_statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and biased variance of each channel, summed in float64. This also updates the running statistics."""
        count = x.size // x.shape[1]
        if count < 2:
            kind = type(self).__name__
            raise ValueError(f"{kind} (layer {self.name}) needs more than one value a channel to train on")
        mean = x.mean(axis=_others(x), dtype=np.float64)
        var = np.square(x - _channels(mean, x)).mean(axis=_others(x))
        for name, statistic in (("running_mean", mean), ("running_var", var * (count / (count - 1)))):
            running = self.parameters[name]
            running.assign((1 - self.momentum) * running.array + self.momentum * statistic)
        return mean.astype(x.dtype), var.astype(x.dtype)

    def backward_parameters(self, grad_out: Array) -> None:
        normalised, _ = self._recall()
        self._assign_grad("weight", (grad_out * normalised).sum(axis=_others(grad_out)))
        self._assign_grad("bias", grad_out.sum(axis=_others(grad_out)))

    def backward(self, grad_out: Array) -> Array:
        self.backward_parameters(grad_out)
        normalised, inverse = self._recall()
        weight, bias = self.parameters["weight"], self.parameters["bias"]
        count = grad_out.size // grad_out.shape[1]
        through_mean, through_var = (_channels(each.grad / count, grad_out) for each in (bias, weight))
        scale = _channels(weight.array * inverse, grad_out)
        grad_input: Array = scale * (grad_out - through_mean - normalised * through_var)
        return grad_input


class BatchNorm2d(_BatchNorm):
    """Normalise each channel to mean 0 and variance 1, multiply by weight and add bias (Ioffe and Szegedy 2015).

    In training it uses the batch's mean and biased variance. It updates running = (1 - momentum) * running + momentum *
    batch, with the mean and the unbiased variance. Otherwise it uses the running values. Same as torch.nn.BatchNorm2d.
    """

    takes_relu = True
    make_step = _BatchNorm._step

    @property
    def takes_sum(self) -> bool:
        return True

    def _build(self, incoming: Signal) -> Signal:
        channels = image_shape(incoming)[:1]
        self._declare(channels, channels, (0,))
        return incoming


class BatchNorm1d(_BatchNorm):
    """Normalise each feature over the batch, as BatchNorm2d does with channels. Same as torch.nn.BatchNorm1d on (N, C).

    After a Flatten of (C, H, W) its parameters are stored in the order (H, W, C), as an Affine's weight is.
    """

    takes_relu, reads_border = True, False
    make_step = _BatchNorm._step

    def _build(self, incoming: Signal) -> Signal:
        if len(incoming.shape) != 1:
            raise ValueError(f"it needs features, not pictures of {incoming.shape}; BatchNorm2d is for pictures")
        if incoming.image is None:
            self._declare(incoming.shape, incoming.shape, (0,))
        else:
            c, h, w = incoming.image
            self._declare(incoming.shape, (h, w, c), (2, 0, 1))
        return incoming


def _others(x: Array) -> tuple[int, ...]:
    """All axes except the axis of the channels."""
    return (0, *range(2, x.ndim))


def _channels(vector: Array, x: Array) -> Array:
    """(C,) in the shape that broadcasts with x: (C, 1, 1) for (N, C, H, W)."""
    return vector.reshape(-1, *[1] * (x.ndim - 2))
