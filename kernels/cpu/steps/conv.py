"""Convolution, with the addition, the ReLU and the 2x2 max-pool after it."""

from math import prod
from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products import weights
from fastcnn.kernels.cpu.products.calls import sums
from fastcnn.kernels.cpu.products.geometry import Convolution, Frame, Phase, Tables, gradient_blocks
from fastcnn.kernels.cpu.products.layout import block_width, packed_count
from fastcnn.kernels.cpu.products.loops import Addend, pooled_products
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.cpu.steps import norm as norms
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.steps.sparse_gradient import pooled_gradient_serves, pooled_gradients
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS, chooser
from fastcnn.kernels.protocols import Call, Norm
from fastcnn.kernels.shapes import Array, Padding, Pair
from fastcnn.kernels.threads import threads


class WindowConv2d(Step):
    """Convolution, with the addition, the ReLU and the 2x2 max-pool after it where the arguments say so.

    weight, grad_weight : (K, C/groups, R, S)
    bias, grad_bias : (K,), or None
    """

    shares_gradient = True  # the gradient of the output may serve as it is; else it is copied first
    notes_winners = False  # of a max-pool in inference too, where nobody reads the codes
    grad_out: Any

    def __init__(
        self, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array | None,
        grad_bias: Array | None, *, stride: Pair, padding: Padding, dilation: Pair, groups: int, relu: bool,
        pool: bool, norm: Norm | None, addend: Activation | None, training: bool, capacity: int,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        kernel = f"{weight.shape[2]}x{weight.shape[3]}"
        self.name = f"conv2d {kernel}" + " + batch_norm" * (norm is not None)
        self.name += " + add" * (addend is not None) + " + relu" * relu + " + max_pool 2x2" * pool
        self.weight, self.grad_weight, self.bias, self.grad_bias = weight, grad_weight, bias, grad_bias
        self.groups, self.relu, self.pool, self.addend = self._parts(groups), relu, pool, addend
        C, H, W = x.shape
        width = block_width(self.dtype)
        has_border = x.grad is not None
        self.geometry = Convolution(
            (C, H, W), weight.shape, stride, padding, dilation, groups, width, has_border, x.frame
        )
        self.filters = self.geometry.K // self.groups
        self.products = self.geometry.P * self.geometry.Q * weight.size
        self.padded_filters = packed_count(self.filters, 1, self.dtype)
        self.packed = [aligned_zeros(self.padded_filters * weight[0].size, self.dtype) for _ in range(self.groups)]
        self.offsets = [aligned_zeros(self.padded_filters, self.dtype) for _ in range(self.groups)]
        self.norm = norm
        sizes = () if norm is None else (weight.size, len(weight))
        self.normed = [aligned_zeros(size, self.dtype) for size in sizes]  # weight and bias with `norm` in them
        self.zeros = aligned_zeros(width, self.dtype)
        noted = capacity if pool and (training or self.notes_winners) else 0
        self.codes = aligned_zeros(noted * prod(out.shape[1:]) * self.padded_filters, np.uint8)
        self.sparse = pool and x.grad is None and pooled_gradient_serves(self.geometry)
        self.pictures = x.data  # what the sparse gradient reads
        self.flipped: dict[tuple[int, int], Array] = {}  # weights for the input's gradient, by group and phase
        if training:
            self._allocate_gradients(capacity)

    def _allocate_gradients(self, capacity: int) -> None:
        shape, out = self.geometry, self.out
        blocks = max(shape.gradient_blocks(n, self.sparse)[1] for n in range(1, capacity + 1))
        filters = self.padded_filters if self.sparse else self.filters
        self.partials = out.memory.scratch(blocks * self.weight[0].size * filters, self.dtype)
        # The pixels that won sum up the bias as well; otherwise it is summed alone, in float64.
        self.wide = elementwise.wide_pixel(self.grad_frame.channels, shape.Q)
        parts = max(self._bias_blocks(n)[1] for n in range(1, capacity + 1))
        self.bias_partials = (
            aligned_zeros(2 * blocks * self.padded_filters, self.dtype)
            if self.sparse
            else aligned_zeros(parts * self.wide, np.float64)
        )
        # Where nothing comes after the convolution, the gradient of its output is there already. The addition's own
        # gradient, before the ReLU, is written in its place.
        cut = self.relu and self.addend is None
        direct = self.shares_gradient and out.grad is not None and not self.pool and not cut
        direct = direct and shape.grad == out.grad_frame
        self.grad_out = out.grad if direct else self._room_for_gradient(capacity)
        if out.grad is not None and not (direct or self.relu or self.pool or self.addend):
            out.bordered = self.grad_out, self.grad_frame
        elif not direct:
            out.memory.give_back(self.grad_out)  # only this step uses it
        if self.x.grad is not None:
            for group in range(self.groups):
                for i, phase in enumerate(shape.grad_input(1, group, self.x.grad_frame)):
                    self.flipped[group, i] = aligned_zeros(self._flipped_count(phase), self.dtype)

    def _room_for_gradient(self, capacity: int) -> Array:
        """For the gradient of the convolution's own output, with its border of zeros."""
        count = 0 if self.sparse else capacity * self.grad_frame.image
        # A 2x2 max-pool leaves the last row and column of odd pictures out, pairs the one after odd filters: zeros too.
        layout = self.grad_frame, self.geometry.K, self.pool
        room: Array = self.out.memory.take(count, self.grad_dtype, layout)
        return room

    # The next methods are all that a depthwise convolution, or one in bfloat16, does in another way.

    @property
    def grad_frame(self) -> Frame:
        """That of `grad_out`."""
        return self.geometry.grad

    @property
    def grad_dtype(self) -> Any:
        """That of `grad_out`."""
        return self.dtype

    def _parts(self, groups: int) -> int:
        """Into how many sums of products the filters are cut."""
        return groups

    def _flipped_count(self, phase: Phase) -> int:
        """Elements of the weights that `_pack_flipped` packs."""
        terms = len(phase.r_taps) * len(phase.s_taps) * self.filters
        return packed_count(self.geometry.C // self.groups, terms, self.dtype)

    def _pack(self, packed: Array, weight: Array, group: int) -> list[Call]:
        return [self._moving(packed.size, weights.pack(packed, weight, self.geometry, group))]

    def _pack_flipped(self, packed: Array, group: int, phase: Phase) -> list[Call]:
        return [self._moving(packed.size, weights.pack_flipped(packed, self.weight, self.geometry, group, phase))]

    def _sums(
        self, out: Array, x: Array, packed: Array, offsets: Array, floor: float, tables: Tables,
        addend: Addend | None = None,
    ) -> Call:  # fmt: skip
        return sums(out, x, packed, offsets, floor, tables, addend)

    def _weight_sums(self, n: int, group: int) -> Call:
        """Into `partials`, block by block of pictures."""
        tables = self.geometry.grad_weight(n, group)
        return sums(self.partials, self.x.data, self.grad_out, self.zeros, -np.inf, tables)

    def _fold_weight(self, blocks: int, group: int, pitch: int) -> Call:
        call = weights.fold(self.grad_weight, self.partials, self.geometry, group, blocks, pitch)
        return self._moving(blocks * self.grad_weight.size, call)

    @property
    def gradient_products(self) -> int:
        # One winner of four pixels in the sparse gradient of the weight.
        of_weight = self.out.size * self.weight[0].size if self.sparse else self.products
        return of_weight + (self.products if self.x.grad is not None else 0)

    def prepare_calls(self) -> list[Call]:
        calls: list[Call] = []
        weight, bias = self.weight, self.bias
        if self.norm is not None:
            flat, bias = self.normed
            calls.append((norms.fold_into, (flat, bias, weight.reshape(-1), self.bias, *self.norm)))
            weight = flat.reshape(weight.shape)
        for group, (packed, offsets) in enumerate(zip(self.packed, self.offsets, strict=True)):
            first = group * self.filters
            calls += self._pack(packed, weight, group)
            if bias is not None:
                calls.append((np.copyto, (offsets[: self.filters], bias[first : first + self.filters])))
        return calls

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        calls: list[Call] = []
        for group, (packed, offsets) in enumerate(zip(self.packed, self.offsets, strict=True)):
            tables = self.geometry.forward(n, group, self.out.frame, self.pool)
            if self.pool:
                calls.append(self._pooled(n, tables, packed, offsets, self.padded_filters if training else 0))
            else:
                floor, addend, x = 0.0 if self.relu else -np.inf, self._addend(n, group), self.x.data
                short = self.geometry.short_rows(self.out.frame) if n == 1 and addend is None else None
                if short is not None:
                    x, tables = aligned_zeros(short.size, self.dtype), short.tables
                    args = (x, short.copied, self.x.data, short.source, short.rows)
                    calls.append(self._copy(elementwise.copy_rows, short.size, *args))
                calls.append(self._sums(self.out.data, x, packed, offsets, floor, tables, addend))
        return calls

    def _addend(self, n: int, group: int) -> Addend | None:
        """It lies where the output would lie if it had the same border."""
        if self.addend is None:
            return None
        tables = self.geometry.forward(n, group, self.addend.frame)
        walk = tables.walk
        return Addend(self.addend.data, tables.out_rows, walk.out_at, walk.out_image, walk.out_step, 1)

    def _pooled(self, n: int, tables: Tables, packed: Array, offsets: Array, codes_width: int) -> Call:
        height, width = self.out.shape[1:]
        below = self.geometry.stride[0] * self.geometry.x.row
        upper_rows = tables.x_rows[: 2 * height : 2].copy()
        walk = tables.walk._replace(columns=width, taps=tables.walk.taps_step)
        args = (
            self.out.data, self.codes, codes_width, self.x.data, packed, offsets, upper_rows, tables.out_rows,
            below, tables.x_taps, tables.w_taps, walk, 1 if n >= 4 * threads() else height,
        )  # fmt: skip
        return chooser(pooled_products, n * self.products >= PARALLEL_PRODUCTS), args

    def backward_calls(self, n: int) -> list[Call]:
        if self.sparse:
            return self._sparse_weight_calls(n)
        calls = [*self._grad_out_calls(n), *self._bias_calls(n), *self._weight_calls(n)]
        return calls if self.x.grad is None else calls + self._input_calls(n)

    def _sparse_weight_calls(self, n: int) -> list[Call]:
        per_block, blocks = self.geometry.gradient_blocks(n, alone=True)
        args = (
            self.partials, self.bias_partials, self.pictures, self.geometry.x, self.out.grad, self.out.grad_frame,
            self.codes, self.padded_filters, *self.weight.shape[2:], n, per_block,
        )  # fmt: skip
        calls = [
            (chooser(pooled_gradients, n * self.products >= PARALLEL_PRODUCTS), args),
            self._fold_weight(blocks, 0, self.padded_filters),
        ]
        if self.grad_bias is not None:
            calls.append((elementwise.fold, (self.grad_bias, self.bias_partials, blocks, 2 * self.padded_filters)))
        return calls

    def _grad_out_calls(self, n: int) -> list[Call]:
        """The gradient at the convolution's own output, with its border, from the gradient after ReLU and max-pool."""
        out, into = self.out, (self.grad_out, self.geometry.grad)
        elements = n * self.geometry.P * self.geometry.Q * self.geometry.K
        after = (out.grad, out.grad_frame)
        if self.pool:
            return [
                self._copy(elementwise.unpool_gradient, elements, *into, *after, self.codes, self.padded_filters, n)
            ]
        calls: list[Call] = []
        if self.relu:
            to = into if self.addend is None else after
            calls.append(self._copy(elementwise.relu_gradient, elements, *to, *after, out.data, out.frame, n))
        if self.addend is not None:
            calls += self._passed_on(self.addend, n)
        if self.grad_out is not out.grad and (self.addend is not None or not self.relu):
            calls.append(self._copy(elementwise.copy_rows, elements, *into, *after, n))
        return calls

    def _bias_blocks(self, n: int) -> Pair:
        return gradient_blocks(n, self.geometry.P * self.geometry.Q * self.geometry.K)

    def _bias_calls(self, n: int) -> list[Call]:
        if self.grad_bias is None:
            return []
        shape, (per_block, parts) = self.geometry, self._bias_blocks(n)
        args = (self.bias_partials, self.grad_out, self.grad_frame, self.wide, n, per_block)
        return [
            self._copy(elementwise.channel_sums, n * shape.P * shape.Q * shape.K, *args),
            (elementwise.fold, (self.grad_bias, self.bias_partials, parts, self.wide)),
        ]

    def _weight_calls(self, n: int) -> list[Call]:
        _, blocks = self.geometry.gradient_blocks(n)
        calls: list[Call] = []
        for group in range(self.groups):
            calls.append(self._weight_sums(n, group))
            calls.append(self._fold_weight(blocks, group, self.filters))
        return calls

    def _moving(self, elements: int, call: Call) -> Call:
        kernel, args = call
        return self._copy(kernel, elements, *args)

    def _input_calls(self, n: int) -> list[Call]:
        calls: list[Call] = []
        for (group, i), packed in self.flipped.items():
            phase = self.geometry.grad_input(n, group, self.x.grad_frame)[i]
            calls += self._pack_flipped(packed, group, phase)
            calls.append(self._sums(self.x.grad, self.grad_out, packed, self.zeros, -np.inf, phase.tables))
        return calls
