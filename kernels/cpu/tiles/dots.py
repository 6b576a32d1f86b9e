"""dot_tile: pictures x outputs, with the lanes along the sum."""

from itertools import product

import llvmlite.ir as ir
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import accumulators, switch, tile
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, REGISTERS, at, const

# GFLOP/s with AVX-512: 4 x 5 170-180, 5 x 5 130-178 (it spills), 4 x 4 150, 2 x 5 140.
DOT_PICTURES, DOT_OUTPUTS = (4, 5) if REGISTERS == 32 else (3, 4)
# With 16 registers there are tiles for the last two pictures, and for a lone one: its sums must hide the latency.
LAST_PICTURES, LONE_OUTPUTS = (1, DOT_OUTPUTS) if REGISTERS == 32 else (2, 10)
DOT_SIZES = sorted({*product((1, LAST_PICTURES, DOT_PICTURES), (1, DOT_OUTPUTS)), (1, LONE_OUTPUTS)})


def _twin(out, out_at, out_stride, x, x_at, x_stride, w, w_at, w_stride, length, pictures, outputs):
    for n in range(pictures):
        row = x[x_at + n * x_stride : x_at + n * x_stride + length]
        for k in range(outputs):
            weights = w[w_at + k * w_stride : w_at + k * w_stride + length]
            out[out_at + n * out_stride + k] += (row * weights).sum()


@tile(_twin)
def dot_tile(builder, a, vtype):
    """out[n, k] += sum over `length` terms of x[n] * w[k]."""
    whole = builder.udiv(a.length, const(vtype.count))
    rest = builder.urem(a.length, const(vtype.count))

    def emit(pictures, outputs):
        acc = accumulators(builder, vtype, pictures, outputs)
        for total in acc.values():
            builder.store(ir.Constant(vtype, [0.0] * vtype.count), total)
        x_rows = [at(builder, a.x, a.x_at, builder.mul(a.x_stride, const(n))) for n in range(pictures)]
        w_rows = [at(builder, a.w, a.w_at, builder.mul(a.w_stride, const(k))) for k in range(outputs)]

        def add(offset, load):
            values = [load(at(builder, row, offset)) for row in x_rows]
            for k in range(outputs):
                weights = load(at(builder, w_rows[k], offset))
                for n in range(pictures):
                    builder.store(vector.multiply_add(builder, values[n], weights, builder.load(acc[n, k])), acc[n, k])

        with cgutils.for_range(builder, whole, intp=INT64) as loop:
            add(builder.mul(loop.index, const(vtype.count)), lambda p: vector.load(builder, p, vtype))
        with builder.if_then(builder.icmp_signed(">", rest, const(0))):
            # The elements after the row may be NaN, and 0 * NaN is NaN: so the last vector is read with a mask.
            last = builder.mul(whole, const(vtype.count))
            add(last, lambda p: vector.load_first(builder, p, vtype, rest))
        sums = vector.lane_sums(builder, [builder.load(total) for total in acc.values()])
        for (n, k), total in zip(acc, sums, strict=True):
            target = at(builder, a.out, a.out_at, builder.mul(a.out_stride, const(n)), const(k))
            builder.store(builder.fadd(builder.load(target), total), target)

    # Few sizes: slow rows at a batch's end cost less than compiling sixteen more tiles.
    switch(builder, a.pictures, a.outputs, DOT_SIZES, emit)
