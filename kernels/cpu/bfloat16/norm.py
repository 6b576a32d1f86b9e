"""Batch normalisation where the products before it read the gradient of its input in bfloat16."""

import numpy as np

from fastcnn.kernels.cpu.bfloat16 import rounding
from fastcnn.kernels.cpu.products.geometry import frame
from fastcnn.kernels.cpu.steps.batchnorm import BatchNorm2d
from fastcnn.kernels.protocols import Call


class RoundedBatchNorm2d(BatchNorm2d):
    """As its parent. After a convolution for pairs it writes the gradient of its input rounded, where that reads it.

    The convolution would round the same numbers, so the bits of a training stay, and less memory is read and written.
    """

    def _gradient_calls(self, n: int) -> list[Call]:
        calls = super()._gradient_calls(n)
        if self.x.grad is None or self.x.grad.dtype != np.uint16:
            return calls
        *others, (_, args) = calls
        picture = self.x.frame
        exact = frame(picture.channels, picture.height, picture.width)
        return [*others, self._copy(rounding.norm_gradient, n * self.x.size, *args, exact)]
