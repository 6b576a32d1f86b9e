"""The normalisation of pictures by fixed numbers: `fastcnn.layers.Normalize`."""

from collections.abc import Sequence

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.steps.elementwise import line
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.protocols import Call


@kernel
def normalize(out, out_frame, x, x_frame, mean, inverse, images):
    """out = (x - mean) * inverse; mean and inverse have a number for each value of a row, so LLVM vectorises it."""
    for n in prange(images):
        for h in range(x_frame.height):
            target, source = line(out, out_frame, n, h), line(x, x_frame, n, h)
            for e in range(len(source)):
                target[e] = (source[e] - mean[e]) * inverse[e]


class Normalize(Step):
    """(x - mean) / scale, with two fixed numbers for each channel."""

    name = "normalize"

    def __init__(self, x: Activation, out: Activation, *, mean: Sequence[float], scale: Sequence[float]) -> None:
        super().__init__(x, out)
        width = x.frame.width
        self.mean = np.tile(np.array(mean, self.dtype), width)
        self.inverse = np.tile(1 / np.array(scale, self.dtype), width)
        self.none = np.zeros_like(self.mean)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, self.mean, self.inverse, n)
        return [self._copy(normalize, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        grads = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame)
        return [self._copy(normalize, n * self.x.size, *grads, self.none, self.inverse, n)]
