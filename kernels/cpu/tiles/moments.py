"""The tiles of batch normalisation's sums: each lane sums up one channel, in float64, in registers.

- `moment_sums` of x - s and (x - s)^2, where s is a value of the channel;
- `norm_gradient_sums` of the gradient before the ReLU, and of that times the normalised x.

A tile goes over the rows of a picture, and from each row it takes every so many-th group of vectors.
"""

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import switch, tile, twin_lanes
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, REGISTERS, at, const

SUM_VECTORS = 4 if REGISTERS == 32 else 2  # of a tile: with two sums of float64 each, they fill half of the registers


def _wide(builder, value):
    """The same numbers in float64."""
    wide = ir.VectorType(ir.DoubleType(), value.type.count)
    return value if value.type == wide else builder.fpext(value, wide)


def _over_rows(builder, a, vtype, terms):
    """first and second += the sums over rows and columns of terms(load, v), a pair of vectors of float64.

    load(array name, distance) is a vector of the array at this place of the row. terms has vector v of the group.
    """
    wide = ir.VectorType(ir.DoubleType(), vtype.count)

    def emit(vectors, valid):
        def loaded(pointer, kind):
            return vector.load(builder, pointer, kind) if valid is None else vector.load_first(
                builder, pointer, kind, valid
            )  # fmt: skip

        targets = {
            (v, side): at(builder, array, a.sums_at, const(v * vtype.count))
            for v in range(vectors)
            for side, array in enumerate((a.first, a.second))
        }
        sums = {key: cgutils.alloca_once(builder, wide) for key in targets}
        for key, target in targets.items():
            builder.store(loaded(target, wide), sums[key])
        with cgutils.for_range(builder, a.rows, intp=INT64) as row:
            with cgutils.for_range(builder, a.columns, intp=INT64) as column:
                step = builder.mul(column.index, a.step)
                for v in range(vectors):
                    pair = terms(row.index, builder.add(step, const(v * vtype.count)), const(v * vtype.count), loaded)
                    for side, value in enumerate(pair):
                        builder.store(builder.fadd(builder.load(sums[v, side]), value), sums[v, side])
        for key, target in targets.items():
            value = builder.load(sums[key])
            if valid is None:
                vector.store(builder, value, target)
            else:
                vector.store_first(builder, value, target, valid)

    cases = [count for count in (4, 2, 1) if count <= SUM_VECTORS]
    # 0 vectors: the first `valid` lanes of one.
    switch(builder, a.vectors, const(0), [(count, 0) for count in (*cases, 0)],
           lambda count, _: emit(max(1, count), None if count else a.valid))  # fmt: skip


def _place(builder, array, start, row, pitch, within):
    return at(builder, array, start, builder.mul(row, pitch), within)


def _lanes(x, vectors, valid):
    return vectors * twin_lanes(x) if vectors else valid


def _moments_twin(x, x_at, x_row, shift, first, second, sums_at, rows, columns, step, vectors, valid):
    count = _lanes(x, vectors, valid)
    for row in range(rows):
        for column in range(columns):
            start = x_at + row * x_row + column * step
            value = x[start : start + count].astype(np.float64) - shift[sums_at : sums_at + count]
            first[sums_at : sums_at + count] += value
            second[sums_at : sums_at + count] += value * value


@tile(_moments_twin)
def moment_sums(builder, a, vtype):
    """first += x - shift and second += (x - shift)^2, lane by lane, in float64, over rows and columns."""
    wide = ir.VectorType(ir.DoubleType(), vtype.count)

    def terms(row, within, v, loaded):
        pixel = _wide(builder, loaded(_place(builder, a.x, a.x_at, row, a.x_row, within), vtype))
        value = builder.fsub(pixel, loaded(at(builder, a.shift, a.sums_at, v), wide))
        return value, builder.fmul(value, value)

    _over_rows(builder, a, vtype, terms)


def _gradient_twin(
    grad, grad_at, grad_row, x, x_at, x_row, statistics, pitch, cut, first, second, sums_at, rows, columns, step,
    vectors, valid,
):  # fmt: skip
    count = _lanes(x, vectors, valid)
    mean, inverse, weight, bias = (statistics[i * pitch + sums_at : i * pitch + sums_at + count] for i in range(4))
    for row in range(rows):
        for column in range(columns):
            start, g = x_at + row * x_row + column * step, grad_at + row * grad_row + column * step
            normalised = (x[start : start + count] - mean) * inverse
            before = np.where(normalised * weight + bias <= cut[0], 0, grad[g : g + count])
            first[sums_at : sums_at + count] += before
            second[sums_at : sums_at + count] += before * normalised


@tile(_gradient_twin)
def norm_gradient_sums(builder, a, vtype):
    """first += g and second += g * normalised x, lane by lane, in float64, over rows and columns.

    statistics : mean, inverse, weight and bias, `pitch` apart
    cut : g is 0 where normalised x * weight + bias is at most this number, and grad elsewhere
    """
    zero = ir.Constant(vtype, [0.0] * vtype.count)
    cut = vector.splat(builder, vtype, builder.load(a.cut))

    def terms(row, within, v, loaded):
        mean, inverse, weight, bias = (
            loaded(at(builder, a.statistics, builder.mul(a.pitch, const(i)), a.sums_at, v), vtype) for i in range(4)
        )
        grad = loaded(_place(builder, a.grad, a.grad_at, row, a.grad_row, within), vtype)
        pixel = loaded(_place(builder, a.x, a.x_at, row, a.x_row, within), vtype)
        normalised = builder.fmul(builder.fsub(pixel, mean), inverse)
        value = builder.fadd(builder.fmul(normalised, weight), bias)
        before = builder.select(builder.fcmp_ordered("<=", value, cut), zero, grad)
        return _wide(builder, before), _wide(builder, builder.fmul(before, normalised))

    _over_rows(builder, a, vtype, terms)
