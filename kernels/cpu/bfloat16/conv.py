"""Convolution of one group, and affine layers, with the tiles for pairs of bfloat16 numbers."""

from math import prod
from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.bfloat16 import by_picture, rounding
from fastcnn.kernels.cpu.bfloat16.rounding import in_place, rounded
from fastcnn.kernels.cpu.bfloat16.writers import borderless, in_bits
from fastcnn.kernels.cpu.products import pairs
from fastcnn.kernels.cpu.products.calls import sums
from fastcnn.kernels.cpu.products.geometry import Convolution, Frame, Phase, Tables, frame
from fastcnn.kernels.cpu.products.loops import Addend
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.cpu.steps.base import Activation, Memory
from fastcnn.kernels.cpu.steps.conv import WindowConv2d
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import NO_BORDER, Array, Padding, Pair


class PairConv2d(WindowConv2d):
    """As its parent, with the operands of all products rounded to bfloat16; the unit names the tile.

    Sums over channels, and over filters, are over pairs: where one is missing, there is one of zeros more. So
    `grad_out` is bfloat16's bits with an even number of filters. A batch normalisation may write them there itself.
    """

    shares_gradient = False  # it is rounded
    grad_dtype = pairs.BITS
    notes_winners = True

    def __init__(
        self, unit: str, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array | None,
        grad_bias: Array | None, *, stride: Pair, padding: Padding, dilation: Pair, training: bool, capacity: int,
        **options: Any,
    ) -> None:  # fmt: skip
        self.unit = unit
        if x.frame.channels % 2 == 0:  # else the pairs need one channel more
            x.round_data()
        x.round_gradient()
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
        out.offer_bits(self.addend is None, self.addend is None and not self.sparse)
        self.pairs_x = aligned_zeros(0 if in_bits(x.data) else capacity * self.over_channels.x.image, np.uint16)
        self.whole = frame(K, self.geometry.P, self.geometry.Q)  # before the max-pool
        self.unpooled = aligned_zeros(capacity * self.whole.image if self.pool else 0, self.dtype)
        self.packed = [aligned_zeros(self._packing(self._tables(1)).size, np.uint16)]

    def _allocate_gradients(self, capacity: int) -> None:
        super()._allocate_gradients(capacity)
        if self.sparse:
            self.pictures = aligned_zeros(self.x.data.size, self.dtype)
            return
        if not self._is_matrix:
            found = pairs.pixel_pairs(self.geometry, capacity)
            self.planes, self.pixels = (aligned_zeros(prod(shape), np.uint16) for shape in (found.x, found.grad))

    @property
    def _is_matrix(self) -> bool:
        """Whether each picture is one pixel: the gradient of the weight then takes the batch as pixels."""
        return self.x.frame.image == len(self.weight[0]) and self.geometry.grad.image == len(self.weight)

    @property
    def grad_frame(self) -> Frame:
        return self.over_filters.grad

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
        calls: list[Call] = []
        x, out = self.x.data, self.out
        if not in_bits(x):
            bits, into = pairs.as_bits(x), (self.pairs_x, self.over_channels.x)
            calls.append(self._copy(rounding.round_pictures, n * self.x.size, *into, bits, self.x.frame, n))
            x = self.pairs_x
        operands = x, self.packed[0], self.offsets[0]
        if not self.pool:
            floor = 0.0 if self.relu else -np.inf
            return [*calls, self._sums(out.data, *operands, floor, self._tables(n), self._addend(n, 0))]
        calls.append(self._sums(self.unpooled, *operands, -np.inf, self._tables(n)))
        args = (out.data, out.frame, self.codes, self.padded_filters, self.unpooled, self.whole, n)
        if not in_bits(out.data):
            return [*calls, self._copy(by_picture.relu_and_pool, n * self.whole.image, *args)]
        exact = borderless(out.frame)
        return [*calls, self._copy(by_picture.rounded_relu_and_pool, n * self.whole.image, *args, exact)]

    def _addend(self, n: int, group: int) -> Addend | None:
        if self.addend is None:
            return None
        tables = self._tables(n, self.addend)
        walk = tables.walk
        return Addend(self.addend.data, tables.out_rows, walk.out_at, walk.out_image, walk.out_step, 1)

    def _grad_out_calls(self, n: int) -> list[Call]:
        out, elements = self.out, n * self.geometry.P * self.geometry.Q * self.geometry.K
        if out.grad is self.grad_out:  # the step after it writes it there
            return []
        into = self.grad_out, self.grad_frame, pairs.as_bits(out.grad), out.grad_frame
        if self.pool:
            return [self._copy(rounding.round_unpooled, elements, *into, self.codes, self.padded_filters, n)]
        if self.relu and self.addend is None:
            passed = pairs.as_bits(out.data), out.frame, n
            return [self._copy(rounding.round_relu_gradient, elements, *into, *passed)]
        calls: list[Call] = []
        if self.addend is not None:  # it gets the gradient in float32
            if self.relu:
                grad = out.grad, out.grad_frame
                calls.append(self._copy(elementwise.relu_gradient, elements, *grad, *grad, out.data, out.frame, n))
            calls += self._passed_on(self.addend, n)
        return [*calls, self._copy(rounding.round_pictures, elements, *into, n)]

    def _sparse_weight_calls(self, n: int) -> list[Call]:
        # The gradient of the output belongs to this step, as there is a ReLU in it.
        pictures = rounded(self.pictures, self.x.data, n * self.x.frame.image)
        return [pictures, in_place(self.out.grad, n * self.out.size), *super()._sparse_weight_calls(n)]

    def _weight_calls(self, n: int) -> list[Call]:
        shape, images, x_frame, grad_frame = self.geometry, n, self.x.frame, self.grad_frame
        if self._is_matrix:
            K, C = self.weight.shape[:2]
            one, images, x_frame, grad_frame = (1, 1), 1, frame(C, 1, n), frame(grad_frame.channels, 1, n)
            shape = Convolution((C, 1, n), (K, C, 1, 1), one, NO_BORDER, one, 1, pairs.WIDTH, False)
            found = pairs.pixel_pairs(shape, images)
            planes, pixels = (aligned_zeros(prod(each), np.uint16) for each in (found.x, found.grad))
        else:
            found = pairs.pixel_pairs(shape, images)
            planes, pixels = self.planes[: prod(found.x)], self.pixels[: prod(found.grad)]
        (top, _), (left, _) = shape.padding
        pixels_at = np.arange(x_frame.width) * x_frame.channels
        x = planes.reshape(found.x), self.x.data, x_frame, pixels_at, top, left, images
        grad = pixels.reshape(*found.grad[:3], -1), self.grad_out, grad_frame, found.columns, images
        kernel = pairs.PRODUCTS[self.unit]
        return [
            self._copy(rounding.copy_planes if in_bits(self.x.data) else rounding.round_planes, planes.size, *x),
            self._copy(rounding.pixel_pairs, pixels.size, *grad),
            sums(self.partials, planes, pixels, self.zeros, -np.inf, found.tables, products_kernel=kernel),
            self._fold_weight(found.tables.walk.images, 0, self.filters),
        ]

    def _input_calls(self, n: int) -> list[Call]:
        calls = []
        for i, phase in enumerate(self.over_filters.grad_input(n, 0, self.x.grad_frame)):
            how = self._packing(phase.tables, phase)
            packed = self.flipped[0, i]
            if packed.dtype != np.uint16:
                packed = self.flipped[0, i] = aligned_zeros(how.size, np.uint16)
            calls.append(self._moving(packed.size, how.call(packed, self.weight)))
            calls.append(self._sums(self.x.grad, self.grad_out, packed, self.zeros, -np.inf, phase.tables))
        return calls


