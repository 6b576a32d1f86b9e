"""Winograd's method along rows for kernels of 5x5, with ReLU and 2x2 max-pool; the lanes of the sums are filters.

Four pixels of a row take 8 products for each row of the kernel, in place of 20: out = A^T [sum over channels and rows
of the kernel of (G w) * (B^T x)]. See `tiles.winograd` for the method. The points are 0, +-1, +-2, +-1/2 and infinity;
of those looked at they have the smallest errors.
"""

from itertools import product
from typing import Any

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import store_filters, switch, tile, twin_lanes
from fastcnn.kernels.cpu.tiles.pools import highest
from fastcnn.kernels.cpu.tiles.sums import TILE_VECTORS
from fastcnn.kernels.cpu.tiles.winograd import from_points, matrices
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, at, const

SIZE = 4  # pixels of a tile in a row of the output
TAPS = 5  # of the kernel, in a row and in a column
POINTS = 8  # and pixels that a tile reads in a row
WINDOWS = SIZE // 2  # of a tile
MOST_TILES = 2  # at once

A, G, B = matrices((0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5), SIZE, TAPS)  # and infinity


def _input_twin(out, out_at, x, x_at, x_step, zeros, columns):
    pixels = [x[x_at + j * x_step] if j < columns else zeros[0] for j in range(POINTS)]
    out[out_at : out_at + POINTS] = B @ np.array(pixels, out.dtype)


def _pool_twin(
    out, out_at, out_stride, x, x_at, x_row, x_tile, w, w_at, channels, bias, bias_at, tiles, windows, vectors, valid,
):  # fmt: skip
    width = vectors * twin_lanes(out)
    block = TILE_VECTORS * twin_lanes(out)
    values = np.zeros((2, tiles, SIZE, width), out.dtype)
    for row, t in product((0, 1), range(tiles)):
        points = np.zeros((POINTS, width), out.dtype)
        for c, point, r in product(range(channels), range(POINTS), range(TAPS)):
            weights = w_at + ((c * POINTS + point) * TAPS + r) * block
            pixel = x[x_at + (row + r) * x_row + t * x_tile + c * POINTS + point]
            points[point] += pixel * w[weights : weights + width]
        values[row, t] = A @ points
    largest = values.reshape(2, -1, 2, width).max((0, 2)) + bias[bias_at : bias_at + width]
    for m in range(windows):
        start = out_at + m * out_stride
        count = valid if m == windows - 1 else width
        out[start : start + count] = np.maximum(largest[m], 0)[:count]


@tile(_input_twin)
def row_input_tile(builder, a, vtype):
    """out = B^T times 8 pixels of one channel; those from `columns` on count as zeros."""
    kind = ir.VectorType(vtype.element, POINTS)  # the lanes are points: half a vector of the widest CPU, or two
    total = None
    for j in range(POINTS):
        pixel = at(builder, a.x, a.x_at, builder.mul(a.x_step, const(j)))
        pixel = builder.select(builder.icmp_signed(">", a.columns, const(j)), pixel, a.zeros)
        value = vector.splat(builder, kind, builder.load(pixel))
        factors = ir.Constant(kind, [float(factor) for factor in B[:, j]])
        total = builder.fmul(value, factors) if total is None else vector.multiply_add(builder, value, factors, total)
    vector.store(builder, total, at(builder, a.out, a.out_at))


