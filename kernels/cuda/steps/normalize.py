"""The normalisation of pictures by fixed numbers: `fastcnn.layers.Normalize`."""

from collections.abc import Sequence

import numpy as np

from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.toolchain.compiler import int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import upload
from fastcnn.kernels.protocols import Call


@kernel("F F F F i i")
def normalize(out, x, mean, inverse, channels, count):
    """out = (x - mean) * inverse, with two numbers for each channel."""
    i = here()
    if i < count:
        c = int32(i % channels)
        out[i] = (x[i] - mean[c]) * inverse[c]


class Normalize(Step):
    """(x - mean) / scale, with two fixed numbers for each channel."""

    name = "normalize"

    def __init__(self, x: Activation, out: Activation, *, mean: Sequence[float], scale: Sequence[float]) -> None:
        super().__init__(x, out)
        given = np.array(mean, self.dtype), 1 / np.array(scale, self.dtype), np.zeros(len(mean), self.dtype)
        self.mean, self.inverse, self.none = map(upload, given)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.x.size
        args = (self.out.data, self.x.data, self.mean, self.inverse, self.x.channels, count)
        return [self._each(normalize, count, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        args = (self.x.grad, self.out.grad, self.none, self.inverse, self.x.channels, count)
        return [self._each(normalize, count, *args)]
