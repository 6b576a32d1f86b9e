"""Batch normalisation of pictures."""

from math import prod

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_fraction, check_positive
from fastcnn.kernels.protocols import Norm, Step
from fastcnn.layers.base import Layer, Place, Signal, image_shape
from fastcnn.layers.parameters import plain


class BatchNorm2d(Layer):
    """Each channel to mean 0 and variance 1, then scaled by weight and shifted by bias (Ioffe and Szegedy 2015).

    Training uses the batch's mean and biased variance, and moves running_mean and running_var towards the mean and the
    unbiased variance by the share momentum; otherwise the running ones are used. Follows torch.nn.BatchNorm2d.
    """

    OPTIONS = ("momentum", "eps")
    takes_relu = takes_sum = True

    def __init__(self, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = check_fraction("momentum", momentum)
        self.eps = check_positive("eps", eps)

    def _build(self, incoming: Signal) -> Signal:
        channels = image_shape(incoming)[:1]
        self.declarations = [
            plain("weight", channels, fill=1.0),
            plain("bias", channels),
            plain("running_mean", channels, trained=False),
            plain("running_var", channels, fill=1.0, trained=False, least=0.0),
        ]
        return incoming

    @property
    def least_batch(self) -> int:
        return 2 if prod(self.in_shape[1:]) == 1 else 1  # one value a channel has no variance

    @property
    def norm(self) -> Norm:
        """What it is outside a training, for the step of the layer before it."""
        values, _ = self.storages()
        return Norm(values["running_mean"], values["running_var"], values["weight"], values["bias"], self.eps)

    def make_step(self, place: Place) -> Step:
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
        normalised = (x - _channels(mean)) * _channels(inverse)
        self._saved = (normalised, inverse) if training else ()
        out: Array = normalised * _channels(self.parameters["weight"].array) + _channels(self.parameters["bias"].array)
        return out

    def _batch_statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and biased variance of each channel, summed in float64; the running statistics move along."""
        count = x.size // x.shape[1]
        if count < 2:
            raise ValueError(f"BatchNorm2d (layer {self.name}) needs more than one value a channel to train on")
        mean = x.mean(axis=(0, 2, 3), dtype=np.float64)
        var = np.square(x - _channels(mean)).mean(axis=(0, 2, 3))
        for name, statistic in (("running_mean", mean), ("running_var", var * (count / (count - 1)))):
            running = self.parameters[name]
            running.assign((1 - self.momentum) * running.array + self.momentum * statistic)
        return mean.astype(x.dtype), var.astype(x.dtype)

    def backward_parameters(self, grad_out: Array) -> None:
        normalised, _ = self._recall()
        self._assign_grad("weight", (grad_out * normalised).sum(axis=(0, 2, 3)))
        self._assign_grad("bias", grad_out.sum(axis=(0, 2, 3)))

    def backward(self, grad_out: Array) -> Array:
        self.backward_parameters(grad_out)
        normalised, inverse = self._recall()
        weight, bias = self.parameters["weight"], self.parameters["bias"]
        count = grad_out.size // grad_out.shape[1]
        through_mean, through_var = _channels(bias.grad / count), _channels(weight.grad / count)
        grad_input: Array = _channels(weight.array * inverse) * (grad_out - through_mean - normalised * through_var)
        return grad_input


def _channels(vector: Array) -> Array:
    """(C,) as (C, 1, 1), to meet (N, C, H, W)."""
    return vector[:, None, None]
