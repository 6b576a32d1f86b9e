"""Batch normalisation, with the ReLU after it."""

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import frame, gradient_blocks
from fastcnn.kernels.cpu.steps import norm
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.steps.elementwise import wide_pixel
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Pair


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
        self.wide = wide_pixel(channels, self.frames[2].width)
        capacity = len(x.data) // x.frame.image
        blocks = max(self._blocks(n)[1] for n in range(1, capacity + 1)) if training else 0
        self.partials = aligned_zeros(3 * blocks * self.wide, np.float64)
        self.mean64, self.var64 = np.zeros(channels), np.zeros(channels)
        self.statistics = aligned_zeros(4 * self.wide, self.dtype)  # mean, inverse, weight, bias
        self.means = aligned_zeros(3 * self.wide, self.dtype)  # of the gradient: see norm.fold_gradients
        self.floor = self._scalar(0 if relu else -np.inf)

    def _blocks(self, n: int) -> Pair:
        return gradient_blocks(n, self.x.size)

    def prepare_calls(self) -> list[Call]:
        return [] if self.training else [(norm.settle_running, (self.statistics, *self._values(), self.eps))]

    def _values(self) -> list[Array]:
        return [self.parameters[name] for name in ("weight", "bias", "running_mean", "running_var")]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        out_frame, _, x_frame, _ = self.frames
        x, elements = (self.x.data, x_frame), n * self.x.size
        calls: list[Call] = []
        if training:
            per_block, blocks = self._blocks(n)
            count = float(n * self.pixels)
            weight, bias, *running = self._values()
            batch = (self.mean64, self.var64)
            calls = [
                self._copy(norm.sums, elements, self.partials, *x, self.wide, n, per_block),
                (norm.merge, (*batch, self.partials, self.wide, blocks, float(per_block * self.pixels), count)),
                (norm.settle, (self.statistics, weight, bias, *batch, *running, self.momentum, self.eps, count)),
            ]
        addend = (None, None) if self.addend is None else (self.addend.data, self.addend.frame)
        args = (self.out.data, out_frame, *x, self.statistics, *addend, self.floor, n)
        return [*calls, self._copy(norm.normalise, elements, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        per_block, blocks = self._blocks(n)
        elements = n * self.x.size
        out_frame, grad_frame, x_frame, x_grad_frame = self.frames
        x, grad, out = (self.x.data, x_frame), (self.out.grad, grad_frame), (self.out.data, out_frame)
        sums = (self.partials, *grad, *out, *x, self.statistics, self.relu, n, per_block)
        count = self._scalar(n * self.pixels)
        folded = (self.gradients["weight"], self.gradients["bias"], self.means)
        calls: list[Call] = [
            self._copy(norm.gradient_sums, elements, *sums),
            (norm.fold_gradients, (*folded, self.partials, self.wide, blocks, self.statistics, count)),
        ]
        if self.addend is not None:
            calls += self._passed_on(self.addend, n)
        if self.x.grad is not None:
            args = (self.x.grad, x_grad_frame, *grad, *x, self.statistics, self.means, n)
            calls.append(self._copy(norm.gradient, elements, *args))
        return calls
