"""Steps of float32 that write values rounded, where a step with products of bfloat16 numbers reads them.

That step would round the same numbers, so the bits of a training stay, and less memory is read and written.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.cpu.bfloat16 import by_picture
from fastcnn.kernels.cpu.products.geometry import Frame, frame
from fastcnn.kernels.cpu.steps.base import Activation
from fastcnn.kernels.cpu.steps.batchnorm import BatchNorm2d
from fastcnn.kernels.cpu.steps.simple import MaxPool2d
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


class RoundedBatchNorm2d(BatchNorm2d):
    """As its parent. It rounds its output, and the gradient of its input after a convolution for pairs."""

    def __init__(self, x: Activation, out: Activation, *arguments: Any, addend: Activation | None, **options: Any):
        super().__init__(x, out, *arguments, addend=addend, **options)
        out.offer_bits(addend is None, False)

    def _normalise_call(self, n: int) -> Call:
        call = super()._normalise_call(n)
        return self._rounded(by_picture.normalise, call, self.frames[0]) if in_bits(self.out.data) else call

    def _gradient_calls(self, n: int) -> list[Call]:
        calls = super()._gradient_calls(n)
        if self.x.grad is None or not in_bits(self.x.grad):
            return calls
        return [*calls[:-1], self._rounded(by_picture.norm_gradient, calls[-1], self.x.frame)]

    def _rounded(self, kernel: Any, call: Call, picture: Frame) -> Call:
        return self._copy(kernel, call[1][-1] * self.x.size, *call[1], borderless(picture))


class RoundedMaxPool2d(MaxPool2d):
    """As its parent. It rounds its output."""

    def __init__(self, x: Activation, out: Activation, **options: Any) -> None:
        super().__init__(x, out, **options)
        out.offer_bits(True, False)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        calls = super().forward_calls(n, training)
        if not in_bits(self.out.data):
            return calls
        return [self._copy(by_picture.max_pool, n * self.x.size, *calls[0][1], borderless(self.out.frame))]


def in_bits(values: Array) -> bool:
    """Whether these are bfloat16's bits."""
    return bool(values.dtype == np.uint16)


def borderless(picture: Frame) -> Frame:
    """The frame of such pictures without a border."""
    return frame(picture.channels, picture.height, picture.width)
