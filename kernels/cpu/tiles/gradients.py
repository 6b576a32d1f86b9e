"""gradient_tile: the weight gradient of a one-channel convolution that ReLU and 2x2 max-pool follow.

For each window and filter one pixel won. The kernel's tap (r, s) saw the pixel r rows below it and s columns to its
right. Neighbouring filters have different winners, so each lane chooses one of the four pixels of the window. It
chooses left or right first, once for each row of pixels, then the upper or the lower row. The lower row of one row of
taps is the upper row of the next, so its choice is used twice.
"""

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import accumulators, switch, tile, twin_lanes, twin_load
from fastcnn.kernels.cpu.tiles.pools import DEAD
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT32, INT64, REGISTERS, at, const

GRADIENT_COLUMNS = (3, 5)  # kernel widths that the tile is made for
# Kernel rows that one pass sums up, for each width: all rows of a square kernel if the registers are enough, else 1.
GRADIENT_ROWS = {columns: columns if REGISTERS == 32 else 2 for columns in GRADIENT_COLUMNS}


def twin_of(filters=None):
    """The twin of a tile for so many filters; None: a vector of them."""

    def twin(
        grad_weight, grad_weight_at, grad_bias, grad_bias_at, x, x_at, x_row, x_down, x_right, grad, grad_at, grad_down,
        grad_right, codes, codes_at, codes_down, codes_right, down, right, width, row_stride, rows, columns,
    ):  # fmt: skip
        lanes = filters or twin_lanes(x)
        for p in range(down):
            for q in range(right):
                code = twin_load(codes, codes_at + p * codes_down + q * codes_right, lanes).astype(np.int64)
                grads = twin_load(grad, grad_at + p * grad_down + q * grad_right, lanes)
                g = np.where(code < DEAD, grads, 0).astype(grad.dtype)
                grad_bias[grad_bias_at : grad_bias_at + lanes] += g
                pixel = x_at + p * x_down + q * x_right + code // 2 % 2 * x_row + code % 2
                for r in range(rows):
                    for s in range(columns):
                        target = grad_weight_at + r * row_stride + s * width
                        grad_weight[target : target + lanes] += g * x[pixel + r * x_row + s]

    return twin


_twin = twin_of()


@tile(_twin)
def gradient_tile(builder, a, vtype):
    """grad_weight[r, s] += the sum over `down` x `right` windows of grad * the pixel that tap (r, s) saw."""

    def emit(rows, columns):
        acc = accumulators(builder, vtype, rows, columns)
        acc[-1, -1] = cgutils.alloca_once(builder, vtype)  # the bias
        targets = {(-1, -1): at(builder, a.grad_bias, a.grad_bias_at)}
        for r in range(rows):
            row = at(builder, a.grad_weight, a.grad_weight_at, builder.mul(a.row_stride, const(r)))
            targets |= {(r, s): at(builder, row, builder.mul(a.width, const(s))) for s in range(columns)}
        for key, total in acc.items():
            builder.store(vector.load(builder, targets[key], vtype), total)
        with (
            cgutils.for_range(builder, a.down, intp=INT64) as p,
            cgutils.for_range(builder, a.right, intp=INT64) as q,
        ):
            _add_window(builder, a, vtype, acc, p.index, q.index, rows, columns)
        for key, total in acc.items():
            vector.store(builder, builder.load(total), targets[key])

    sizes = [(rows, columns) for columns, most in GRADIENT_ROWS.items() for rows in (1, most)]
    switch(builder, a.rows, a.columns, sizes, emit)


def _add_window(builder, a, vtype, acc, p, q, rows, columns):
    code_type = ir.VectorType(INT32, vtype.count)
    bytes_type = ir.VectorType(ir.IntType(8), vtype.count)

    def same(n):
        return ir.Constant(code_type, [n] * vtype.count)

    codes = at(builder, a.codes, a.codes_at, builder.mul(p, a.codes_down), builder.mul(q, a.codes_right))
    code = builder.zext(builder.load(builder.bitcast(codes, bytes_type.as_pointer()), align=1), code_type)
    is_right = builder.icmp_unsigned("!=", builder.and_(code, same(1)), same(0))
    is_lower = builder.icmp_unsigned("!=", builder.and_(code, same(2)), same(0))
    alive = builder.icmp_unsigned("<", code, same(DEAD))
    grad = at(builder, a.grad, a.grad_at, builder.mul(p, a.grad_down), builder.mul(q, a.grad_right))
    g = builder.select(alive, vector.load(builder, grad, vtype), ir.Constant(vtype, [0.0] * vtype.count))
    builder.store(builder.fadd(builder.load(acc[-1, -1]), g), acc[-1, -1])
    window = at(builder, a.x, a.x_at, builder.mul(p, a.x_down), builder.mul(q, a.x_right))

    def picked(r):
        """For each column of the kernel, the left or the right pixel of row r of the window."""
        row = at(builder, window, builder.mul(a.x_row, const(r)))
        seen = [vector.splat(builder, vtype, builder.load(at(builder, row, const(s)))) for s in range(columns + 1)]
        return [builder.select(is_right, seen[s + 1], seen[s]) for s in range(columns)]

    upper = picked(0)
    for r in range(rows):
        lower = picked(r + 1)
        for s in range(columns):
            pixel = builder.select(is_lower, lower[s], upper[s])
            builder.store(vector.multiply_add(builder, g, pixel, builder.load(acc[r, s])), acc[r, s])
        upper = lower
