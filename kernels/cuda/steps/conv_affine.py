"""Convolution and Affine on the GPU, with the layers after them."""

import numpy as np

from fastcnn.kernels.cuda.products import calls as products
from fastcnn.kernels.cuda.products.calls import Geometry
from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.steps import norm as norms
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.steps.residence import resident
from fastcnn.kernels.cuda.toolchain.memory import empty
from fastcnn.kernels.cuda.toolchain.sizes import shares, tiles
from fastcnn.kernels.protocols import Call, Norm
from fastcnn.kernels.shapes import Array, Padding, Pair


class Conv2d(Step):
    """Convolution, with the ReLU after it if `relu`, and the 2x2 max-pool after that if `pool`."""

    def __init__(
        self, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array | None,
        grad_bias: Array | None, *, stride: Pair, padding: Padding, dilation: Pair, groups: int, relu: bool,
        pool: bool, norm: Norm | None, addend: Activation | None, training: bool, capacity: int,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        K, _, R, S = weight.shape
        self.name = f"conv2d {R}x{S}" + " + batch_norm" * (norm is not None)
        self.name += " + add" * (addend is not None) + " + relu" * relu + " + max_pool 2x2" * pool
        self.options = (K, (R, S), stride, padding, dilation, groups, True)
        self.relu, self.pool, self.addend = relu, pool, addend
        whole = self._geometry(capacity)
        outputs = whole.P * whole.Q
        self.products = outputs * weight.size
        self.weight, self.bias = resident(weight), None if bias is None else resident(bias)
        # Forward reads the parameters themselves, or copies with the batch normalisation in them.
        self.forward_weight, self.forward_bias = self.weight, self.bias
        self.norm = None if norm is None else (*map(resident, norm[:4]), np.float64(norm.eps))
        if norm is not None:
            self.forward_weight, self.forward_bias = empty(weight.size, self.dtype), empty(K, self.dtype)
        self.codes = empty(capacity * out.size, np.uint8) if pool else None
        if training:
            self.grad_weight = resident(grad_weight)
            self.grad_bias = None if grad_bias is None else resident(grad_bias)
            # The gradient of the convolution's own output. Without ReLU and max-pool it is the gradient of out; the
            # gradient before an addition's ReLU is written in its place.
            self.grad_out = out.grad
            if pool or (relu and addend is None):
                self.grad_out = out.memory.take(capacity * outputs * K, self.dtype)
                out.memory.give_back(self.grad_out)  # only this step uses it
            parts = max(products.weight_shares(self._geometry(n))[0] for n in range(1, capacity + 1))
            bands = products.bands(capacity * outputs)
            self.partials = empty(max(parts * weight.size, bands * K), self.dtype)

    def _geometry(self, n: int) -> Geometry:
        return products.geometry((n, *self.x.shape), *self.options)  # type: ignore[arg-type]

    def prepare_calls(self) -> list[Call]:
        if self.norm is None:
            return []
        given = (self.weight, self.weight if self.bias is None else self.bias, self.bias is not None)
        count = self.weight.size
        args = (self.forward_weight, self.forward_bias, *given, *self.norm, count, count // self.norm[0].size)
        return [self._each(norms.fold_into, count, *args)]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        shape, data = self._geometry(n), (self.x.data, self.forward_weight, self.forward_bias)
        if self.pool:
            return [products.forward_pooled(shape, self.out.data, self.codes, *data)]
        if self.addend is None:
            return [products.forward(shape, self.out.data, *data, self.relu)]
        out, count = self.out.data, n * self.out.size
        added = self._each(elementwise.add, count, out, out, self.addend.data, self.relu, count)
        return [products.forward(shape, out, *data, False), added]

    def backward_calls(self, n: int) -> list[Call]:
        shape, grad = self._geometry(n), self.grad_out
        channels = shape.K * shape.groups
        rows = n * shape.P * shape.Q
        calls: list[Call] = []
        if self.pool:
            count = n * tiles(shape.P, 2) * tiles(shape.Q, 2) * channels
            args = (grad, self.out.grad, self.codes, count, shape.P, shape.Q, channels)
            calls.append(self._each(elementwise.unpool_gradient, count, *args))
        elif self.relu:
            count = rows * channels
            calls.append(self._each(elementwise.relu_gradient, count, grad, self.out.grad, self.out.data, count))
        if self.addend is not None:
            calls += self._passed_on(self.addend, n)
        if self.grad_bias is not None:
            calls += products.column_sums(self.grad_bias, self.partials, grad, rows, channels)
        calls += products.grad_weight(shape, self.grad_weight, self.partials, grad, self.x.data)
        if self.x.grad is not None:
            calls.append(products.grad_input(shape, self.x.grad, grad, self.weight))
        return calls


class Affine(Step):
    """x @ weight + bias, with the ReLU after it; the weight is stored as (out_features, in_features)."""

    def __init__(
        self, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array, grad_bias: Array, *,
        relu: bool,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = "affine" + (" + relu" if relu else "")
        self.weight, self.bias, self.relu = resident(weight), resident(bias), relu
        self.grad_weight, self.grad_bias = resident(grad_weight), resident(grad_bias)
        self.products = x.size * out.size
        capacity = out.data.size // out.size
        sizes = [each for n in range(1, capacity + 1) for each in self._products(n)]
        most = max(shares(rows, columns, depth)[0] * rows * columns for rows, columns, depth in sizes)
        self.partials = empty(max(most, products.bands(capacity) * out.size), self.dtype)

    def _products(self, n: int) -> tuple[tuple[int, int, int], ...]:
        """Rows, columns and depth of three products: forward, the input's gradient and the weight's gradient."""
        x, out = self.x.size, self.out.size
        return (n, out, x), (n, x, out), (out, x, n)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        depth = self.x.size
        operands = (self.out.data, self.partials, self.x.data, self.weight)
        return products.product(*operands, self._products(n)[0], (depth, 1, depth, 1), self.bias, self.relu)

    def backward_calls(self, n: int) -> list[Call]:
        x, out, grad = self.x.size, self.out.size, self.out.grad
        _, of_input, of_weight = self._products(n)
        calls: list[Call] = []
        if self.relu:
            calls.append(self._each(elementwise.relu_gradient, n * out, grad, grad, self.out.data, n * out))
        calls += products.column_sums(self.grad_bias, self.partials, grad, n, out)
        if self.x.grad is not None:
            calls += products.product(self.x.grad, self.partials, grad, self.weight, of_input, (out, 1, 1, x))
        calls += products.product(self.grad_weight, self.partials, grad, self.x.data, of_weight, (1, out, 1, x))
        return calls
