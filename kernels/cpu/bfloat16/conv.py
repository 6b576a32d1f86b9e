"""Convolution of one group, and affine layers, with the tiles for pairs of bfloat16 numbers."""

from copy import copy
from math import prod
from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.bfloat16 import rounding
from fastcnn.kernels.cpu.bfloat16.rounding import in_place, rounded
from fastcnn.kernels.cpu.products import pairs
from fastcnn.kernels.cpu.products.calls import sums
from fastcnn.kernels.cpu.products.geometry import Convolution, Phase, Tables, frame
from fastcnn.kernels.cpu.products.loops import Addend
from fastcnn.kernels.cpu.steps.base import Activation, Memory
from fastcnn.kernels.cpu.steps.conv import WindowConv2d
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import NO_BORDER, Array, Padding, Pair


class PairConv2d(WindowConv2d):
    """As its parent, with the operands of all products rounded to bfloat16; the unit names the tile.

    Sums over channels, and over filters, are over pairs: where one is missing, there is one of zeros more.
    A batch normalisation after it, which is the only one to write the gradient of its output, writes that rounded.
    """

    shares_gradient = False  # it is rounded in place

    def __init__(
        self, unit: str, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array | None,
        grad_bias: Array | None, *, stride: Pair, padding: Padding, dilation: Pair, training: bool, capacity: int,
        **options: Any,
    ) -> None:  # fmt: skip
        self.unit = unit
        window: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 1}
        tile: dict[str, Any] = {**window, "block": pairs.WIDTH, "tile_pixels": pairs.PIXELS[unit]}
        (K, C, R, S), sides = weight.shape, (x.shape[1], x.shape[2])
        even = C + C % 2
        self.over_channels = Convolution(
            (even, *sides), (K, even, R, S), **tile, grad_border=False, x=frame(even, *sides, x.border)
        )
        self.over_filters = Convolution((C, *sides), (K + K % 2, C, R, S), **tile, grad_border=True)
        super().__init__(
            x, out, weight, grad_weight, bias, grad_bias, **window, training=training, capacity=capacity, **options
        )
        self.name += " in bfloat16"
        self.pairs_x = aligned_zeros(capacity * self.over_channels.x.image, np.uint16)
        self.whole = frame(K, self.geometry.P, self.geometry.Q)  # before the max-pool
        self.unpooled = aligned_zeros(capacity * self.whole.image if self.pool else 0, self.dtype)
        self.packed = [aligned_zeros(self._packing(self._tables(1)).size, np.uint16)]

    def _allocate_gradients(self, capacity: int) -> None:
        super()._allocate_gradients(capacity)
        if self.sparse:
            self.pictures = aligned_zeros(self.x.data.size, self.dtype)
            return
        takes_bits = self.out.bordered is not None and self.grad_bias is None and not self._is_matrix
        if self.x.grad is not None or takes_bits:
            self.pairs_grad = aligned_zeros(capacity * self.over_filters.grad.image, np.uint16)
        if takes_bits:  # the step after it may take the array: see `norm.py`
            self.out.memory.give_back(self.grad_out)
            self.out.bordered = self.pairs_grad, self.over_filters.grad
        if not self._is_matrix:
            found = pairs.pixel_pairs(self.geometry, capacity)
            self.planes, self.pixels = (aligned_zeros(prod(shape), np.uint16) for shape in (found.x, found.grad))

    @property
    def _is_matrix(self) -> bool:
        """Whether each picture is one pixel: the gradient of the weight then takes the batch as pixels."""
        return self.x.frame.image == len(self.weight[0]) and self.geometry.grad.image == len(self.weight)

    def _flipped_count(self, phase: Phase) -> int:
        return 0  # of float32; see `_input_calls`

    def _tables(self, n: int, addend: Activation | None = None) -> Tables:
        out = self.whole if self.pool else self.out.frame
        return self.over_channels.forward(n, 0, out if addend is None else addend.frame)

    def _packing(self, tables: Tables, phase: Phase | None = None) -> pairs.Packing:
        return pairs.packing(pairs.over_pairs(tables), self.weight.shape, phase)

    def _pack(self, packed: Array, weight: Array, group: int) -> list[Call]:
        return [self._moving(packed.size, self._packing(self._tables(1)).call(packed, weight))]

    def _sums(
        self, out: Array, x: Array, packed: Array, offsets: Array, floor: float, tables: Tables,
        addend: Addend | None = None,
    ) -> Call:  # fmt: skip
        return sums(out, x, packed, offsets, floor, pairs.over_pairs(tables), addend, pairs.PRODUCTS[self.unit])

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        bits, into = pairs.as_bits(self.x.data), (self.pairs_x, self.over_channels.x)
        calls = [self._copy(rounding.round_pictures, n * self.x.size, *into, bits, self.x.frame, n)]
        operands = self.pairs_x, self.packed[0], self.offsets[0]
        if not self.pool:
            floor = 0.0 if self.relu else -np.inf
            return [*calls, self._sums(self.out.data, *operands, floor, self._tables(n), self._addend(n, 0))]
        calls.append(self._sums(self.unpooled, *operands, -np.inf, self._tables(n)))
        args = (self.out.data, self.out.frame, self.codes, self.padded_filters, self.unpooled, self.whole, n)
        return [*calls, self._copy(rounding.relu_and_pool, n * self.whole.image, *args)]

    def _addend(self, n: int, group: int) -> Addend | None:
        if self.addend is None:
            return None
        tables = self._tables(n, self.addend)
        walk = tables.walk
        return Addend(self.addend.data, tables.out_rows, walk.out_at, walk.out_image, walk.out_step, 1)

    @property
    def _gets_bits(self) -> bool:
        """Whether the step after it writes the gradient of the output rounded, in the layout of `pairs_grad`."""
        return bool(self.out.grad.dtype == np.uint16)

    def _grad_out_calls(self, n: int) -> list[Call]:
        if self._gets_bits:
            self.grad_out = self.grad_out[:0]  # nothing uses it
            return []
        return [*super()._grad_out_calls(n), in_place(self.grad_out, n * self.geometry.grad.image)]

    def _sparse_weight_calls(self, n: int) -> list[Call]:
        # The gradient of the output belongs to this step, as there is a ReLU in it.
        pictures = rounded(self.pictures, self.x.data, n * self.x.frame.image)
        return [pictures, in_place(self.out.grad, n * self.out.size), *super()._sparse_weight_calls(n)]

    def _weight_calls(self, n: int) -> list[Call]:
        shape, images, x_frame = self.geometry, n, self.x.frame
        if self._gets_bits:
            move, grad_out, grad_frame = rounding.copy_pixel_pairs, self.pairs_grad, self.over_filters.grad
        else:
            move, grad_out, grad_frame = rounding.round_pixel_pairs, pairs.as_bits(self.grad_out), shape.grad
        if self._is_matrix:
            K, C = self.weight.shape[:2]
            one, images, x_frame, grad_frame = (1, 1), 1, frame(C, 1, n), frame(K, 1, n)
            shape = Convolution((C, 1, n), (K, C, 1, 1), one, NO_BORDER, one, 1, pairs.WIDTH, False)
            found = pairs.pixel_pairs(shape, images)
            planes, pixels = (aligned_zeros(prod(each), np.uint16) for each in (found.x, found.grad))
        else:
            found = pairs.pixel_pairs(shape, images)
            planes, pixels = self.planes[: prod(found.x)], self.pixels[: prod(found.grad)]
        (top, _), (left, _) = shape.padding
        pixels_at = np.arange(x_frame.width) * x_frame.channels
        x = planes.reshape(found.x), self.x.data, x_frame, pixels_at, top, left, images
        grad = pixels.reshape(*found.grad[:3], -1), grad_out, grad_frame, found.columns, images
        kernel = pairs.PRODUCTS[self.unit]
        return [
            self._copy(rounding.round_planes, planes.size, *x),
            self._copy(move, pixels.size, *grad),
            sums(self.partials, planes, pixels, self.zeros, -np.inf, found.tables, products_kernel=kernel),
            self._fold_weight(found.tables.walk.images, 0, self.filters),
        ]

    def _input_calls(self, n: int) -> list[Call]:
        calls = []
        if not self._gets_bits:
            bits, into = pairs.as_bits(self.grad_out), (self.pairs_grad, self.over_filters.grad)
            calls.append(self._copy(rounding.round_pictures, n * self.out.size, *into, bits, self.geometry.grad, n))
        for i, phase in enumerate(self.over_filters.grad_input(n, 0, self.x.grad_frame)):
            how = self._packing(phase.tables, phase)
            packed = self.flipped[0, i]
            if packed.dtype != np.uint16:
                packed = self.flipped[0, i] = aligned_zeros(how.size, np.uint16)
            calls.append(self._moving(packed.size, how.call(packed, self.weight)))
            calls.append(self._sums(self.x.grad, self.pairs_grad, packed, self.zeros, -np.inf, phase.tables))
        return calls


