"""The steps of a network's plan: what several layers do at once, with the memory for it, as lists of kernel calls.

A step is made once for a network and a largest batch; it allocates all its arrays then. `forward_calls` and
`backward_calls` give, for a batch of n pictures, the kernels and their ready arguments, so that running a step is
calling functions: nothing is worked out, converted or allocated while a network trains. `fastcnn.plan` decides which
layers become which step.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.shapes import Array, Padding, Pair

from . import loss, norm, rows
from .contract import Walk, dot_products, pooled_products, sum_products
from .geometry import Convolution, Frame, Tables, frame, gradient_blocks
from .jit import threads
from .layout import block_width, fold_grad_weight, pack_weight, pack_weight_transposed, packed_count, to_channels_last
from .pooled import pooled_gradients, pooled_gradient_serves
from .sharing import PARALLEL_COPIES, PARALLEL_PRODUCTS, chooser

NO_BORDER: Padding = ((0, 0), (0, 0))
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Activation:
    """What flows between two steps: channels-last pictures of all the batch, with the border that the reader needs.

    grad is its gradient, without a border; None where nobody asks for it.
    """

    def __init__(self, shape: tuple[int, ...], border: Padding, capacity: int, dtype: Any, with_grad: bool) -> None:
        channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
        self.shape = shape
        self.frame = frame(channels, height, width, border)
        self.grad_frame = frame(channels, height, width)
        self.data = aligned_zeros(capacity * self.frame.image, dtype)
        self.grad = aligned_zeros(capacity * self.grad_frame.image, dtype) if with_grad else None

    @property
    def size(self) -> int:
        """Values of one picture."""
        return prod(self.shape)


class Step:
    """What all steps share. x, out: the activations before and behind it; products: multiply-adds a picture."""

    name = ""
    products = 0

    def __init__(self, x: Activation, out: Activation) -> None:
        self.x, self.out = x, out
        self.dtype = out.data.dtype

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        raise NotImplementedError

    def backward_calls(self, n: int) -> list[Call]:
        raise NotImplementedError

    @property
    def gradient_products(self) -> int:
        """Multiply-adds a picture in backward."""
        return 0

    @property
    def workspace(self) -> list[Array]:
        """Arrays of its own, besides the activations."""
        return [value for value in vars(self).values() if isinstance(value, np.ndarray)]

    def _copy(self, kernel: Any, elements: int, *args: Any) -> Call:
        return chooser(kernel, elements >= PARALLEL_COPIES), args

    def _scalar(self, value: float) -> Array:
        """A number in the network's dtype, for kernels that must not widen it."""
        return np.array([value], self.dtype)


