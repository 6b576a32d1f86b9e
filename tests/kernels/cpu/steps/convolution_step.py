"""A step of one convolution with its arrays, for tests of the methods that compute it."""

import numpy as np

from fastcnn import kernels
from fastcnn.kernels.cpu import steps


class Step:
    """A step of one convolution with its arrays."""

    def __init__(
        self, shape, filters, padding, n, dtype, *, size=3, training=False, pool=False, relu=False,
        add=False, seed=0,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng(seed)
        self.images = rng.standard_normal((n, *shape)).astype(dtype)
        self.weight = rng.standard_normal((filters, shape[0], size, size)).astype(dtype)
        self.bias = rng.standard_normal(filters).astype(dtype)
        self.padded = np.pad(self.images, ((0, 0), (0, 0), *padding))
        P, Q = (side - size + 1 for side in self.padded.shape[2:])
        out_shape = (filters, P // 2, Q // 2) if pool else (filters, P, Q)
        self.x = steps.Activation(shape, padding, n, np.dtype(dtype), training)
        self.out = steps.Activation(out_shape, ((1, 2), (1, 0)), n, np.dtype(dtype), training)
        self.addend = steps.Activation(out_shape, ((0, 1), (2, 0)), n, np.dtype(dtype), False) if add else None
        self.step = steps.Conv2d(
            self.x, self.out, self.weight, np.zeros_like(self.weight), self.bias, np.zeros_like(self.bias),
            stride=(1, 1), padding=padding, dilation=(1, 1), groups=1, relu=relu, pool=pool, norm=None,
            addend=self.addend, training=training, capacity=n,
        )  # fmt: skip
        steps.Input(self.x).load(self.images)

    def run(self, calls) -> None:
        with steps.entry(calls):
            for kernel, args in calls:
                kernel(*args)

    def forward(self, training: bool = False) -> np.ndarray:
        n = len(self.images)
        self.run(steps.without_twins(self.step.prepare_calls() + self.step.forward_calls(n, training)))
        K, P, Q = self.out.shape
        pictures = self.out.data.reshape(n, P + 3, Q + 1, K)
        return pictures[:, 1 : P + 1, 1 : Q + 1].transpose(0, 3, 1, 2)

    def expected(self) -> np.ndarray:
        """In float64, by the reference."""
        kernels.use("reference")
        args = [each.astype(np.float64) for each in (self.padded, self.weight, self.bias)]
        return kernels.conv2d(*args)