class PairAffine(PairConv2d):
    """An affine layer, as a convolution of pictures of one pixel."""

    def __init__(
        self, unit: str, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array,
        grad_bias: Array, *, relu: bool,
    ) -> None:  # fmt: skip
        filters, gradients = (each.reshape(out.size, x.size, 1, 1) for each in (weight, grad_weight))
        one, self._capacity, self._is_ready = (1, 1), x.data.size // x.size, False
        super().__init__(
            unit, _one_pixel(x), _one_pixel(out), filters, gradients, bias, grad_bias, stride=one, padding=NO_BORDER,
            dilation=one, relu=relu, pool=False, norm=None, addend=None, training=False, capacity=self._capacity,
        )  # fmt: skip
        self.name = "affine" + " + relu" * relu + " in bfloat16"
        self.x.shape, self.out.shape = x.shape, out.shape

    def backward_calls(self, n: int) -> list[Call]:
        if not self._is_ready:  # nothing says before whether this is a training
            self._allocate_gradients(self._capacity)
            self._is_ready = True
        return super().backward_calls(n)


def _one_pixel(x: Activation) -> Activation:
    """The same values as pictures of one pixel."""
    twin = copy(x)
    twin.memory = Memory()  # other steps may be made before this one allocates its gradients
    twin.shape, twin.border = (x.size, 1, 1), NO_BORDER
    twin.frame = twin.grad_frame = frame(x.size, 1, 1)
    return twin
