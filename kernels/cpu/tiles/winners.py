"""winner_tile: the sums of gradient_tile with the lanes along a row of the kernel, for CPUs without AVX-512.

gradient_tile has a register for the sums of each tap, and chooses a pixel for each lane. 16 registers hold two rows of
taps, so for a kernel of 5 rows it goes three times over the windows. Here a winner is one number, and the pixels that
the taps of a row saw are one vector of memory: there is one multiply-add for each row, and nothing to choose. Of the 8
lanes as many count as the kernel has columns.
"""

import llvmlite.ir as ir
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.gradients import GRADIENT_COLUMNS, twin_of
from fastcnn.kernels.cpu.tiles.parts import accumulators, switch, tile
from fastcnn.kernels.cpu.tiles.pools import DEAD
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT32, INT64, at, const

WINNER_FILTERS = 2  # of a tile: for each of them 5 sums, that of the bias, and a gradient are 14 registers
WINNER_LANES = 8
WINNER_ROWS = {columns: columns for columns in GRADIENT_COLUMNS}  # that one pass sums up, or else 1

_twin = twin_of(WINNER_FILTERS)


@tile(_twin)
def winner_tile(builder, a, vtype):
    """As gradient_tile, for WINNER_FILTERS filters. It reads up to 7 elements after the last pixel."""
    kind = ir.VectorType(vtype.element, WINNER_LANES)
    places, masks = _tables(builder, a.x_row, INT32 if vtype.element == ir.FloatType() else INT64)

    def emit(rows, columns):
        acc = accumulators(builder, kind, WINNER_FILTERS, rows + 1)  # the last one is the bias
        for total in acc.values():
            builder.store(ir.Constant(kind, [0.0] * WINNER_LANES), total)
        with (
            cgutils.for_range(builder, a.down, intp=INT64) as p,
            cgutils.for_range(builder, a.right, intp=INT64) as q,
        ):
            _add_window(builder, a, acc, places, masks, p.index, q.index, rows)
        for (f, r), total in acc.items():
            bias = at(builder, a.grad_bias, a.grad_bias_at, const(f))
            row = at(builder, a.grad_weight, a.grad_weight_at, builder.mul(a.row_stride, const(r)), const(f))
            for s in range(columns if r < rows else 1):
                target = at(builder, row, builder.mul(a.width, const(s))) if r < rows else bias
                value = builder.extract_element(builder.load(total), const(s))
                builder.store(builder.fadd(builder.load(target), value), target)

    sizes = [(rows, columns) for columns, most in WINNER_ROWS.items() for rows in (1, most)]
    switch(builder, a.rows, a.columns, sizes, emit)


def _tables(builder, x_row, element):
    """In memory, for each code: where its pixel lies in a window, and a mask that makes the gradient of DEAD zero.

    LLVM makes a branch of a comparison with DEAD, and no CPU foresees which winners are dead.
    """
    bits = ir.VectorType(element, WINNER_LANES)
    places, masks = cgutils.alloca_once(builder, INT64, size=DEAD + 1), cgutils.alloca_once(builder, bits, DEAD + 1)
    for code, place in enumerate([const(0), const(1), x_row, builder.add(x_row, const(1)), const(0)]):
        builder.store(place, at(builder, places, const(code)))
        mask = ir.Constant(bits, [0 if code == DEAD else -1] * bits.count)
        builder.store(mask, at(builder, masks, const(code)))
    return places, masks


def _add_window(builder, a, acc, places, masks, p, q, rows):
    kind, bits = acc[0, 0].type.pointee, masks.type.pointee
    window = at(builder, a.x, a.x_at, builder.mul(p, a.x_down), builder.mul(q, a.x_right))
    grads = at(builder, a.grad, a.grad_at, builder.mul(p, a.grad_down), builder.mul(q, a.grad_right))
    codes = at(builder, a.codes, a.codes_at, builder.mul(p, a.codes_down), builder.mul(q, a.codes_right))
    for f in range(WINNER_FILTERS):
        code = builder.zext(builder.load(at(builder, codes, const(f))), INT64)
        g = builder.bitcast(vector.splat(builder, kind, builder.load(at(builder, grads, const(f)))), bits)
        g = builder.bitcast(builder.and_(g, builder.load(at(builder, masks, code))), kind)
        pixel = at(builder, window, builder.load(at(builder, places, code)))
        for r in range(rows):
            seen = vector.load(builder, at(builder, pixel, builder.mul(a.x_row, const(r))), kind)
            builder.store(vector.multiply_add(builder, g, seen, builder.load(acc[f, r])), acc[f, r])
        builder.store(builder.fadd(builder.load(acc[f, rows]), g), acc[f, rows])
