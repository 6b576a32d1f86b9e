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
            x.take_border()
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
        # The ReLU's gradient is 0 where its input is at most this number; no number is at most NaN. The ReLU after an
        # addition changes the gradient in place, which is the addend's too.
        self.cut = self._scalar(0 if relu and addend is None else np.nan)

    def _blocks(self, n: int) -> Pair:
        return gradient_blocks(n, self.x.size)

    def prepare_calls(self) -> list[Call]:
        return [] if self.training else [(norm.settle_running, (self.statistics, *self._values(), self.eps))]

    def _values(self) -> list[Array]:
        return [self.parameters[name] for name in ("weight", "bias", "running_mean", "running_var")]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        if not training:
            return [self._normalise_call(n)]
        weight, bias, *running = self._values()
        batch = (self.mean64, self.var64)
        args = (self.statistics, weight, bias, *batch, *running, self.momentum, self.eps, float(n * self.pixels))
        return [*self._statistics_calls(n), (norm.settle, args), self._normalise_call(n)]

    def backward_calls(self, n: int) -> list[Call]:
        return [*self._gradient_sums_calls(n), *self._gradient_calls(n)]

    # The same in two parts, for a batch that is cut into shards: see `protocols.MeetingStep`.

    def forward_parts(self, n: int) -> list[list[Call]]:
        return [self._statistics_calls(n), [self._normalise_call(n)]]

    def backward_parts(self, n: int) -> list[list[Call]]:
        return [self._gradient_sums_calls(n), self._gradient_calls(n)]

    def batch_statistics(self) -> tuple[Array, Array]:
        return self.mean64, self.var64

    def take_batch_statistics(self, mean: Array, var: Array, count: int, *, moves: bool) -> None:
        self.mean64[:], self.var64[:] = mean, var
        weight, bias, running_mean, running_var = self._values()
        into, mean64, var64 = self.statistics, self.mean64, self.var64
        if moves:
            running = (running_mean, running_var)
            norm.settle(into, weight, bias, mean64, var64, *running, self.momentum, self.eps, float(count))
        else:
            norm.settle_running(into, weight, bias, mean64, var64, self.eps)

    def gradient_sums(self) -> tuple[Array, Array]:
        channels = len(self.mean64)
        return self.partials[:channels], self.partials[self.wide : self.wide + channels]

    def take_gradient_sums(self, plain: Array, scaled: Array, count: int) -> None:
        times = self.wide // len(plain)
        self.means[self.wide :] = np.concatenate([np.tile(plain / count, times), np.tile(scaled / count, times)])

    def _statistics_calls(self, n: int) -> list[Call]:
        """Mean and variance of these pictures."""
        per_block, blocks = self._blocks(n)
        args = (self.partials, self.x.data, self.frames[2], self.wide, n, per_block)
        counts = (float(per_block * self.pixels), float(n * self.pixels))
        return [
            self._copy(norm.sums, n * self.x.size, *args),
            (norm.merge, (self.mean64, self.var64, self.partials, self.wide, blocks, *counts)),
        ]

    def _normalise_call(self, n: int) -> Call:
        out_frame, _, x_frame, _ = self.frames
        addend = (None, None) if self.addend is None else (self.addend.data, self.addend.frame)
        args = (self.out.data, out_frame, self.x.data, x_frame, self.statistics, *addend, self.floor, n)
        return self._copy(norm.normalise, n * self.x.size, *args)

    def _gradient_sums_calls(self, n: int) -> list[Call]:
        """The gradients of weight and bias, and their means over these pictures."""
        per_block, blocks = self._blocks(n)
        out_frame, grad_frame, x_frame, _ = self.frames
        in_place = self.relu and self.addend is not None
        arrays = (self.out.grad, grad_frame, self.out.data, out_frame, self.x.data, x_frame)
        sums = (self.partials, *arrays, self.statistics, self.cut, in_place, n, per_block)
        folded = (self.gradients["weight"], self.gradients["bias"], self.means)
        count = self._scalar(n * self.pixels)
        return [
            self._copy(norm.gradient_sums, n * self.x.size, *sums),
            (norm.fold_gradients, (*folded, self.partials, self.wide, blocks, self.statistics, count)),
        ]

    def _gradient_calls(self, n: int) -> list[Call]:
        """The gradient of the input, from those means."""
        _, grad_frame, x_frame, x_grad_frame = self.frames
        calls = [] if self.addend is None else self._passed_on(self.addend, n)
        if self.x.grad is not None:
            arrays = (self.x.grad, x_grad_frame, self.out.grad, grad_frame, self.x.data, x_frame)
            calls.append(self._copy(norm.gradient, n * self.x.size, *arrays, self.statistics, self.means, self.cut, n))
        return calls
