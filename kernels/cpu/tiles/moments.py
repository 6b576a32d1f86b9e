"""The tiles of sums of each channel over pictures: a lane is a channel, and its sums stay in registers, in float64.

- `channel_sum_tile` of x;
- `channel_moment_tile` of x - s and (x - s)^2, where s is a value of the channel;
- `norm_gradient_tile` of the gradient before the ReLU, and of that times the normalised x.

A tile goes over the rows of a picture, and from each row it takes every so many-th group of vectors.
"""

import llvmlite.ir as ir
import numpy as np
from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import switch, tile, twin_lanes, twin_numbers
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, REGISTERS, at, const

SUM_VECTORS = 4 if REGISTERS == 32 else 2  # of a tile: with two sums of float64 each, they fill half of the registers


def _wide(builder, value):
    """The same numbers in float64."""
    wide = ir.VectorType(ir.DoubleType(), value.type.count)
    return value if value.type == wide else builder.fpext(value, wide)


def _over_rows(builder, a, vtype, targets, terms):
    """Each target += the sum over rows and columns of its term, lane by lane, in float64.

    terms(row, within, v, load) : the terms of vector v of the group, `within` elements from the begin of the row
    """
    wide = ir.VectorType(ir.DoubleType(), vtype.count)

    def emit(count):
        """0 vectors: the first `valid` lanes of one."""

        def load(pointer, kind):
            return vector.load(builder, pointer, kind) if count else vector.load_first(builder, pointer, kind, a.valid)

        firsts = [const(v * vtype.count) for v in range(max(1, count))]
        places = [at(builder, target, a.sums_at, first) for first in firsts for target in targets]
        sums = [cgutils.alloca_once(builder, wide) for _ in places]
        for place, total in zip(places, sums, strict=True):
            builder.store(load(place, wide), total)
        row = cgutils.for_range(builder, a.rows, intp=INT64)
        column = cgutils.for_range(builder, a.columns, intp=INT64)
        with row as r, column as c:
            step = builder.mul(c.index, a.step)
            values = [value for v in firsts for value in terms(r.index, builder.add(step, v), v, load)]
            for value, total in zip(values, sums, strict=True):
                builder.store(builder.fadd(builder.load(total), value), total)
        for place, total in zip(places, sums, strict=True):
            value = builder.load(total)
            if count:
                vector.store(builder, value, place)
            else:
                vector.store_first(builder, value, place, a.valid)

    counts = [count for count in (4, 2, 1, 0) if count <= SUM_VECTORS]
    switch(builder, a.vectors, const(0), [(count, 0) for count in counts], lambda count, _: emit(count))


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
def channel_moment_tile(builder, a, vtype):
    """first += x - shift and second += (x - shift)^2, lane by lane, in float64, over rows and columns."""
    wide = ir.VectorType(ir.DoubleType(), vtype.count)

    def terms(row, within, v, load):
        pixel = _wide(builder, load(_place(builder, a.x, a.x_at, row, a.x_row, within), vtype))
        value = builder.fsub(pixel, load(at(builder, a.shift, a.sums_at, v), wide))
        return value, builder.fmul(value, value)

    _over_rows(builder, a, vtype, (a.first, a.second), terms)


def _plain_twin(x, x_at, x_row, first, sums_at, rows, columns, step, vectors, valid):
    count = _lanes(x, vectors, valid)
    for row in range(rows):
        for column in range(columns):
            start = x_at + row * x_row + column * step
            first[sums_at : sums_at + count] += twin_numbers(x[start : start + count])


@tile(_plain_twin)
def channel_sum_tile(builder, a, vtype):
    """first += x, lane by lane, in float64, over rows and columns."""

    def terms(row, within, _, load):
        return [_wide(builder, load(_place(builder, a.x, a.x_at, row, a.x_row, within), vtype))]

    _over_rows(builder, a, vtype, [a.first], terms)


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
def norm_gradient_tile(builder, a, vtype):
    """first += g and second += g * normalised x, lane by lane, in float64, over rows and columns.

    statistics : mean, inverse, weight and bias, `pitch` apart
    cut : g is 0 where normalised x * weight + bias is at most this number, and grad elsewhere
    """
    zero = ir.Constant(vtype, [0.0] * vtype.count)
    cut = vector.splat(builder, vtype, builder.load(a.cut))

    def terms(row, within, v, load):
        mean, inverse, weight, bias = (
            load(at(builder, a.statistics, builder.mul(a.pitch, const(i)), a.sums_at, v), vtype) for i in range(4)
        )
        grad = load(_place(builder, a.grad, a.grad_at, row, a.grad_row, within), vtype)
        pixel = load(_place(builder, a.x, a.x_at, row, a.x_row, within), vtype)
        normalised = builder.fmul(builder.fsub(pixel, mean), inverse)
        value = builder.fadd(builder.fmul(normalised, weight), bias)
        before = builder.select(builder.fcmp_ordered("<=", value, cut), zero, grad)
        return _wide(builder, before), _wide(builder, builder.fmul(before, normalised))

    _over_rows(builder, a, vtype, (a.first, a.second), terms)
