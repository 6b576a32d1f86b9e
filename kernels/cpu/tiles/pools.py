"""pool_tile: 2x2 windows of pixels x filters; convolution, ReLU and max-pool before anything is written."""

from itertools import product

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import (
    accumulators,
    add_term,
    start_with_bias,
    store_filters,
    sum_over_taps,
    switch,
    tile,
    twin_lanes,
)
from fastcnn.kernels.cpu.tiles.sums import TILE_VECTORS
from fastcnn.kernels.cpu.tiles.sums import _twin as _sum_twin
from fastcnn.kernels.cpu.toolchain.vector import INT32, INT64, REGISTERS, at, const

POOL_SIZES = (1, 3) if REGISTERS == 32 else (1,)  # windows of a tile
# Whether taps of one term are one loop. The few sums that fit in 16 registers take no longer than a loop in a loop.
FLAT_TAPS = REGISTERS == 16
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
        codes[codes_at + m * codes_stride : codes_at + m * codes_stride + width] = np.where(dead, np.uint8(DEAD), code)


@tile(_twin)
def pool_tile(builder, a, vtype):
    """out[m, k] = max(0, the largest of window m); codes[m, k] = which pixel that was, also for k from `valid` on."""

    def emit(windows, vectors):
        acc = accumulators(builder, vtype, 4 * windows, vectors)
        start_with_bias(builder, a, vtype, acc)
        offsets = []
        for m in range(windows):
            for row in (const(0), a.x_row):
                for column in (2 * m, 2 * m + 1):
                    offsets.append(builder.add(builder.mul(a.x_stride, const(column)), row))
        _sum(builder, a, vtype, acc, offsets)
        for m in range(windows):
            for v in range(vectors):
                best, code = largest(builder, [builder.load(acc[4 * m + pixel, v]) for pixel in range(4)])
                first = const(v * vtype.count)
                codes = at(builder, a.codes, a.codes_at, builder.mul(a.codes_stride, const(m)), first)
                store_code(builder, code, codes)
                target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(m)), first)
                store_filters(builder, best, target, a, v, last=v == vectors - 1)

    switch(builder, a.windows, a.vectors, product(POOL_SIZES, range(1, TILE_VECTORS + 1)), emit)


def _sum(builder, a, vtype, acc, offsets):
    if not FLAT_TAPS:
        sum_over_taps(builder, a, vtype, acc, offsets, const(1))
        return
    with builder.if_else(builder.icmp_signed("==", a.length, const(1))) as (flat, nested):
        with flat, cgutils.for_range(builder, a.taps, intp=INT64) as tap:
            x = at(builder, a.x, a.x_at, builder.load(at(builder, a.x_taps, tap.index)))
            w = at(builder, a.w, a.w_at, builder.load(at(builder, a.w_taps, tap.index)))
            add_term(builder, vtype, acc, offsets, x, w)
        with nested:
            sum_over_taps(builder, a, vtype, acc, offsets, const(1))


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
