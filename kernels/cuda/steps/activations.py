"""The functions of `kernels.activations` on the GPU, with a thread for each number."""

import math

from fastcnn.kernels import activations
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.toolchain.compiler import device, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.protocols import Call


@device
def _exp_of_minus(t):
    return math.exp(-t)


@device
def _erfc(z):
    return math.erfc(z)


_value, _gradient = map(device, activations.functions(_exp_of_minus, _erfc))


@kernel("F F i f i")
def activate(out, x, code, number, count):
    """out = the function of x that has this code."""
    i = here()
    if i < count:
        out[i] = _value(code, x[i], number)


@kernel("F F F i f i")
def activate_gradient(grad_in, grad, x, code, number, count):
    """grad_in = grad times the derivative of the function at x."""
    i = here()
    if i < count:
        grad_in[i] = _gradient(code, grad[i], x[i], number)


class Elementwise(Step):
    """A function of one number, by its name in `kernels.activations`."""

    def __init__(self, x: Activation, out: Activation, *, function: str, number: float) -> None:
        super().__init__(x, out)
        self.name, self.code, self.number = function, activations.CODES[function], self.dtype.type(number)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.x.size
        return [self._each(activate, count, self.out.data, self.x.data, self.code, self.number, count)]

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        arrays = (self.x.grad, self.out.grad, self.x.data)
        return [self._each(activate_gradient, count, *arrays, self.code, self.number, count)]
