"""pool_tile: 2x2 windows of pixels x filters; convolution, ReLU and max-pool before anything is written."""

from itertools import product

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import (
    accumulators,
    start_with_bias,
    store_filters,
    sum_over_taps,
    switch,
    tile,
    twin_lanes,
)
from fastcnn.kernels.cpu.tiles.sums import TILE_VECTORS
from fastcnn.kernels.cpu.tiles.sums import _twin as _sum_twin
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT32, REGISTERS, at, const

POOL_SIZES = (1, 3)  # windows of a tile
MOST_SUMS = 24 if REGISTERS == 32 else 12  # at once: as in `sums.py`. A tile of more sums does row after row
# The code of a value that ReLU set to zero. Codes 0 to 3 say which pixel of the window won, row by row.
DEAD = 4


def _twin(
    out, out_at, out_stride, codes, codes_at, codes_stride, x, x_at, x_stride, x_row, w, w_at, w_term, x_taps, w_taps,
    taps, length, bias, bias_at, windows, vectors, valid,
):  # fmt: skip
    width = vectors * twin_lanes(out)
    for m in range(windows):
        four = np.zeros((4, width), out.dtype)
        for pixel in range(4):
            pixel_at = x_at + (2 * m + pixel % 2) * x_stride + pixel // 2 * x_row
            _sum_twin(
                four[pixel], 0, 0, x, pixel_at, 0, 1, w, w_at, w_term, x_taps, w_taps, taps, length, bias, bias_at,
                0, -np.inf, bias, 0, 0, 0, 1, vectors, width,
            )  # fmt: skip
        best, code = four[0], np.zeros(width, np.uint8)
        for pixel in range(1, 4):
            better = ~(four[pixel] <= best) & ~np.isnan(best)
            best, code = np.where(better, four[pixel], best), np.where(better, np.uint8(pixel), code)
        dead = best <= 0
        out[out_at + m * out_stride : out_at + m * out_stride + valid] = np.where(dead, 0, best)[:valid]
        if codes_stride != 0:
            code = np.where(dead, np.uint8(DEAD), code)
            codes[codes_at + m * codes_stride : codes_at + m * codes_stride + width] = code


@tile(_twin)
def pool_tile(builder, a, vtype):
    """out[m, k] = max(0, the largest of window m); codes[m, k] = which pixel that was, also for k from `valid` on.

    codes_stride : 0 where no codes are wanted, which saves a sixth of the time of a kernel of 5 x 5 on one channel
    """
    zero = ir.Constant(vtype, [0.0] * vtype.count)

    def emit(windows, vectors):
        values = {}
        for rows in [(0, 1)] if 4 * windows * vectors <= MOST_SUMS else [(0,), (1,)]:
            pixels = [(m, 2 * row + column) for m in range(windows) for row in rows for column in (0, 1)]
            acc = accumulators(builder, vtype, len(pixels), vectors)
            start_with_bias(builder, a, vtype, acc)
            columns = [builder.mul(a.x_stride, const(2 * m + pixel % 2)) for m, pixel in pixels]
            below = [builder.mul(a.x_row, const(pixel // 2)) for _, pixel in pixels]
            offsets = [builder.add(*both) for both in zip(columns, below, strict=True)]
            sum_over_taps(builder, a, vtype, acc, offsets, const(1))
            values |= {(*pixels[i], v): _kept(builder, total) for (i, v), total in acc.items()}
        places = product(range(windows), range(vectors))
        fours = {(m, v): [builder.load(values[m, pixel, v]) for pixel in range(4)] for m, v in places}
        with builder.if_else(builder.icmp_signed("!=", a.codes_stride, const(0))) as (noted, unnoted):
            with noted:
                best = {place: largest(builder, four) for place, four in fours.items()}
                for (m, v), (_, code) in best.items():
                    row = builder.mul(a.codes_stride, const(m))
                    store_code(builder, code, at(builder, a.codes, a.codes_at, row, const(v * vtype.count)))
                _store(builder, a, {place: value for place, (value, _) in best.items()}, vectors)
            with unnoted:
                _store(builder, a, {place: highest(builder, four, zero) for place, four in fours.items()}, vectors)

    switch(builder, a.windows, a.vectors, product(POOL_SIZES, range(1, TILE_VECTORS + 1)), emit)


def _kept(builder, total):
    """Where a sum waits in memory. LLVM would leave two of them in registers, and spill sums of the next row's loop."""
    place = vector.opaque(builder, cgutils.alloca_once(builder, total.type.pointee))
    builder.store(builder.load(total), place)
    return place


def _store(builder, a, values, vectors):
    for (m, v), value in values.items():
        row = builder.mul(a.out_stride, const(m))
        target = at(builder, a.out, a.out_at, row, const(v * value.type.count))
        store_filters(builder, value, target, a, v, last=v == vectors - 1)


def store_code(builder, code, target):
    """Write the codes of `largest` as bytes."""
    small = builder.trunc(code, ir.VectorType(ir.IntType(8), code.type.count))
    builder.store(small, builder.bitcast(target, small.type.as_pointer()), align=1)


def largest(builder, values):
    """ReLU of the largest of four, lane by lane, and its code (DEAD if ReLU gives 0). The first maximum or NaN wins."""
    vtype = values[0].type
    code_type = ir.VectorType(INT32, vtype.count)

    def same(n):
        return ir.Constant(code_type, [n] * vtype.count)

    best, code = values[0], same(0)
    for i in range(1, 4):
        # "unordered or greater" lets a NaN win, "ordered" keeps the first one.
        better = builder.and_(builder.fcmp_unordered(">", values[i], best), builder.fcmp_ordered("ord", best, best))
        best, code = builder.select(better, values[i], best), builder.select(better, same(i), code)
    zero = ir.Constant(vtype, [0.0] * vtype.count)
    dead = builder.fcmp_ordered("<=", best, zero)
    return builder.select(dead, zero, best), builder.select(dead, same(DEAD), code)


def highest(builder, values, floor):
    """The largest of four and the floor, lane by lane; NaN if one of the four is NaN."""
    best = floor
    for value in values:
        best = builder.select(builder.fcmp_ordered(">", value, best), value, best)
    unknown = builder.or_(*(builder.fcmp_unordered("uno", *values[i : i + 2]) for i in (0, 2)))
    return builder.select(unknown, ir.Constant(best.type, [float("nan")] * best.type.count), best)