class Input(Step):
    """The batch of pictures, laid out and in [0, 1]."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)

    def load(self, images: Array) -> None:
        """(n, C, H, W) uint8, divided by 255, or floats as they are."""
        scale = 255 if images.dtype == np.uint8 else None
        kernel = chooser(to_channels_last, images.size >= PARALLEL_COPIES)
        kernel(self.out.data, self.out.frame, images, scale)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []


class Conv2d(Step):
    """Convolution, with the ReLU and the 2x2 max-pool behind it where `relu` and `pool` say so."""

    def __init__(
        self, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array | None,
        grad_bias: Array | None, *, stride: Pair, padding: Padding, dilation: Pair, groups: int, relu: bool,
        pool: bool, training: bool, capacity: int,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        kernel = f"{weight.shape[2]}x{weight.shape[3]}"
        self.name = f"conv2d {kernel}" + (" + relu" if relu else "") + (" + max_pool 2x2" if pool else "")
        self.weight, self.grad_weight, self.bias, self.grad_bias = weight, grad_weight, bias, grad_bias
        self.groups, self.relu, self.pool = groups, relu, pool
        C, H, W = x.shape
        width = block_width(self.dtype)
        needs_grad = x.grad is not None
        self.geometry = Convolution((C, H, W), weight.shape, stride, padding, dilation, groups, width, needs_grad)
        self.filters = self.geometry.K // groups
        self.products = self.geometry.P * self.geometry.Q * weight.size
        blocks = packed_count(self.filters, 1, self.dtype)
        self.packed = [aligned_zeros(blocks * weight[0].size, self.dtype) for _ in range(groups)]
        self.offsets = [aligned_zeros(blocks, self.dtype) for _ in range(groups)]
        self.zeros = aligned_zeros(width, self.dtype)
        self.codes_width = blocks
        self.codes = aligned_zeros(capacity * prod(out.shape[1:]) * blocks if pool else 0, np.uint8)
        if training:
            self._allocate_gradients(capacity)

    def _allocate_gradients(self, capacity: int) -> None:
        self.sparse = self.pool and self.x.grad is None and pooled_gradient_serves(self.geometry)
        blocks = max(gradient_blocks(n)[1] for n in range(1, min(capacity, 64) + 1))
        kernel = prod(self.geometry_shape[1:])
        filters = self.codes_width if self.sparse else self.filters
        self.partials = aligned_zeros(blocks * kernel * filters, self.dtype)
        self.bias_partials = aligned_zeros(2 * blocks * max(self.codes_width, self.geometry.K), self.dtype)
        shared = self.out.grad is not None and not self.pool and not self.relu
        shared = shared and self.geometry.grad == self.out.grad_frame
        count = 0 if self.sparse or shared else capacity * self.geometry.grad.image
        self.grad_out = self.out.grad if shared else aligned_zeros(count, self.dtype)
        self.shared = shared
        self.flipped: dict[tuple[int, int], Array] = {}
        if self.x.grad is not None:
            for group in range(self.groups):
                for i, phase in enumerate(self.geometry.grad_input(1, group, self.x.grad_frame)):
                    terms = len(phase.r_taps) * len(phase.s_taps) * self.filters
                    size = packed_count(self.geometry.C // self.groups, terms, self.dtype)
                    self.flipped[group, i] = aligned_zeros(size, self.dtype)

    @property
    def geometry_shape(self) -> tuple[int, ...]:
        return self.weight.shape

    @property
    def gradient_products(self) -> int:
        weight = self.products
        if self.sparse:  # one winner of four
            weight = prod(self.out.shape) * prod(self.weight.shape[1:])
        return weight + (self.products if self.x.grad is not None else 0)

    @property
    def workspace(self) -> list[Array]:
        lists = [*self.packed, *self.offsets, *getattr(self, "flipped", {}).values()]
        own = [self.codes, *([] if not hasattr(self, "partials") else [self.partials, self.bias_partials])]
        return lists + own + ([self.grad_out] if hasattr(self, "grad_out") and not self.shared else [])

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        shape = self.geometry
        calls = []
        for group in range(self.groups):
            first = group * self.filters
            packed = self.packed[group]
            calls.append(self._copy(pack_weight, packed.size, packed, self.weight, first, self.filters, shape.block))
            if self.bias is not None:
                calls.append((np.copyto, (self.offsets[group][: self.filters], self.bias[first : first + self.filters])))
            tables = shape.forward(n, group, self.out.frame)
            if self.pool:
                calls.append(self._pooled(n, tables, packed, self.offsets[group]))
            else:
                floor = 0.0 if self.relu else -np.inf
                calls.append(_sums(self.out.data, self.x.data, packed, self.offsets[group], floor, tables))
        return calls

    def _pooled(self, n: int, tables: Tables, packed: Array, offsets: Array) -> Call:
        row, rows_out = self.geometry.stride[0] * self.geometry.x.row, self.out.frame.height
        walk = tables.walk._replace(columns=self.out.frame.width, taps=tables.walk.taps_step)
        kernel = chooser(pooled_products, n * self.products >= PARALLEL_PRODUCTS)
        parts = 1 if n >= 4 * threads() else rows_out
        return kernel, (
            self.out.data, self.codes, self.codes_width, self.x.data, packed, offsets, tables.x_rows[: 2 * rows_out : 2].copy(),
            tables.out_rows, row, tables.x_taps, tables.w_taps, walk, parts,
        )  # fmt: skip

    def backward_calls(self, n: int) -> list[Call]:
        per_block, blocks = gradient_blocks(n)
        if self.sparse:
            return self._sparse_weight_calls(n, per_block, blocks)
        calls = self._grad_out_calls(n)
        if self.grad_bias is not None:
            sums = (self.bias_partials, self.grad_out, self._own_frame(), n, per_block)
            calls.append(self._copy(rows.channel_sums, n * prod(self.out.shape), *sums))
            calls.append((rows.fold, (self.grad_bias, self.bias_partials, blocks, self.geometry.K)))
        for group in range(self.groups):
            tables = self.geometry.grad_weight(n, group)
            calls.append(_sums(self.partials, self.x.data, self.grad_out, self.zeros, -np.inf, tables))
            calls.append(self._fold(blocks, group * self.filters, self.filters, self.filters))
        if self.x.grad is not None:
            calls += self._input_calls(n)
        return calls

    def _own_frame(self) -> Frame:
        return self.out.grad_frame if self.shared else self.geometry.grad

    def _fold(self, blocks: int, first: int, filters: int, pitch: int) -> Call:
        return self._copy(
            fold_grad_weight, blocks * self.grad_weight.size, self.grad_weight, self.partials, blocks, first, filters,
            pitch,
        )  # fmt: skip

    def _sparse_weight_calls(self, n: int, per_block: int, blocks: int) -> list[Call]:
        R, S = self.weight.shape[2:]
        kernel = chooser(pooled_gradients, n * self.products >= PARALLEL_PRODUCTS)
        args = (
            self.partials, self.bias_partials, self.x.data, self.geometry.x, self.out.grad, self.out.grad_frame,
            self.codes, self.codes_width, R, S, n, per_block,
        )  # fmt: skip
        calls: list[Call] = [(kernel, args), self._fold(blocks, 0, self.filters, self.codes_width)]
        if self.grad_bias is not None:
            calls.append((rows.fold, (self.grad_bias, self.bias_partials, blocks, 2 * self.codes_width)))
        return calls

    def _grad_out_calls(self, n: int) -> list[Call]:
        """The gradient at the convolution's own output, with its border, from that behind ReLU and max-pool."""
        grad, elements = self.geometry.grad, n * self.geometry.P * self.geometry.Q * self.geometry.K
        behind = (self.out.grad, self.out.grad_frame)
        if self.pool:
            args = (self.grad_out, grad, *behind, self.codes, self.codes_width, n)
            return [self._copy(rows.unpool_gradient, elements, *args)]
        if self.relu:
            args = (self.grad_out, grad, *behind, self.out.data, self.out.frame, n)
            return [self._copy(rows.relu_gradient, elements, *args)]
        return [] if self.shared else [self._copy(rows.copy_rows, elements, self.grad_out, grad, *behind, n)]

    def _input_calls(self, n: int) -> list[Call]:
        calls = []
        for group in range(self.groups):
            for i, phase in enumerate(self.geometry.grad_input(n, group, self.x.grad_frame)):
                packed = self.flipped[group, i]
                calls.append(
                    self._copy(
                        pack_weight_transposed, packed.size, packed, self.weight, group * self.filters, self.filters,
                        phase.r_taps, phase.s_taps, self.geometry.block,
                    )  # fmt: skip
                )
                calls.append(_sums(self.x.grad, self.grad_out, packed, self.zeros, -np.inf, phase.tables))
        return calls


