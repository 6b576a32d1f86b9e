"""Activation functions. NaN stays NaN in all of them."""

import math

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_number
from fastcnn.kernels.protocols import Step
from fastcnn.kernels.values import shown
from fastcnn.layers.base import Layer, Place


class ReLU(Layer):
    """max(x, 0). NaN stays NaN, and its gradient passes through, as in PyTorch."""

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


class LeakyReLU(Layer):
    """x if x > 0, else negative_slope times x (Maas, Hannun and Ng 2013). The same as torch.nn.LeakyReLU."""

    OPTIONS = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = check_number("negative_slope", negative_slope)

    def make_step(self, place: Place) -> Step:
        return place.steps.Elementwise(place.x, place.out, function="leaky_relu", number=self.negative_slope)

    def forward(self, x: Array, training: bool) -> Array:
        self._saved = (x,) if training else ()
        out: Array = np.where(x > 0, x, x.dtype.type(self.negative_slope) * x)
        return out

    def backward(self, grad_out: Array) -> Array:
        (x,) = self._recall()
        grad_input: Array = np.where(x > 0, grad_out, grad_out.dtype.type(self.negative_slope) * grad_out)
        return grad_input


class GELU(Layer):
    """x times the standard normal distribution function of x (Hendrycks and Gimpel 2016). The same as torch.nn.GELU.

    Parameters
    ----------
    approximate : "none", or "tanh" for x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    """

    OPTIONS = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        if not isinstance(approximate, str):
            raise TypeError(f'approximate must be "none" or "tanh", not {shown(approximate)}')
        if approximate not in ("none", "tanh"):
            raise ValueError(f'approximate must be "none" or "tanh", not {shown(approximate)}')
        self.approximate = str(approximate)

    def make_step(self, place: Place) -> Step:
        function = "gelu" if self.approximate == "none" else "gelu_tanh"
        return place.steps.Elementwise(place.x, place.out, function=function, number=0)

    def forward(self, x: Array, training: bool) -> Array:
        share = _normal_share(x) if self.approximate == "none" else _logistic(_tanh_argument(x))
        self._saved = (x, share) if training else ()
        return x * share

    def backward(self, grad_out: Array) -> Array:
        x, share = self._recall()
        if self.approximate == "none":
            slope = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        else:
            slope = share * (1 - share) * math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * x * x)
        grad_input: Array = grad_out * (share + x * slope)
        return grad_input


class SiLU(Layer):
    """x times the logistic function of x, or swish (Elfwing, Uchibe and Doya 2017). The same as torch.nn.SiLU."""

    def make_step(self, place: Place) -> Step:
        return place.steps.Elementwise(place.x, place.out, function="silu", number=0)

    def forward(self, x: Array, training: bool) -> Array:
        share = _logistic(x)
        self._saved = (x, share) if training else ()
        return x * share

    def backward(self, grad_out: Array) -> Array:
        x, share = self._recall()
        grad_input: Array = grad_out * (share + x * share * (1 - share))
        return grad_input


def _logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow for a large x of either sign."""
    small = np.exp(-np.abs(x))
    out: Array = np.where(x > 0, x.dtype.type(1), small) / (1 + small)
    return out


def _tanh_argument(x: Array) -> Array:
    """2 u. GELU's approximation is x (1 + tanh u) / 2, which is x times the logistic function of 2 u."""
    argument: Array = math.sqrt(8 / math.pi) * (x + 0.044715 * x * x * x)
    return argument


def _normal_share(x: Array) -> Array:
    """The standard normal distribution function of x. It is exact also near 0, where 1 + erf would not be."""
    shares = (0.5 * math.erfc(-value * math.sqrt(0.5)) for value in x.ravel().tolist())
    return np.fromiter(shares, x.dtype, x.size).reshape(x.shape)
