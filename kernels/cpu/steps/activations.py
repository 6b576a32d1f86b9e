"""The functions of `kernels.activations` on channels-last pictures, one number at a time."""

from functools import cache
from typing import Any

from numba import prange

from fastcnn.kernels import activations
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.steps.elementwise import line
from fastcnn.kernels.cpu.steps.error_function import erfc
from fastcnn.kernels.cpu.steps.exponential import exp_of_minus
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.protocols import Call

_value, _gradient = map(inner(key="exp_of_minus, erfc", forceinline=True), activations.functions(exp_of_minus, erfc))


@cache
def _kernels(code: int) -> tuple[Any, Any]:
    """The kernels for forward and backward of one function. Its code is a constant, so others are not compiled."""

    @kernel
    def forward(out, out_frame, x, x_frame, number, images):
        for n in prange(images):
            for h in range(x_frame.height):
                target, source = line(out, out_frame, n, h), line(x, x_frame, n, h)
                for e in range(len(source)):
                    target[e] = _value(code, source[e], number[0])

    @kernel
    def backward(grad_in, grad_in_frame, grad, grad_frame, x, x_frame, number, images):
        for n in prange(images):
            for h in range(x_frame.height):
                target, passed = line(grad_in, grad_in_frame, n, h), line(grad, grad_frame, n, h)
                source = line(x, x_frame, n, h)
                for e in range(len(source)):
                    target[e] = _gradient(code, passed[e], source[e], number[0])

    return forward, backward


class Elementwise(Step):
    """A function of one number, by its name in `kernels.activations`."""

    def __init__(self, x: Activation, out: Activation, *, function: str, number: float) -> None:
        super().__init__(x, out)
        self.name, self.number = function, self._scalar(number)
        self._forward, self._backward = _kernels(activations.CODES[function])

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, self.number, n)
        return [self._copy(self._forward, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        grads = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame)
        return [self._copy(self._backward, n * self.x.size, *grads, self.x.data, self.x.frame, self.number, n)]
