"""Batch normalisation on the GPU, with the ReLU after it."""

from typing import Any

import numpy as np

from fastcnn.kernels.cuda.products.calls import BAND_ROWS, bands
from fastcnn.kernels.cuda.steps import elementwise, norm
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.steps.residence import resident
from fastcnn.kernels.cuda.toolchain.memory import empty, zeros
from fastcnn.kernels.cuda.toolchain.sizes import BAND, LANES, tiles
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array


class BatchNorm2d(Step):
    """Batch normalisation, with the ReLU after it."""

    def __init__(
        self, x: Activation, out: Activation, parameters: dict[str, Array], gradients: dict[str, Array], *,
        momentum: float, eps: float, relu: bool, addend: Activation | None, training: bool,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = "batch_norm" + (" + add" if addend else "") + (" + relu" if relu else "")
        self.addend, self.training = addend, training
        self.weight, self.bias = resident(parameters["weight"]), resident(parameters["bias"])
        self.running = resident(parameters["running_mean"]), resident(parameters["running_var"])
        self.gradients = resident(gradients["weight"]), resident(gradients["bias"])
        self.momentum, self.eps, self.relu = np.float64(momentum), np.float64(eps), relu
        capacity = out.data.size // out.size
        self.channels = channels = parameters["weight"].size  # each value of a flattened picture is a channel
        self.pixels = x.size // channels
        self.partials = empty(2 * bands(capacity * self.pixels) * channels, np.float64)
        self.mean64, self.var64 = zeros(channels, np.float64), zeros(channels, np.float64)
        self.mean, self.inverse = empty(channels, self.dtype), empty(channels, self.dtype)

    def _banded(self, kernel: Any, rows: int, *args: Any) -> Call:
        grid = (tiles(self.channels, BAND), bands(rows)), (BAND, LANES)
        return kernel, (*grid, *args, rows, self.channels, BAND_ROWS)

    def prepare_calls(self) -> list[Call]:
        if self.training:
            return []
        channels = self.x.channels
        args = (self.mean, self.inverse, *self.running, channels, self.eps)
        return [self._each(norm.settle_running, channels, *args)]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        channels, rows = self.channels, n * self.pixels
        settled = (self.mean, self.inverse)
        calls: list[Call] = []
        if training:
            pixels = np.float64(rows)
            for centred, result in ((False, self.mean64), (True, self.var64)):
                calls.append(self._banded(norm.moments, rows, self.partials, self.x.data, self.mean64, centred))
                calls.append(self._each(norm.mean_of, channels, result, self.partials, bands(rows), channels, pixels))
            args = (*settled, self.mean64, self.var64, *self.running, channels, self.momentum, self.eps, pixels)
            calls.append(self._each(norm.settle, channels, *args))
        count = rows * channels
        given = (self.out.data, self.x.data, *settled, self.weight, self.bias)
        if self.addend is None:
            return [*calls, self._each(norm.normalise, count, *given, self.relu, count, channels)]
        return [*calls, self._each(norm.normalise_sum, count, *given, self.addend.data, self.relu, count, channels)]

    def backward_calls(self, n: int) -> list[Call]:
        channels, rows = self.channels, n * self.pixels
        count, grad, settled = rows * channels, self.out.grad, (self.mean, self.inverse)
        calls: list[Call] = []
        if self.relu:
            calls.append(self._each(elementwise.relu_gradient, count, grad, grad, self.out.data, count))
        if self.addend is not None:
            calls += self._passed_on(self.addend, n)
        sums = (self.partials, grad, self.x.data, *settled, self.mean64)
        calls.append(self._banded(norm.norm_gradient_sums, rows, *sums))
        calls.append(self._each(norm.fold_gradients, channels, *self.gradients, self.partials, bands(rows), channels))
        if self.x.grad is not None:
            arrays = (self.x.grad, grad, self.x.data, *settled, self.weight, *self.gradients)
            calls.append(self._each(norm.norm_gradient, count, *arrays, count, channels, self.dtype.type(rows)))
        return calls