@tile(_pool_twin)
def row_pool_tile(builder, a, vtype):
    """out[m, k] = max(0, the largest of window m + bias), for up to 4 windows of 2 rows of one or two tiles.

    x : (rows, tiles, channels, 8), what `row_input_tile` has written; x_row is the distance of rows, x_tile of tiles
    w : (channels, 8, 5, filters of a block), transformed
    valid : filters that are written of the last window; of the others whole vectors are, the first windows and the last
        vectors first, so that the elements after the filters can be those of the next window
    """

    def emit(tiles, vectors):
        for m in range(WINDOWS * tiles):  # lines that will be written: they come while the sums are made
            vector.prefetch(builder, at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(m))), write=True)
        sums = _Sums(builder, vtype, tiles, vectors)
        for point in range(POINTS):
            _sum_point(builder, a, vtype, point, sums)
        for v in reversed(range(vectors)):
            bias = vector.load(builder, at(builder, a.bias, a.bias_at, const(v * vtype.count)), vtype)
            floor = builder.fsub(_same(vtype, -0.0), bias)  # the largest + bias is then 0 or more
            for t in range(tiles):
                points = [[sums.load(row, t, v, point) for point in range(POINTS)] for row in (0, 1)]
                rows = [from_points(builder, values, A) for values in points]
                for m in range(WINDOWS):
                    four = [row[2 * m + column] for row in rows for column in (0, 1)]
                    value = builder.fadd(highest(builder, four, floor), bias)
                    _store(builder, a, value, WINDOWS * t + m, v, vectors)

    switch(builder, a.tiles, a.vectors, product((1, MOST_TILES), range(1, TILE_VECTORS + 1)), emit)


def _store(builder, a, value, m, v, vectors):
    """Write window m, and in the last window only the first `valid` filters."""
    with builder.if_then(builder.icmp_signed(">", a.windows, const(m))):
        row = builder.mul(a.out_stride, const(m))
        target = at(builder, a.out, a.out_at, row, const(v * value.type.count))
        if v < vectors - 1:
            vector.store(builder, value, target)
            return
        with builder.if_else(builder.icmp_signed(">", a.windows, const(m + 1))) as (inner, last):
            with inner:
                vector.store(builder, value, target)
            with last:
                store_filters(builder, value, target, a, v, last=True)


class _Sums:
    """The sums of all points of both rows, which wait in memory until all are there.

    LLVM would leave some of them in registers, and spill those of the next point.
    """

    def __init__(self, builder, vtype, tiles, vectors):
        self._builder, self.places = builder, list(product((0, 1), range(tiles), range(vectors)))
        self._start = vector.opaque(builder, cgutils.alloca_once(builder, vtype, size=POINTS * len(self.places)))

    def _place(self, row, tile, v, point):
        return at(self._builder, self._start, const(point * len(self.places) + self.places.index((row, tile, v))))

    def store(self, value, *place):
        self._builder.store(value, self._place(*place))

    def load(self, *place):
        return self._builder.load(self._place(*place))


def _sum_point(builder, a, vtype, point, sums):
    """Sum up one point of all places, over channels and rows of the kernel."""
    acc = {place: cgutils.alloca_once(builder, vtype) for place in sums.places}  # LLVM turns them into registers
    for total in acc.values():
        builder.store(_same(vtype, 0.0), total)
    width = TILE_VECTORS * vtype.count
    tiles, vectors = (1 + max(place[i] for place in sums.places) for i in (1, 2))
    with cgutils.for_range(builder, a.channels, intp=INT64) as channel:
        x = at(builder, a.x, a.x_at, builder.mul(channel.index, const(POINTS)), const(point))
        taps = builder.mul(channel.index, const(POINTS * TAPS * width))
        w = at(builder, a.w, a.w_at, taps, const(point * TAPS * width))
        above: list[Any] = []  # the weights of the tap before: a row of x meets them in the lower row of the output
        for i in range(TAPS + 1):
            # One pointer, hidden from LLVM: it would make one for each row and tile, and move them from place to place.
            x = vector.opaque(builder, x if i == 0 else at(builder, x, a.x_row))
            places = [at(builder, x, builder.mul(a.x_tile, const(t))) for t in range(tiles)]
            pixels = [vector.splat(builder, vtype, builder.load(place)) for place in places]
            for v, weight in enumerate(above):
                for t in range(tiles):
                    _add(builder, pixels[t], weight, acc[1, t, v])
            above = []
            for v in range(vectors if i < TAPS else 0):
                above.append(vector.load(builder, at(builder, w, const(i * width + v * vtype.count)), vtype))
                for t in range(tiles):
                    _add(builder, pixels[t], above[v], acc[0, t, v])
    for place, total in acc.items():
        sums.store(builder.load(total), *place, point)


def _add(builder, x, w, total):
    builder.store(vector.multiply_add(builder, x, w, builder.load(total)), total)


def _same(vtype, number):
    return ir.Constant(vtype, [number] * vtype.count)
