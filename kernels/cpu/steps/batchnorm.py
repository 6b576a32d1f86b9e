"""Batch normalisation, with the ReLU after it."""

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import frame, gradient_blocks
from fastcnn.kernels.cpu.steps import norm
from fastcnn.kernels.cpu.steps.base import Activation, Step
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
        self.parameters = {name: array.reshape(-1) for name, array in parameters.items()}
        self.gradients = {name: array.reshape(-1) for name, array in gradients.items()}
        self.momentum, self.eps, self.relu = momentum, eps, relu
        channels = parameters["weight"].size
        self.pixels = x.size // channels
        if channels == x.frame.channels:
            self.frames = out.frame, out.grad_frame, x.frame, x.grad_frame
        else:  # the features of a flattened picture
            self.frames = (frame(channels, 1, 1),) * 4
        blocks = gradient_blocks(1 << 20)[1]
        self.partials = aligned_zeros(2 * blocks * channels, np.float64)
        self.mean64, self.var64 = np.zeros(channels), np.zeros(channels)
        self.mean, self.inverse = aligned_zeros(channels, self.dtype), aligned_zeros(channels, self.dtype)
        self.floor = self._scalar(0 if relu else -np.inf)

    def prepare_calls(self) -> list[Call]:
        running = (self.parameters["running_mean"], self.parameters["running_var"])
        return [] if self.training else [(norm.settle_running, (self.mean, self.inverse, *running, self.eps))]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        values = self.parameters
        out_frame, _, x_frame, _ = self.frames
        x, elements = (self.x.data, x_frame), n * self.x.size
        running = (values["running_mean"], values["running_var"])
        calls: list[Call] = []
        if training:
            per_block, blocks = gradient_blocks(n)
            count = float(n * self.pixels)
            for mean, result in ((None, self.mean64), (self.mean64, self.var64)):
                calls.append(self._copy(norm.sums, elements, self.partials, *x, mean, n, per_block))
                calls.append((norm.mean_of, (result, self.partials, blocks, count)))
            batch = (self.mean64, self.var64, *running, self.momentum, self.eps, count)
            calls.append((norm.settle, (self.mean, self.inverse, *batch)))
        addend = (None, None) if self.addend is None else (self.addend.data, self.addend.frame)
        scale = (self.mean, self.inverse, values["weight"], values["bias"], *addend, self.floor, n)
        calls.append(self._copy(norm.normalise, elements, self.out.data, out_frame, *x, *scale))
        return calls

    def backward_calls(self, n: int) -> list[Call]:
        per_block, blocks = gradient_blocks(n)
        elements = n * self.x.size
        out_frame, grad_frame, x_frame, x_grad_frame = self.frames
        x, grad = (self.x.data, x_frame), (self.out.grad, grad_frame)
        out, statistics = (self.out.data, out_frame), (self.mean, self.inverse)
        sums = (self.partials, *grad, *out, *x, *statistics, self.relu, n, per_block)
        folded = (self.gradients["weight"], self.gradients["bias"])
        calls: list[Call] = [
            self._copy(norm.gradient_sums, elements, *sums),
            (norm.fold_gradients, (*folded, self.partials, blocks)),
        ]
        if self.addend is not None:
            calls += self._passed_on(self.addend, n)
        if self.x.grad is not None:
            count = self._scalar(n * self.pixels)
            weight = self.parameters["weight"]
            args = (self.x.grad, x_grad_frame, *grad, *x, *statistics, weight, *folded, n, count)
            calls.append(self._copy(norm.gradient, elements, *args))
        return calls