class PairAffine(PairConv2d):
    """An affine layer, as a convolution of pictures of one pixel."""

    def __init__(
        self, unit: str, x: Activation, out: Activation, weight: Array, grad_weight: Array, bias: Array,
        grad_bias: Array, *, relu: bool,
    ) -> None:  # fmt: skip
        filters, gradients = (each.reshape(out.size, x.size, 1, 1) for each in (weight, grad_weight))
        one, self._capacity, self._is_ready = (1, 1), x.data.size // x.size, False
        pixels: tuple[Any, Any] = (_OnePixel(x), _OnePixel(out))
        super().__init__(
            unit, *pixels, filters, gradients, bias, grad_bias, stride=one, padding=NO_BORDER, dilation=one, relu=relu,
            pool=False, norm=None, addend=None, training=False, capacity=self._capacity,
        )  # fmt: skip
        self.name = "affine" + " + relu" * relu + " in bfloat16"
        self.x.shape, self.out.shape = x.shape, out.shape

    def backward_calls(self, n: int) -> list[Call]:
        if not self._is_ready:  # nothing says before whether this is a training
            self._allocate_gradients(self._capacity)
            self._is_ready = True
        return super().backward_calls(n)


class _OnePixel:
    """The same values as pictures of one pixel. Whatever else is asked of them, they are those of the activation."""

    def __init__(self, whole: Activation) -> None:
        self.whole, self.shape, self.border = whole, (whole.size, 1, 1), NO_BORDER
        self.frame = self.grad_frame = frame(whole.size, 1, 1)
        self.memory = Memory()  # other steps may be made before this one allocates its gradients

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)
