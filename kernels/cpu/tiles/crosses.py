"""cross_tile: filters x taps, each the sum of products of two planes, with the lanes along the rows of both.

It is the gradient of the weight of a convolution whose arrays are planes: nothing changes its layout.
"""

from itertools import product

import llvmlite.ir as ir
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import accumulators, switch, tile
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, REGISTERS, at, const

CROSS_TAPS = 3
CROSS_FILTERS = (8, 4, 2, 1) if REGISTERS == 32 else (4, 2, 1)


def _twin(
    out, out_at, out_stride, x, x_at, x_row, grad, grad_at, grad_plane, grad_row, x_taps, first, taps, filters, rows,
    columns,
):  # fmt: skip
    for k in range(filters):
        for tap in range(taps):
            total = out.dtype.type(0)
            for row in range(rows):
                pixel, start = x_at + row * x_row + x_taps[first + tap], grad_at + k * grad_plane + row * grad_row
                total += (x[pixel : pixel + columns] * grad[start : start + columns]).sum()
            out[out_at + k * out_stride + tap] += total


@tile(_twin)
def cross_tile(builder, a, vtype):
    """out[k, tap] += sum over rows and columns of x[tap] * grad[k]."""
    lanes = const(vtype.count)
    whole, rest = builder.sdiv(a.columns, lanes), builder.srem(a.columns, lanes)
    inside = vector.first_lanes(builder, vtype, rest)

    def emit(filters, taps):
        acc = accumulators(builder, vtype, filters, taps)
        for total in acc.values():
            builder.store(ir.Constant(vtype, [0.0] * vtype.count), total)
        places = [builder.load(at(builder, a.x_taps, a.first, const(tap))) for tap in range(taps)]

        def add(x, grad, keep):
            pixels = [vector.load(builder, at(builder, x, place), vtype) for place in places]
            for k in range(filters):
                values = vector.load(builder, grad, vtype)
                grad = at(builder, grad, a.grad_plane)
                for tap, pixel in enumerate(pixels):
                    before = builder.load(acc[k, tap])
                    builder.store(keep(vector.multiply_add(builder, pixel, values, before), before), acc[k, tap])

        with cgutils.for_range(builder, a.rows, intp=INT64) as row:
            x = at(builder, a.x, a.x_at, builder.mul(row.index, a.x_row))
            grad = at(builder, a.grad, a.grad_at, builder.mul(row.index, a.grad_row))
            with cgutils.for_range(builder, whole, intp=INT64) as step:
                first = builder.mul(step.index, lanes)
                add(at(builder, x, first), at(builder, grad, first), lambda total, before: total)
            with builder.if_then(builder.icmp_signed(">", rest, const(0))):
                # What follows a row may be NaN, and 0 * NaN is NaN: those lanes stay as they were.
                last = builder.mul(whole, lanes)
                add(
                    at(builder, x, last), at(builder, grad, last),
                    lambda total, before: builder.select(inside, total, before),
                )  # fmt: skip
        sums = vector.lane_sums(builder, [builder.load(total) for total in acc.values()])
        for (k, tap), total in zip(acc, sums, strict=True):
            target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(k)), const(tap))
            builder.store(builder.fadd(builder.load(target), total), target)

    switch(builder, a.filters, a.taps, product(CROSS_FILTERS, (CROSS_TAPS, 1)), emit)