class Affine(Step):
    """x @ weight + bias, with the ReLU behind it; the weight lies as (out_features, in_features)."""

    def __init__(
        self, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array, grad_bias: Array, *,
        relu: bool,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = "affine" + (" + relu" if relu else "")
        self.weight, self.grad_weight = weight.reshape(-1), grad_weight.reshape(-1)
        self.bias, self.grad_bias, self.relu = bias, grad_bias, relu
        self.products = x.size * out.size
        self.zeros = aligned_zeros(block_width(self.dtype), self.dtype)

    @property
    def gradient_products(self) -> int:
        return self.products * (1 if self.x.grad is None else 2)

    @property
    def workspace(self) -> list[Array]:
        return [self.zeros]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        kernel = chooser(dot_products, n * self.products >= PARALLEL_PRODUCTS)
        # Parts of at most 64 pictures stay in the second cache; a few pictures are shared by outputs instead.
        parts, output_parts = (1, 2 * threads()) if n < 8 * threads() else (-(-n // 64), 1)
        if output_parts == 1:
            parts = -(-parts // threads()) * threads()
        floor = 0.0 if self.relu else -np.inf
        size, outputs = self.x.size, self.out.size
        args = (
            self.out.data, self.x.data, self.weight, self.bias, floor, n, outputs, size, size, size, outputs, parts,
            output_parts,
        )  # fmt: skip
        return [(kernel, args)]

    def backward_calls(self, n: int) -> list[Call]:
        inputs, outputs = self.x.size, self.out.size
        grad = self.out.grad
        calls: list[Call] = [(rows.affine_gradient, (grad, self.out.data, self.grad_bias, n, self.relu))]
        whole = Walk(
            images=1, columns=n, filters=inputs, taps=1, taps_step=1, length=outputs, x_at=0, x_image=0,
            x_step=outputs, x_term=1, w_at=0, w_image=0, w_block=block_width(self.dtype), w_term=inputs, out_at=0,
            out_image=0, out_step=inputs, bias_block=0,
        )  # fmt: skip
        if self.x.grad is not None:
            calls.append(self._product(self.x.grad, self.weight, whole))
        swapped = whole._replace(columns=outputs, length=n, x_step=1, x_term=outputs)
        calls.append(self._product(self.grad_weight, self.x.data, swapped))
        return calls

    def _product(self, out: Array, w: Array, walk: Walk) -> Call:
        start = np.zeros(1, np.int64)
        return _sums(out, self.out.grad, w, self.zeros, -np.inf, Tables(start, start, start, start, walk))


class Relu(Step):
    """A ReLU that no step before it does."""

    name = "relu"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, n)
        return [self._copy(rows.relu, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        args = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame, self.out.data, self.out.frame, n)
        return [self._copy(rows.relu_gradient, n * self.x.size, *args)]


class MaxPool2d(Step):
    """Max-pool of any window."""

    def __init__(self, x: Activation, out: Activation, *, kernel_size: Pair, stride: Pair, padding: Padding, capacity: int) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = f"max_pool {kernel_size[0]}x{kernel_size[1]}"
        self.options = (*kernel_size, *stride, padding[0][0], padding[1][0])
        self.winners = aligned_zeros(capacity * out.size, np.int32)

    @property
    def workspace(self) -> list[Array]:
        return [self.winners]

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.winners, self.x.data, self.x.frame, n, *self.options)
        return [self._copy(rows.max_pool, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        args = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame, self.winners, n)
        return [self._copy(rows.max_pool_gradient, n * self.x.size, *args)]


class BatchNorm2d(Step):
    """Batch normalisation, with the ReLU behind it."""

    def __init__(
        self, x: Activation, out: Activation, parameters: dict[str, Array], gradients: dict[str, Array], *,
        momentum: float, eps: float, relu: bool,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = "batch_norm" + (" + relu" if relu else "")
        self.parameters, self.gradients = parameters, gradients
        self.momentum, self.eps, self.relu = momentum, eps, relu
        channels = x.shape[0]
        blocks = gradient_blocks(1 << 20)[1]
        self.partials = aligned_zeros(2 * blocks * channels, np.float64)
        self.mean64, self.var64 = np.zeros(channels), np.zeros(channels)
        self.mean, self.inverse = aligned_zeros(channels, self.dtype), aligned_zeros(channels, self.dtype)
        self.floor = self._scalar(0 if relu else -np.inf)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        values = self.parameters
        x, elements = (self.x.data, self.x.frame), n * self.x.size
        calls: list[Call] = []
        if training:
            per_block, blocks = gradient_blocks(n)
            count = float(n * prod(self.x.shape[1:]))
            for mean, result in ((None, self.mean64), (self.mean64, self.var64)):
                calls.append(self._copy(norm.sums, elements, self.partials, *x, mean, n, per_block))
                calls.append((norm.mean_of, (result, self.partials, blocks, count)))
            running = (values["running_mean"], values["running_var"], self.momentum, self.eps, count)
            calls.append((norm.settle, (self.mean, self.inverse, self.mean64, self.var64, *running)))
        else:
            running = (values["running_mean"], values["running_var"], self.eps)
            calls.append((norm.settle_running, (self.mean, self.inverse, *running)))
        scale = (self.mean, self.inverse, values["weight"], values["bias"], self.floor, n)
        calls.append(self._copy(norm.normalise, elements, self.out.data, self.out.frame, *x, *scale))
        return calls

    def backward_calls(self, n: int) -> list[Call]:
        per_block, blocks = gradient_blocks(n)
        elements = n * self.x.size
        x, grad = (self.x.data, self.x.frame), (self.out.grad, self.out.grad_frame)
        out, statistics = (self.out.data, self.out.frame), (self.mean, self.inverse)
        sums = (self.partials, *grad, *out, *x, *statistics, self.relu, n, per_block)
        folded = (self.gradients["weight"], self.gradients["bias"])
        calls: list[Call] = [
            self._copy(norm.gradient_sums, elements, *sums),
            (norm.fold_gradients, (*folded, self.partials, blocks)),
        ]
        if self.x.grad is not None:
            count = self._scalar(n * prod(self.x.shape[1:]))
            args = (self.x.grad, self.x.grad_frame, *grad, *x, *statistics, self.parameters["weight"], *folded, n, count)
            calls.append(self._copy(norm.gradient, elements, *args))
        return calls


class Dropout(Step):
    """Dropout in training; `key[0]` is set before each batch."""

    name = "dropout"

    def __init__(self, x: Activation, out: Activation, *, threshold: int, rate: float) -> None:
        super().__init__(x, out)
        self.key = np.zeros(1, np.uint64)
        self.threshold, self.scale = np.uint64(threshold), self._scalar(1 / (1 - rate))

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, n, self.key, self.threshold, self.scale)
        return [self._copy(rows.dropout, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        grads = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame)
        return [self._copy(rows.dropout, n * self.x.size, *grads, n, self.key, self.threshold, self.scale)]


class AveragePool(Step):
    """The mean of each channel."""

    name = "global_avg_pool"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return [self._copy(rows.average_pool, n * self.x.size, self.out.data, self.x.data, self.x.frame, n)]

    def backward_calls(self, n: int) -> list[Call]:
        args = (self.x.grad, self.x.grad_frame, self.out.grad, n)
        return [self._copy(rows.average_pool_gradient, n * self.x.size, *args)]


class Loss(Step):
    """Softmax cross-entropy of the logits; it fills their gradient."""

    name = "softmax + cross-entropy"

    def __init__(self, x: Activation, capacity: int) -> None:
        super().__init__(x, x)
        self.losses = np.zeros(capacity)
        self.labels = np.zeros(capacity, np.int64)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []

    def loss(self, n: int, label_smoothing: float) -> float:
        """The mean loss of the first n pictures, whose labels are set."""
        kernel = chooser(loss.softmax_cross_entropy, n * self.x.size >= 4096)
        kernel(self.losses, self.x.grad, self.x.data, self.labels, n, self.x.size, label_smoothing)
        return float(loss.total(self.losses, n) / n)


def _sums(out: Array, x: Array, w: Array, bias: Array, floor: float, tables: Tables) -> Call:
    """sum_products with the work shared by pictures or, where these are few, by rows or blocks of filters."""
    walk = tables.walk
    rows_count = len(tables.x_rows)
    blocks = -(-walk.filters // block_width(out.dtype))
    products = walk.images * rows_count * walk.columns * walk.filters * walk.taps_step * walk.length
    row_parts, block_parts = 1, 1
    if walk.images < 4 * threads():
        row_parts = rows_count
        if walk.images * rows_count < 4 * threads():
            block_parts = blocks
    kernel = chooser(sum_products, products >= PARALLEL_PRODUCTS)
    args = (
        out, x, w, bias, floor, tables.x_rows, tables.out_rows, tables.x_taps, tables.w_taps, walk, row_parts,
        block_parts,
    )  # fmt: skip
    return kernel, args
